#include "reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "kernel.h"
#include "memory.h"

#define PIECE ((size_t)64 * 1024)

struct reader {
	struct archive *archive;
	struct guard *guard;
	const struct reader_sink *sink;
	int fd;
	char in[PIECE];
	bool failed; /* reading from fd */
	struct error e;
};

static la_ssize_t
take(struct archive *a, void *arg, const void **p)
{
	struct reader *u = arg;
	ssize_t n = kernel_read_some(u->fd, u->in, sizeof(u->in));

	*p = u->in;
	if (n >= 0)
		return n;
	error_sys(&u->e, "read the archive");
	u->failed = true;
	archive_set_error(a, errno, "read");
	return ARCHIVE_FATAL;
}

/* What libarchive says of an archive that is broken. */
static int
broken(const struct reader *u, struct error *e)
{
	const char *text = archive_error_string(u->archive);

	if (u->failed) {
		*e = u->e;
		return -1;
	}
	return error_set(
	    e, ERROR_INPUT, "the archive is broken: %s", text == NULL ? "no reason is known" : text);
}

static const char *
type_name(__LA_MODE_T type)
{
	return type == AE_IFCHR || type == AE_IFBLK ? "a device" :
	    type == AE_IFIFO                        ? "a FIFO" :
	    type == AE_IFSOCK                       ? "a socket" :
						      "of an unknown kind";
}

/* Only those that any user may set: the others change what a program may do, or who may read a file. */
static int
take_xattrs(struct entry *x, struct archive_entry *a, struct error *e)
{
	const char *name;
	const void *value;
	size_t n, sum = 0;

	archive_entry_xattr_reset(a);
	while (archive_entry_xattr_next(a, &name, &value, &n) == ARCHIVE_OK) {
		if (name == NULL || strncmp(name, "user.", 5) != 0)
			continue;
		sum += n + strlen(name);
		if (sum > ENTRY_XATTRS)
			return error_set(
			    e, ERROR_LIMIT, "more than %d bytes of extended attributes", ENTRY_XATTRS);
		entry_add_xattr(x, name, value, n);
	}
	return 0;
}

static int
take_kind(struct entry *x, struct archive_entry *a, struct error *e)
{
	const char *link = archive_entry_hardlink(a), *target = archive_entry_symlink(a);
	__LA_MODE_T type = archive_entry_filetype(a);

	x->mode = (uint32_t)archive_entry_perm(a) & 07777;
	if (link != NULL) {
		x->kind = ENTRY_LINK;
		if (guard_path(link, &x->target, e) < 0)
			return error_before(e, "a hard link to '%.200s': ", link);
		return x->target != NULL ? 0 :
					   error_set(e, ERROR_REFUSED, "a hard link to the tree itself");
	}
	if (type == AE_IFREG) {
		x->kind = ENTRY_FILE;
		x->size = archive_entry_size(a);
	} else if (type == AE_IFDIR) {
		x->kind = ENTRY_FOLDER;
		x->mode &= 0777;
	} else if (type == AE_IFLNK) {
		x->kind = ENTRY_SYMLINK;
		x->target = target == NULL ? NULL : xstrdup(target);
	} else {
		return error_set(e, ERROR_REFUSED, "%s", type_name(type));
	}
	return 0;
}

/* The moment in nanoseconds, as near as they go. */
static int64_t
mtime(struct archive_entry *a)
{
	int64_t seconds = archive_entry_mtime(a), most = INT64_MAX / SECOND;

	if (seconds >= most || seconds <= -most)
		return 0;
	return seconds * SECOND + archive_entry_mtime_nsec(a);
}

/* 1: an entry; 0: the root of the tree, or a folder that was there before; -1. */
static int
take_entry(struct reader *u, struct archive_entry *a, struct entry *x, struct error *e)
{
	if (guard_path(archive_entry_pathname(a), &x->path, e) < 0)
		return -1;
	if (x->path == NULL)
		return archive_entry_filetype(a) == AE_IFDIR ?
		    0 :
		    error_set(e, ERROR_REFUSED, "the tree itself is no folder");
	if (take_kind(x, a, e) < 0 || take_xattrs(x, a, e) < 0)
		return -1;
	x->mtime = mtime(a);
	return guard_entry(u->guard, x, e);
}

static int
take_bytes(struct reader *u, const struct entry *x, struct error *e)
{
	const void *p;
	size_t n;
	la_int64_t at, end = 0;
	int r;

	while ((r = archive_read_data_block(u->archive, &p, &n, &at)) == ARCHIVE_OK) {
		if (at < end || at > x->size || (int64_t)n > x->size - at)
			return error_set(e, ERROR_INPUT, "holds other bytes than it says");
		if (guard_bytes(u->guard, n, archive_filter_bytes(u->archive, -1), e) < 0)
			return -1;
		end = at + (la_int64_t)n;
		if (n > 0 && u->sink->bytes(u->sink->arg, at, p, n, e) < 0)
			return -1;
	}
	return r == ARCHIVE_EOF ? 0 : broken(u, e);
}

static int
one(struct reader *u, struct archive_entry *a, struct error *e)
{
	struct entry x = { 0 };
	int taken = take_entry(u, a, &x, e);

	if (taken == 1 && u->sink->entry(u->sink->arg, &x, e) < 0)
		taken = -1;
	if (taken == 1 && x.kind == ENTRY_FILE)
		taken = take_bytes(u, &x, e);
	entry_free(&x);
	return taken < 0 ? -1 : 0;
}

/* The name of an entry for a message: without what a terminal would obey. */
static int
named(struct archive_entry *a, struct error *e)
{
	const char *name = archive_entry_pathname(a);
	char shown[201];
	size_t n = 0;

	for (; name != NULL && name[n] != '\0' && n < sizeof(shown) - 1; n++)
		shown[n] = (unsigned char)name[n] < ' ' || name[n] == 0x7f ? '?' : name[n];
	shown[n] = '\0';
	return error_before(e, "'%s': ", shown);
}

static int
all(struct reader *u, struct error *e)
{
	struct archive_entry *a;
	int r;

	if (archive_read_open(u->archive, u, NULL, take, NULL) != ARCHIVE_OK)
		return broken(u, e);
	/* a warning is about what is not taken anyway, or a name that guard_path then sees */
	while ((r = archive_read_next_header(u->archive, &a)) == ARCHIVE_OK || r == ARCHIVE_WARN) {
		if (one(u, a, e) < 0)
			return named(a, e);
	}
	return r == ARCHIVE_EOF ? 0 : broken(u, e);
}

int
reader_run(int in, const struct guard_bounds *bounds, const struct reader_sink *sink, struct error *e)
{
	struct reader *u = xmalloc(sizeof(*u));
	int done;

	u->fd = in;
	u->sink = sink;
	u->guard = guard_new(bounds);
	u->archive = archive_read_new();
	archive_read_support_format_tar(u->archive);
	archive_read_support_filter_gzip(u->archive);
	archive_read_support_filter_zstd(u->archive);
	done = all(u, e);
	archive_read_free(u->archive);
	guard_free(u->guard);
	free(u);
	return done;
}
