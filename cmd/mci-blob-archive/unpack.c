/* An archive on standard input becomes entries on standard output (entry.h), or a list. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "duration.h"
#include "entry.h"
#include "guard.h"
#include "kernel.h"
#include "memory.h"
#include "number.h"
#include "option.h"
#include "standard.h"
#include "verbs.h"

#define PIECE ((size_t)64 * 1024)
#define SIZE_MOST ((int64_t)64 * 1024 * 1024 * 1024)
#define ENTRIES_MOST 1000000
#define RATIO_MOST 1000

struct options {
	const char *size;
	int64_t entries, ratio;
	bool outside;
};

struct unpack {
	struct archive *archive;
	struct guard *guard;
	bool listed; /* only a list is wanted */
	char in[PIECE];
	bool failed; /* reading standard input */
	struct error e;
	struct bytes out;
};

static la_ssize_t
take(struct archive *a, void *arg, const void **p)
{
	struct unpack *u = arg;
	ssize_t n = kernel_read_some(STDIN_FILENO, u->in, sizeof(u->in));

	*p = u->in;
	if (n >= 0)
		return n;
	error_sys(&u->e, "read standard input");
	u->failed = true;
	archive_set_error(a, errno, "read");
	return ARCHIVE_FATAL;
}

static int
flush(struct unpack *u, struct error *e)
{
	if (u->out.len > 0 && standard_write(STDOUT_FILENO, u->out.data, u->out.len) < 0)
		return error_sys(e, "write standard output");
	u->out.len = 0;
	return 0;
}

/* What libarchive says of an archive that is broken. */
static int
broken(const struct unpack *u, struct error *e)
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
take_entry(struct unpack *u, struct archive_entry *a, struct entry *x, struct error *e)
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

static void
print(struct unpack *u, const struct entry *x)
{
	if (!u->listed) {
		entry_write(&u->out, x);
		return;
	}
	bytes_format(
	    &u->out, "%s\t%03o\t%lld\t%s", entry_kind_name(x->kind), x->mode, (long long)x->size, x->path);
	if (x->target != NULL)
		bytes_format(&u->out, "\t%s", x->target);
	bytes_char(&u->out, '\n');
}

static int
take_bytes(struct unpack *u, const struct entry *x, struct error *e)
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
		if (u->listed || n == 0)
			continue;
		entry_write_piece(&u->out, at, n);
		bytes_add(&u->out, p, n);
		if (u->out.len > PIECE && flush(u, e) < 0)
			return -1;
	}
	return r == ARCHIVE_EOF ? 0 : broken(u, e);
}

static int
one(struct unpack *u, struct archive_entry *a, struct error *e)
{
	struct entry x = { 0 };
	int taken = take_entry(u, a, &x, e);

	if (taken == 1) {
		print(u, &x);
		if (x.kind == ENTRY_FILE)
			taken = take_bytes(u, &x, e);
	}
	entry_free(&x);
	return taken < 0 ? -1 : u->out.len > PIECE ? flush(u, e) : 0;
}

/* The name of an entry for a message: without what a terminal would obey, which safe.h does where one is.
 */
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
all(struct unpack *u, struct error *e)
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
	if (r != ARCHIVE_EOF)
		return broken(u, e);
	if (!u->listed)
		entry_write_eof(&u->out);
	return flush(u, e);
}

/* A bug in a reader of archives is to find nothing that it could open. */
static void
open_nothing_more(void)
{
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 0, 0 });
}

static int
bounds(struct guard_bounds *b, const struct options *o, struct error *e)
{
	*b = (struct guard_bounds){ SIZE_MOST, o->entries > 0 ? o->entries : ENTRIES_MOST,
		o->ratio > 0 ? o->ratio : RATIO_MOST, o->outside };
	if (o->size != NULL && number_size(o->size, strlen(o->size), &b->size, e) < 0)
		return error_before(e, "--max-size: ");
	return 0;
}

static int
unpack(const struct options *o, bool listed)
{
	struct unpack *u = xmalloc(sizeof(*u));
	struct guard_bounds b;
	struct error e;
	int done;

	if (bounds(&b, o, &e) < 0) {
		free(u);
		return option_fail(PROGRAM, &e);
	}
	u->listed = listed;
	u->guard = guard_new(&b);
	u->archive = archive_read_new();
	/* few formats, for each is a parser that was broken before */
	archive_read_support_format_tar(u->archive);
	archive_read_support_filter_gzip(u->archive);
	archive_read_support_filter_zstd(u->archive);
	open_nothing_more();
	done = all(u, &e);
	archive_read_free(u->archive);
	guard_free(u->guard);
	bytes_free(&u->out);
	free(u);
	return done < 0 ? option_fail(PROGRAM, &e) : option_finish(PROGRAM, 0);
}

static int
run_unpack(void *arg, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return unpack(arg, false);
}

static int
run_ls(void *arg, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return unpack(arg, true);
}

static const struct option options[] = {
	{ .name = "max-entries",
	    .value = "N",
	    .help = "refuse an archive of more (1000000)",
	    .kind = OPTION_NUMBER,
	    .offset = offsetof(struct options, entries),
	    .min = 1,
	    .max = 100000000 },
	{ .name = "max-ratio",
	    .value = "N",
	    .help = "refuse one that grows so many times (1000)",
	    .kind = OPTION_NUMBER,
	    .offset = offsetof(struct options, ratio),
	    .min = 1,
	    .max = INT32_MAX },
	{ .name = "max-size",
	    .value = "SIZE",
	    .help = "refuse one of more bytes (64G)",
	    .kind = OPTION_TEXT,
	    .offset = offsetof(struct options, size) },
	{ .name = "outside-links",
	    .help = "take symbolic links that lead out of the tree",
	    .kind = OPTION_FLAG,
	    .offset = offsetof(struct options, outside) },
};

const struct command archive_unpack_command = {
	.program = PROGRAM,
	.verb = "unpack",
	.summary = "write what a tar archive holds as entries",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.run = run_unpack,
	.size = sizeof(struct options),
};

const struct command archive_ls_command = {
	.program = PROGRAM,
	.verb = "ls",
	.summary = "list what a tar archive holds, and check it",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.run = run_ls,
	.size = sizeof(struct options),
};
