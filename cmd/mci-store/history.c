#include "history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buildlog.h"
#include "emit.h"
#include "kernel.h"
#include "memory.h"
#include "pump.h"
#include "query.h"

/* What is read at once to count lines. */
#define CHUNK 65536

struct history {
	struct histories *all;
	char *build;
	int file;        /* -1: there is none yet */
	int64_t at, end; /* in the file: what is next, and behind the last whole line */
	int64_t skip;    /* lines to leave out */
	bool follows;    /* until the build's end */
	struct link *link;
	struct pump pump;
	bool open;
	struct history *next;
};

static void
drop(struct history *h)
{
	struct history **at = &h->all->first;

	while (*at != h)
		at = &(*at)->next;
	*at = h->next;
	if (h->open)
		pump_close(&h->pump);
	if (h->file >= 0)
		close(h->file);
	free(h->build);
	free(h);
}

/* ---- the file */

/* Behind the last newline before end. */
static int64_t
whole_lines(int fd, int64_t end)
{
	char buffer[4096];

	while (end > 0) {
		int64_t from = end > (int64_t)sizeof(buffer) ? end - (int64_t)sizeof(buffer) : 0;
		ssize_t n = kernel.pread(fd, buffer, (size_t)(end - from), from);
		const char *newline = n > 0 ? memrchr(buffer, '\n', (size_t)n) : NULL;

		if (newline != NULL)
			return from + (newline - buffer) + 1;
		end = from;
	}
	return 0;
}

/* Looks how far the file goes; it may not be there yet. */
static void
look_at_file(struct history *h)
{
	AUTO_FREE char *path = buildlog_path(h->all->folder, h->build);
	struct stat st;

	if (h->file < 0)
		h->file = kernel_open_file(AT_FDCWD, path);
	if (h->file >= 0 && fstat(h->file, &st) == 0 && st.st_size > h->end)
		h->end = whole_lines(h->file, st.st_size);
}

/* Passes over a piece of what is left out. */
static void
skip_lines(struct history *h)
{
	char buffer[CHUNK];
	size_t want = h->end - h->at < CHUNK ? (size_t)(h->end - h->at) : CHUNK;
	ssize_t n = kernel.pread(h->file, buffer, want, h->at);
	const char *p = buffer, *end = buffer + (n > 0 ? n : 0);

	while (h->skip > 0 && p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));

		h->skip -= newline != NULL;
		p = newline == NULL ? end : newline + 1;
	}
	if (n <= 0)
		h->skip = 0;
	h->at += p - buffer;
	pump_spend(&h->pump, n > 0 ? n : 1);
}

/* ---- given to its reader */

/* Whether its last run has its end: nothing more comes then. */
static bool
is_over(struct history *h)
{
	AUTO_QUERY q = { 0 };

	query_begin(&q, h->all->reader, STATEMENT_RESULT_OVER);
	query_text(&q, h->build);
	return query_next(&q, NULL) <= 0 ||
	    (!query_column_null(&q, 1) &&
		query_column_integer(&q, 0) == query_column_integer(&q, 1));
}

static enum pump_step
step(void *arg)
{
	struct history *h = arg;

	if (h->at < h->end && h->skip > 0) {
		skip_lines(h);
		return PUMP_WENT;
	}
	if (h->at < h->end) {
		h->at += (int64_t)pump_file(&h->pump, h->file, h->at, (size_t)(h->end - h->at));
		return PUMP_WENT;
	}
	if (h->follows && !is_over(h))
		return PUMP_WAITS;
	/* the rows that say so may be there before it was told how far the file goes */
	look_at_file(h);
	return h->at < h->end ? PUMP_WENT : PUMP_ENDS;
}

static void
over(void *arg, enum pump_end end, int sys)
{
	struct history *h = arg;
	struct link *link = h->link;
	AUTO_BYTES record = { 0 };

	(void)sys;
	if (end == PUMP_ENDED) {
		emit_event(&record, "eof");
		emit_line(&record);
		pump_say(&h->pump, (struct span){ record.data, record.len });
	}
	pump_close(&h->pump);
	h->open = false;
	drop(h);
	link_close(link);
}

static void
closed(void *arg, struct link *l)
{
	(void)l;
	drop(arg);
}

static bool
is_known(struct histories *all, const char *build)
{
	AUTO_QUERY q = { 0 };

	query_begin(&q, all->reader, STATEMENT_BUILD_OF_NAME);
	query_text(&q, build);
	return query_next(&q, NULL) > 0;
}

void
histories_open(struct histories *all, struct request *r)
{
	static const struct pump_source source = { .step = step, .over = over };
	const char *build = request_text(r, "build");
	struct history *h;

	if (!is_known(all, build)) {
		request_fail(r, "not-found", "there is no build '%.200s'", build);
		return;
	}
	h = xmalloc(sizeof(*h));
	*h = (struct history){ .all = all,
		.build = xstrdup(build),
		.file = -1,
		.skip = request_integer(r, "from", 0),
		.follows = !span_is(request_raw(r, "follow"), "false"),
		.next = all->first };
	all->first = h;
	look_at_file(h);
	h->link = request_stream(r, (struct span){ NULL, 0 }, closed, h);
	if (h->link == NULL) {
		drop(h);
		return;
	}
	if (pump_open(&h->pump, all->loop, link_take_over(h->link), 0, &source, h, NULL) < 0) {
		struct link *link = h->link;

		drop(h);
		link_close(link);
		return;
	}
	h->open = true;
	pump_wake(&h->pump);
}

void
histories_grown(struct histories *all, const char *build, int64_t size)
{
	struct history *next;

	for (struct history *h = all->first; h != NULL; h = next) {
		next = h->next;
		if (strcmp(h->build, build) != 0)
			continue;
		if (h->file < 0)
			look_at_file(h);
		if (size > h->end && h->file >= 0)
			h->end = size;
		pump_wake(&h->pump);
	}
}

void
histories_free(struct histories *all)
{
	struct history *h, *next;

	for (h = all->first; h != NULL; h = next) {
		struct link *link = h->link;

		next = h->next;
		drop(h);
		link_close(link);
	}
}
