/* The verbs that do one thing and end: the same calls as the requests of serve. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bucket.h"
#include "describe.h"
#include "duration.h"
#include "emit.h"
#include "kernel.h"
#include "memory.h"
#include "names.h"
#include "objects.h"
#include "option.h"
#include "scratch.h"
#include "standard.h"
#include "sweep.h"
#include "timestamp.h"
#include "upload.h"
#include "verbs.h"

#define PIECE (256 * 1024)
#define PAGE 400

struct options {
	struct bucket_options bucket;
	bool replace, json;
	const char *output, *range;
	int64_t age;
};

/* What comes of the call that a verb waits for. */
struct outcome {
	struct bucket *bucket;
	bool json;
	int status;
	struct error e;
	char *last; /* of a list: the name it goes on behind */
	bool more;
	int64_t n;
};

static int
wait_for(struct outcome *w, struct error *e)
{
	if (loop_run(w->bucket->loop, e) < 0)
		return -1;
	*e = w->e;
	return e->code == ERROR_NONE ? 0 : -1;
}

static void
ended(void *arg, const struct object *o, const struct error *e)
{
	struct outcome *w = arg;

	(void)o;
	w->e = *e;
	loop_stop(w->bucket->loop, 0);
}

/* ---- put */

/* A pipe is spooled: S3 wants to know how long it is and what its digest is before the first byte. */
static int
spool(int from, int *spooled, struct error *e)
{
	AUTO_CLOSE int to = scratch_file(spooled, e);
	AUTO_FREE char *piece = xmalloc(PIECE);
	ssize_t n;

	if (to < 0)
		return -1;
	while ((n = kernel_read_some(from, piece, PIECE)) > 0) {
		if (kernel_write_all(to, piece, (size_t)n) < 0)
			return error_sys(e, "write to a file in $TMPDIR");
	}
	return n < 0 ? error_sys(e, "read standard input") : 0;
}

static int
put_file(struct outcome *w, const struct options *o, const char *name, const char *path, struct error *e)
{
	AUTO_CLOSE int file = path == NULL ? -1 : kernel.open(AT_FDCWD, path, O_RDONLY, 0);
	AUTO_CLOSE int spooled = -1;
	struct upload_wish u = { .name = name, .part = w->bucket->part, .replace = o->replace };
	struct stat st;
	int from = path == NULL ? STDIN_FILENO : file;

	if (from < 0 || fstat(from, &st) < 0)
		return error_sys(e, "%s", path == NULL ? "standard input" : path);
	if (S_ISDIR(st.st_mode))
		return error_set(e, ERROR_INPUT, "%s: is a folder: mci-blob save takes trees", path);
	if (S_ISREG(st.st_mode) && path == NULL)
		u.from = lseek(from, 0, SEEK_CUR);
	if (!S_ISREG(st.st_mode)) {
		if (spool(from, &spooled, e) < 0)
			return -1;
		from = spooled;
		if (fstat(from, &st) < 0)
			return error_sys(e, "a file in $TMPDIR");
	}
	u.fd = from;
	u.size = st.st_size > u.from ? st.st_size - u.from : 0;
	upload_start(w->bucket->traffic, &u, ended, w);
	return wait_for(w, e);
}

static int
put(struct outcome *w, const struct options *o, int argc, char **argv, struct error *e)
{
	if (place_check(&w->bucket->place, argv[0], e) < 0)
		return -1;
	return put_file(w, o, argv[0], argc > 1 && strcmp(argv[1], "-") != 0 ? argv[1] : NULL, e);
}

/* ---- get */

static int
parse_range(struct objects_get *g, const char *text, struct error *e)
{
	long long first, last;
	char end;
	int n = sscanf(text, "%lld-%lld%c", &first, &last, &end);

	if (n < 1 || n > 2 || first < 0 || strchr(text, '-') == NULL || (n == 2 && last < first) ||
	    (n == 1 && text[strlen(text) - 1] != '-'))
		return error_set(
		    e, ERROR_USAGE, "--range '%s': expected FIRST-LAST, or FIRST- to the end", text);
	g->ranged = true;
	g->first = first;
	g->length = n == 2 ? last - first + 1 : -1;
	return 0;
}

static int
get(struct outcome *w, const struct options *o, int argc, char **argv, struct error *e)
{
	struct objects_get g = { .name = argv[0], .length = -1, .to = STDOUT_FILENO };
	AUTO_FREE char *fresh = o->output == NULL ? NULL : xformat("%s.new", o->output);
	AUTO_CLOSE int file = -1;

	(void)argc;
	if (place_check(&w->bucket->place, g.name, e) < 0 ||
	    (o->range != NULL && parse_range(&g, o->range, e) < 0))
		return -1;
	if (fresh != NULL) {
		file = kernel.open(AT_FDCWD, fresh, O_WRONLY | O_CREAT | O_TRUNC, 0666);
		if (file < 0)
			return error_sys(e, "%s", fresh);
		g.to = file;
	}
	objects_get(w->bucket->traffic, &g, ended, w);
	if (wait_for(w, e) < 0) {
		if (fresh != NULL)
			(void)names_remove(AT_FDCWD, fresh, NULL);
		return -1;
	}
	return fresh == NULL ? 0 : names_replace(AT_FDCWD, fresh, o->output, e);
}

/* ---- ls, stat */

static int
print(struct outcome *w, const struct object *o)
{
	AUTO_BYTES line = { 0 };

	if (w->json) {
		emit_open(&line);
		describe_object(&line, o);
		emit_line(&line);
	} else {
		bytes_format(&line, "%lld\t", (long long)o->size);
		if (o->modified > 0)
			timestamp_write(&line, o->modified);
		bytes_format(&line, "\t%s\n", o->name);
	}
	return fwrite(line.data, 1, line.len, stdout) == line.len ? 0 : -1;
}

static void
listed(void *arg, const struct object *all, size_t n, bool more, const struct error *e)
{
	struct outcome *w = arg;

	w->e = *e;
	w->more = more;
	w->n += (int64_t)n;
	for (size_t i = 0; i < n; i++) {
		if (print(w, &all[i]) < 0)
			w->more = false;
	}
	if (n > 0) {
		free(w->last);
		w->last = xstrdup(all[n - 1].name);
	}
	loop_stop(w->bucket->loop, 0);
}

static int
ls(struct outcome *w, const struct options *o, int argc, char **argv, struct error *e)
{
	int done;

	(void)o;
	do {
		objects_list(w->bucket->traffic,
		    &(struct objects_list){ argc > 0 ? argv[0] : "", w->last == NULL ? "" : w->last, PAGE },
		    listed, w);
		done = wait_for(w, e);
	} while (done == 0 && w->more);
	free(w->last);
	if (done == 0 && w->n == 0)
		w->status = 1;
	return done;
}

static void
described(void *arg, const struct object *o, const struct error *e)
{
	struct outcome *w = arg;

	if (e->code == ERROR_NONE)
		(void)print(w, o);
	ended(w, o, e);
}

/* Does the same to each name; what fails is told, and the others are done all the same. */
static int
each(struct outcome *w, int argc, char **argv, struct error *e,
    void (*call)(struct traffic *t, const char *name, object_done *done, void *arg), object_done *done)
{
	for (int i = 0; i < argc; i++) {
		int failed = place_check(&w->bucket->place, argv[i], e);

		if (failed == 0) {
			call(w->bucket->traffic, argv[i], done, w);
			failed = wait_for(w, e);
		}
		if (failed < 0) {
			option_complain(PROGRAM, e);
			w->status = error_status(e);
		}
	}
	return 0;
}

static int
stat_objects(struct outcome *w, const struct options *o, int argc, char **argv, struct error *e)
{
	(void)o;
	return each(w, argc, argv, e, objects_stat, described);
}

static int
rm(struct outcome *w, const struct options *o, int argc, char **argv, struct error *e)
{
	(void)o;
	return each(w, argc, argv, e, objects_remove, ended);
}

static void
swept(void *arg, int64_t n, const struct error *e)
{
	struct outcome *w = arg;

	w->e = *e;
	w->n = n;
	loop_stop(w->bucket->loop, 0);
}

static int
sweep(struct outcome *w, const struct options *o, int argc, char **argv, struct error *e)
{
	(void)argc;
	(void)argv;
	sweep_start(
	    w->bucket->traffic, kernel.wall() - (o->age > 0 ? o->age : 24 * 3600 * SECOND), swept, w);
	if (wait_for(w, e) < 0)
		return -1;
	if (w->n > 0 && !option_common.quiet)
		printf("%lld uploads taken back\n", (long long)w->n);
	return 0;
}

/* ---- all of them */

static int
with_bucket(void *arg, int argc, char **argv,
    int (*verb)(struct outcome *w, const struct options *o, int argc, char **argv, struct error *e))
{
	const struct options *o = arg;
	struct bucket b;
	struct outcome w = { .bucket = &b, .json = o->json };
	struct error e;

	if (bucket_open(&b, argv[0], &o->bucket, &e) < 0)
		return option_fail(PROGRAM, &e);
	if (verb(&w, o, argc - 1, argv + 1, &e) < 0)
		w.status = option_fail(PROGRAM, &e);
	bucket_close(&b);
	return option_finish(PROGRAM, w.status);
}

#define RUN(verb)                                                                                          \
	static int run_##verb(void *o, int argc, char **argv)                                              \
	{                                                                                                  \
		return with_bucket(o, argc, argv, verb);                                                   \
	}
RUN(put)
RUN(get)
RUN(ls)
RUN(stat_objects)
RUN(rm)
RUN(sweep)

static const struct option put_options[] = {
	{ .letter = 'f',
	    .name = "replace",
	    .help = "in place of another object of that name",
	    .kind = OPTION_FLAG,
	    .offset = offsetof(struct options, replace) },
	BUCKET_OPTIONS(struct options, bucket.),
};

static const struct option get_options[] = {
	{ .letter = 'o',
	    .name = "output",
	    .value = "FILE",
	    .help = "write to it, once all has come",
	    .kind = OPTION_TEXT,
	    .offset = offsetof(struct options, output) },
	{ .name = "range",
	    .value = "FIRST-LAST",
	    .help = "only these bytes, counted from 0",
	    .kind = OPTION_TEXT,
	    .offset = offsetof(struct options, range) },
	BUCKET_OPTIONS(struct options, bucket.),
};

static const struct option show_options[] = {
	{ .name = "json",
	    .help = "one JSON object a line",
	    .kind = OPTION_FLAG,
	    .offset = offsetof(struct options, json) },
	BUCKET_OPTIONS(struct options, bucket.),
};

static const struct option rm_options[] = {
	BUCKET_OPTIONS(struct options, bucket.),
};

static const struct option sweep_options[] = {
	{ .name = "age",
	    .value = "DURATION",
	    .help = "only those that began so long ago (1d)",
	    .kind = OPTION_DURATION,
	    .offset = offsetof(struct options, age) },
	BUCKET_OPTIONS(struct options, bucket.),
};

#define OPTIONS(table) .options = (table), .noptions = sizeof(table) / sizeof((table)[0])
#define BUCKET "s3://BUCKET/PREFIX"

const struct command bucket_put_command = {
	.program = PROGRAM,
	.verb = "put",
	.operands = BUCKET " NAME [FILE]",
	.summary = "put a file, or standard input",
	OPTIONS(put_options),
	.min_operands = 2,
	.max_operands = 3,
	.complete = "files",
	.run = run_put,
	.size = sizeof(struct options),
};

const struct command bucket_get_command = {
	.program = PROGRAM,
	.verb = "get",
	.operands = BUCKET " NAME",
	.summary = "write an object to standard output",
	OPTIONS(get_options),
	.min_operands = 2,
	.max_operands = 2,
	.run = run_get,
	.size = sizeof(struct options),
};

const struct command bucket_ls_command = {
	.program = PROGRAM,
	.verb = "ls",
	.operands = BUCKET " [BEGINNING]",
	.summary = "list objects",
	OPTIONS(show_options),
	.min_operands = 1,
	.max_operands = 2,
	.run = run_ls,
	.size = sizeof(struct options),
};

const struct command bucket_stat_command = {
	.program = PROGRAM,
	.verb = "stat",
	.operands = BUCKET " NAME...",
	.summary = "say what is known of objects",
	OPTIONS(show_options),
	.min_operands = 2,
	.max_operands = SIZE_MAX,
	.run = run_stat_objects,
	.size = sizeof(struct options),
};

const struct command bucket_rm_command = {
	.program = PROGRAM,
	.verb = "rm",
	.operands = BUCKET " NAME...",
	.summary = "remove objects",
	OPTIONS(rm_options),
	.min_operands = 2,
	.max_operands = SIZE_MAX,
	.run = run_rm,
	.size = sizeof(struct options),
};

const struct command bucket_sweep_command = {
	.program = PROGRAM,
	.verb = "sweep",
	.operands = BUCKET,
	.summary = "take back uploads that never ended",
	OPTIONS(sweep_options),
	.min_operands = 1,
	.max_operands = 1,
	.run = run_sweep,
	.size = sizeof(struct options),
};
