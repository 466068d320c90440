#include "stored.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buildfind.h"
#include "buildstream.h"
#include "kernel.h"
#include "memory.h"
#include "scratch.h"
#include "segment.h"
#include "state.h"

/* Of a server's events so much is written at once. */
#define PIECE 65536

/* Takes the path over. */
static void
add_path(struct stored *s, char *path)
{
	s->paths = xrealloc(s->paths, s->n + 1, sizeof(*s->paths));
	s->paths[s->n++] = path;
}

static int
add_segment(void *arg, uint64_t first, struct error *e)
{
	struct stored *s = arg;
	AUTO_BYTES name = { 0 };

	(void)e;
	segment_name(&name, first, "ndjson");
	s->firsts = xrealloc(s->firsts, s->n + 1, sizeof(*s->firsts));
	s->firsts[s->n] = first;
	add_path(s, bytes_give(&name));
	return 0;
}

/* Paths begin with the folder's. */
static void
add_folder(struct stored *s, const char *path)
{
	for (size_t i = 0; i < s->n; i++) {
		char *name = s->paths[i];

		s->paths[i] = xformat("%s/%s", path, name);
		free(name);
	}
}

/* A build's folder has its log in one file, a hub's in segments. */
static int
find_in_folder(struct stored *s, const char *path, struct error *e)
{
	char *events = xformat("%s/events.ndjson", path);
	struct stat st;
	int there = stat(events, &st);

	if (there == 0 && S_ISREG(st.st_mode)) {
		add_path(s, events);
		return 0;
	}
	/* a FIFO there would hold us up; one that a user names is read */
	if (there == 0)
		error_set(e, ERROR_INPUT, "%s is no file", events);
	free(events);
	if (there == 0)
		return -1;
	s->dir = kernel.open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	if (s->dir < 0)
		return error_sys(e, "open %s", path);
	if (inspect_open(&s->inspection, s->dir, e) < 0 || inspect_each(s->dir, add_segment, s, e) < 0)
		return error_before(e, "%s: ", path);
	add_folder(s, path);
	if (s->n > 0)
		return 0;
	return error_set(e, ERROR_NOT_FOUND, "%s holds neither a build nor a hub's log", path);
}

static int
find_build(struct stored *s, const char *text, struct error *e)
{
	AUTO_FREE char *project = state_project(".");
	AUTO_FREE char *here = project == NULL ? realpath(".", NULL) : NULL;
	struct state_build b;
	int result;

	if (buildfind_build(&b, text, project != NULL ? project : here, e) < 0)
		return -1;
	s->remote = b.path == NULL;
	result = s->remote ? 0 : find_in_folder(s, b.path, e);
	if (s->remote)
		add_path(s, xstrdup(b.name));
	state_build_free(&b);
	return result;
}

int
stored_find(struct stored *s, const char *text, struct error *e)
{
	struct stat st;

	*s = (struct stored){ .fd = -1, .dir = -1 };
	if (strcmp(text, "-") != 0 && stat(text, &st) < 0)
		return find_build(s, text, e);
	if (strcmp(text, "-") != 0 && S_ISDIR(st.st_mode))
		return find_in_folder(s, text, e);
	add_path(s, xstrdup(text));
	return 0;
}

const char *
stored_name(const struct stored *s)
{
	return s->paths[s->at < s->n ? s->at : s->n - 1];
}

/* What is wrong with the segment behind what is good of it. */
static void
note_verdict(struct stored *s, const struct segment *g, const struct recovery *r, enum verdict verdict)
{
	const char *path = s->paths[s->at];
	AUTO_BYTES text = { 0 };

	bytes_add(&text, path, (size_t)(strrchr(path, '/') - path) + 1);
	recover_say(&text, g, r);
	s->left = verdict == VERDICT_TORN ? r->end : verdict == VERDICT_BEHIND ? 0 : r->bad_at;
	if (verdict == VERDICT_DAMAGED)
		error_set(&s->why, ERROR_INPUT, "%s", bytes_string(&text));
	else
		fprintf(stderr, "mci-events: %s: the next start of the hub cuts it off\n",
		    bytes_string(&text));
}

static int
open_segment(struct stored *s, struct error *e)
{
	struct segment *g = segment_new(s->dir, s->firsts[s->at]);
	struct recovery r;
	int there = inspect_use(&s->inspection, g, e);
	int verdict = there <= 0 ? there : inspect_segment(&s->inspection, g, &r, e);

	s->left = 0;
	if (there > 0 && verdict >= 0) {
		s->fd = g->data;
		g->data = -1;
		s->left = r.end;
		if (verdict != VERDICT_WHOLE)
			note_verdict(s, g, &r, (enum verdict)verdict);
	}
	segment_free(g);
	return verdict < 0 ? -1 : 0;
}

/* What a server gives, on its way into a file. */
struct fetched {
	int fd;
	struct bytes lines;
	struct error *e;
};

static int
fetched_write(struct fetched *f)
{
	int result = kernel_write_all(f->fd, f->lines.data, f->lines.len);

	f->lines.len = 0;
	return result == 0 ? 0 : error_sys(f->e, "write a file of the build's events");
}

static int
fetched_line(void *arg, struct span line)
{
	struct fetched *f = arg;

	bytes_add(&f->lines, line.p, line.n);
	bytes_char(&f->lines, '\n');
	return f->lines.len < PIECE ? 0 : fetched_write(f);
}

/* Whoever reads may take as long as they like: it is fetched whole before. */
static int
open_remote(struct stored *s, struct error *e)
{
	struct fetched f = { .fd = scratch_file(&s->fd, e), .e = e };
	int result = f.fd < 0 ? -1 : buildstream_read(NULL, s->paths[s->at], fetched_line, &f, e);

	if (result == 0)
		result = fetched_write(&f);
	memory_close(&f.fd);
	bytes_free(&f.lines);
	return result;
}

static int
open_next(struct stored *s, struct error *e)
{
	const char *path = s->paths[s->at];

	if (s->dir >= 0)
		return open_segment(s, e);
	if (s->remote)
		return open_remote(s, e);
	s->fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) :
	    kernel.open(AT_FDCWD, path, O_RDONLY, 0);
	return s->fd < 0 ? error_sys(e, "open %s", path) : 0;
}

/* The end of a file. */
static int
close_file(struct stored *s, struct error *e)
{
	struct span rest = line_rest(&s->reader);
	uint64_t number = s->reader.number;
	size_t n = rest.n;

	memory_close(&s->fd);
	s->fd = -1;
	line_free(&s->reader);
	s->reader = (struct line_reader){ 0 };
	if (s->why.code != ERROR_NONE)
		return error_set(e, s->why.code, "%s", s->why.text);
	if (n > 0)
		return error_set(e, ERROR_INPUT, "%s: the end is torn: %zu bytes behind line %llu have no "
		    "newline", s->paths[s->at], n, (unsigned long long)number);
	s->at++;
	return 0;
}

/* Reads once, of a segment no more than is good. */
static ssize_t
read_some(struct stored *s)
{
	char chunk[65536];
	ssize_t n;

	if (s->dir < 0)
		return line_wait(&s->reader, s->fd);
	/* also of one that retention has taken: it is not open */
	if (s->left == 0)
		return 0;
	n = kernel.read(s->fd, chunk, s->left < (int64_t)sizeof(chunk) ? (size_t)s->left : sizeof(chunk));
	if (n > 0) {
		line_add(&s->reader, chunk, (size_t)n);
		s->left -= n;
	}
	return n;
}

/* Reads more: 1, or 0 when everything has been read. */
static int
read_more(struct stored *s, struct error *e)
{
	ssize_t n;

	if (s->at == s->n)
		return 0;
	if (s->fd < 0 && open_next(s, e) < 0)
		return -1;
	n = read_some(s);
	if (n < 0)
		return error_sys(e, "read %s", s->paths[s->at]);
	if (n == 0 && close_file(s, e) < 0)
		return -1;
	return 1;
}

static int
next(struct stored *s, enum line_result (*take)(struct line_reader *r, struct span *lines),
    struct span *lines, struct error *e)
{
	enum line_result got;

	while ((got = take(&s->reader, lines)) == LINE_NONE) {
		int more = read_more(s, e);

		if (more <= 0)
			return more;
	}
	if (got == LINE_LONG)
		return error_set(e, ERROR_INPUT, "%s: a line is longer than %d bytes", stored_name(s),
		    LINE_LIMIT);
	return 1;
}

int
stored_line(struct stored *s, struct span *line, struct error *e)
{
	return next(s, line_next, line, e);
}

int
stored_lines(struct stored *s, struct span *lines, struct error *e)
{
	return next(s, line_run, lines, e);
}

void
stored_free(struct stored *s)
{
	if (s->fd >= 0)
		close(s->fd);
	if (s->dir >= 0)
		close(s->dir);
	free(s->firsts);
	line_free(&s->reader);
	for (size_t i = 0; i < s->n; i++)
		free(s->paths[i]);
	free(s->paths);
}
