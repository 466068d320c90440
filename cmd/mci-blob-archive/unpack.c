/* An archive on standard input becomes entries on standard output (entry.h), or a list. */
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "entry.h"
#include "guard.h"
#include "option.h"
#include "reader.h"
#include "standard.h"
#include "verbs.h"

#define PIECE ((size_t)64 * 1024)
#define SIZE_MOST ((int64_t)64 * 1024 * 1024 * 1024)
#define ENTRIES_MOST 1000000
#define RATIO_MOST 1000

struct options {
	int64_t size, entries, ratio;
	bool outside;
};

/* What is to be written. */
struct unpack {
	struct bytes out;
};

static int
flush(struct unpack *u, struct error *e)
{
	if (u->out.len > 0 && standard_write(STDOUT_FILENO, u->out.data, u->out.len) < 0)
		return error_sys(e, "write standard output");
	u->out.len = 0;
	return 0;
}

static int
write_entry(void *arg, const struct entry *x, struct error *e)
{
	struct unpack *u = arg;

	entry_write(&u->out, x);
	return u->out.len > PIECE ? flush(u, e) : 0;
}

static int
write_bytes(void *arg, int64_t at, const void *p, size_t n, struct error *e)
{
	struct unpack *u = arg;

	entry_write_piece(&u->out, at, n);
	bytes_add(&u->out, p, n);
	return u->out.len > PIECE ? flush(u, e) : 0;
}

static int
list_entry(void *arg, const struct entry *x, struct error *e)
{
	struct unpack *u = arg;

	bytes_format(&u->out, "%s\t%03o\t%lld\t%s", entry_kind_name(x->kind), x->mode, (long long)x->size,
	    x->path);
	if (x->target != NULL)
		bytes_format(&u->out, "\t%s", x->target);
	bytes_char(&u->out, '\n');
	return u->out.len > PIECE ? flush(u, e) : 0;
}

/* They were read, and checked. */
static int
list_bytes(void *arg, int64_t at, const void *p, size_t n, struct error *e)
{
	(void)arg;
	(void)at;
	(void)p;
	(void)n;
	(void)e;
	return 0;
}

/* A bug in a reader of archives is to find nothing that it could open. The sanitizer opens files at its
 * end. */
static void
open_nothing_more(void)
{
#ifndef __SANITIZE_ADDRESS__
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 0, 0 });
#endif
}

static struct guard_bounds
bounds(const struct options *o)
{
	return (struct guard_bounds){ o->size > 0 ? o->size : SIZE_MOST,
		o->entries > 0 ? o->entries : ENTRIES_MOST,
		o->ratio > 0 ? o->ratio : RATIO_MOST, o->outside };
}

static int
unpack(const struct options *o, bool listed)
{
	struct unpack u = { 0 };
	const struct reader_sink sink = { listed ? list_entry : write_entry,
		listed ? list_bytes : write_bytes, &u };
	const struct guard_bounds b = bounds(o);
	struct error e;
	int done;

	open_nothing_more();
	done = reader_run(STDIN_FILENO, &b, &sink, &e);
	if (done == 0 && !listed)
		entry_write_eof(&u.out);
	if (done == 0)
		done = flush(&u, &e);
	bytes_free(&u.out);
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
	    .kind = OPTION_SIZE,
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
