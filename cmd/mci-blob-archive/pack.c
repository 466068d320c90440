/* Entries on standard input (entry.h) become an archive on standard output. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "duration.h"
#include "entry.h"
#include "guard.h"
#include "kernel.h"
#include "line.h"
#include "memory.h"
#include "option.h"
#include "standard.h"
#include "verbs.h"

#define PIECE ((size_t)64 * 1024)

struct options {
	bool tar, zip, zstd;
};

struct pack {
	struct archive *archive;
	struct line_reader in;
	bool zip, eof;
	bool failed;          /* nothing more is written */
	struct error e;     /* of a failed write */
	struct entry entry; /* the one that is open */
	bool open;
	int64_t at; /* what of it was given */
};

static la_ssize_t
give(struct archive *a, void *arg, const void *p, size_t n)
{
	struct pack *k = arg;

	if (!k->failed && standard_write(STDOUT_FILENO, p, n) == 0)
		return (la_ssize_t)n;
	if (!k->failed)
		error_sys(&k->e, "write standard output");
	k->failed = true;
	archive_set_error(a, errno, "write");
	return ARCHIVE_FATAL;
}

static int
check(const struct pack *k, int r, struct error *e)
{
	if (r == ARCHIVE_OK || r == ARCHIVE_WARN)
		return 0;
	if (k->failed) {
		*e = k->e;
		return -1;
	}
	return error_set(e, ERROR_INPUT, "'%.200s': cannot be in such an archive: %s",
	    k->entry.path == NULL ? "" : k->entry.path, archive_error_string(k->archive));
}

static int
give_bytes(struct pack *k, const char *p, size_t n, struct error *e)
{
	while (n > 0) {
		la_ssize_t done = archive_write_data(k->archive, p, n);

		if (done <= 0)
			return check(k, done == 0 ? ARCHIVE_FATAL : (int)done, e);
		k->at += done;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

static int
give_zeros(struct pack *k, int64_t to, struct error *e)
{
	static const char zeros[64 * 1024];

	while (k->at < to) {
		int64_t n = to - k->at < (int64_t)sizeof(zeros) ? to - k->at : (int64_t)sizeof(zeros);

		if (give_bytes(k, zeros, (size_t)n, e) < 0)
			return -1;
	}
	return 0;
}

static int
close_entry(struct pack *k, struct error *e)
{
	if (!k->open)
		return 0;
	k->open = false;
	if (give_zeros(k, k->entry.kind == ENTRY_FILE ? k->entry.size : 0, e) < 0)
		return -1;
	return check(k, archive_write_finish_entry(k->archive), e);
}

static void
set_kind(struct archive_entry *a, const struct entry *x)
{
	static const __LA_MODE_T types[] = {
		[ENTRY_FILE] = AE_IFREG,
		[ENTRY_FOLDER] = AE_IFDIR,
		[ENTRY_SYMLINK] = AE_IFLNK,
		[ENTRY_LINK] = AE_IFREG,
	};

	archive_entry_set_filetype(a, types[x->kind]);
	archive_entry_set_perm(a, x->kind == ENTRY_SYMLINK ? 0777 : (__LA_MODE_T)x->mode);
	if (x->kind == ENTRY_SYMLINK)
		archive_entry_set_symlink(a, x->target);
	else if (x->kind == ENTRY_LINK)
		archive_entry_set_hardlink(a, x->target);
	archive_entry_set_size(a, x->kind == ENTRY_FILE ? x->size : 0);
}

static int
open_entry(struct pack *k, struct error *e)
{
	const struct entry *x = &k->entry;
	struct archive_entry *a;
	char *path = NULL;
	int64_t seconds;
	int done = guard_path(x->path, &path, e);

	if (done == 0 && (path == NULL || strcmp(path, x->path) != 0))
		done = error_set(e, ERROR_INPUT, "is no path of an entry");
	free(path);
	if (done == 0 && x->kind == ENTRY_LINK && k->zip)
		done = error_set(e, ERROR_INPUT, "zip knows no hard links: give it as a file of its own");
	if (done < 0)
		return error_before(e, "'%.200s': ", x->path);
	a = archive_entry_new();
	archive_entry_set_pathname(a, x->path);
	set_kind(a, x);
	seconds = x->mtime / SECOND - (x->mtime % SECOND < 0);
	archive_entry_set_mtime(a, seconds, (long)(x->mtime - seconds * SECOND));
	for (size_t i = 0; i < x->nxattrs; i++)
		archive_entry_xattr_add_entry(a, x->xattrs[i].name, x->xattrs[i].value, x->xattrs[i].n);
	done = check(k, archive_write_header(k->archive, a), e);
	archive_entry_free(a);
	k->open = true;
	k->at = 0;
	return done;
}

/* The bytes behind a line, as they come. */
static int
take_data(struct pack *k, const struct entry_piece *piece, struct error *e)
{
	int64_t left = piece->n;

	if (!k->open || k->entry.kind != ENTRY_FILE || piece->at < k->at ||
	    piece->at + piece->n > k->entry.size)
		return error_set(e, ERROR_INPUT, "a piece that is not of the file before it");
	if (give_zeros(k, piece->at, e) < 0)
		return -1;
	while (left > 0) {
		struct span p = line_take(&k->in, (uint64_t)left);

		if (p.n == 0) {
			ssize_t n = line_wait(&k->in, STDIN_FILENO);

			if (n < 0)
				return error_sys(e, "read standard input");
			if (n == 0)
				return error_set(
				    e, ERROR_INPUT, "standard input ends in '%.200s'", k->entry.path);
			continue;
		}
		if (give_bytes(k, p.p, p.n, e) < 0)
			return -1;
		left -= (int64_t)p.n;
	}
	return 0;
}

/* Lines are read before the entry that is open is closed: its name is needed until then. */
static int
take_line(struct pack *k, struct span line, struct error *e)
{
	struct entry next = { 0 };
	struct entry_piece piece;
	enum entry_line what = entry_read(&next, &piece, line, e);

	if (what == ENTRY_BAD)
		error_before(e, "line %llu: ", (unsigned long long)k->in.number);
	if (what == ENTRY_PIECE)
		return take_data(k, &piece, e);
	if (what == ENTRY_BAD || close_entry(k, e) < 0) {
		entry_free(&next);
		return -1;
	}
	if (what == ENTRY_EOF) {
		k->eof = true;
		return 0;
	}
	entry_free(&k->entry);
	k->entry = next;
	return open_entry(k, e);
}

static int
all(struct pack *k, struct error *e)
{
	struct span line;

	if (archive_write_open(k->archive, k, NULL, give, NULL) != ARCHIVE_OK)
		return check(k, ARCHIVE_FATAL, e);
	while (!k->eof) {
		enum line_result got = line_next(&k->in, &line);
		ssize_t n;

		if (got == LINE_LONG)
			return error_set(e, ERROR_LIMIT, "line %llu is longer than %d bytes",
			    (unsigned long long)k->in.number, LINE_LIMIT);
		if (got == LINE_OK) {
			if (take_line(k, line, e) < 0)
				return -1;
			continue;
		}
		n = line_wait(&k->in, STDIN_FILENO);
		if (n < 0)
			return error_sys(e, "read standard input");
		if (n == 0)
			return error_set(e, ERROR_INPUT,
			    "standard input ends without {\"type\":\"eof\"}: what "
			    "was written is cut");
	}
	return check(k, archive_write_close(k->archive), e);
}

static int
run(void *arg, int argc, char **argv)
{
	const struct options *o = arg;
	struct pack k = { .zip = o->zip };
	struct error e;
	int done;

	(void)argc;
	(void)argv;
	if (o->tar == o->zip || (o->zip && o->zstd)) {
		error_set(&e, ERROR_USAGE, o->tar == o->zip ? "expected --tar or --zip" :
		    "--zstd is of a tar archive");
		return option_fail(PROGRAM, &e);
	}
	k.archive = archive_write_new();
	if (o->zip)
		archive_write_set_format_zip(k.archive);
	else
		archive_write_set_format_pax(k.archive);
	/* libarchive would write its own form of extended attributes as well, of which GNU tar complains */
	if (o->tar)
		archive_write_set_format_option(k.archive, "pax", "xattrheader", "SCHILY");
	if (o->zstd)
		archive_write_add_filter_zstd(k.archive);
	archive_write_set_bytes_per_block(k.archive, (int)PIECE);
	archive_write_set_bytes_in_last_block(k.archive, 1);
	done = all(&k, &e);
	/* nothing that looks like an end: archive_write_fail would lose its memory */
	k.failed = k.failed || done < 0;
	archive_write_free(k.archive);
	entry_free(&k.entry);
	line_free(&k.in);
	return done < 0 ? option_fail(PROGRAM, &e) : option_finish(PROGRAM, 0);
}

static const struct option options[] = {
	{ .name = "tar",
	    .help = "write a tar archive (pax)",
	    .kind = OPTION_FLAG,
	    .offset = offsetof(struct options, tar) },
	{ .name = "zip",
	    .help = "write a zip archive",
	    .kind = OPTION_FLAG,
	    .offset = offsetof(struct options, zip) },
	{ .name = "zstd",
	    .help = "compress the tar archive",
	    .kind = OPTION_FLAG,
	    .offset = offsetof(struct options, zstd) },
};

const struct command archive_pack_command = {
	.program = PROGRAM,
	.verb = "pack",
	.summary = "write an archive of entries",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.run = run,
	.size = sizeof(struct options),
};
