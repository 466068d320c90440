#include "history.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "message.h"
#include "stored.h"

/* What differs between two runs of the same: when, where, by which process, at which place of
 * the stream. */
static const char *const passing[] = {
	"time", "offset", "received", "build", "run", "seq", "pid", "folder", "logs", "dir",
	"elapsed", "user", "system", "maxrss", "first-output", "last-output",
};

/* More members than that are compared as they stand. */
#define MEMBERS 256

static bool
is_passing(struct span key)
{
	for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++) {
		if (span_is(key, passing[i]))
			return true;
	}
	return false;
}

static int
compare_spans(struct span a, struct span b)
{
	size_t both = a.n < b.n ? a.n : b.n;
	/* a job that is not named has no bytes to compare */
	int order = both == 0 ? 0 : memcmp(a.p, b.p, both);

	return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

static int
by_key(const void *a, const void *b)
{
	return compare_spans(((const struct scan_member *)a)->key, ((const struct scan_member *)b)->key);
}

/* The members that count, ordered by name. */
static void
add_members(struct bytes *into, const struct message *m)
{
	struct scan_member members[MEMBERS];
	struct scan s;
	size_t n = 0;

	scan_open(&s, m->line.p, m->line.n, NULL);
	while (n < MEMBERS && scan_next(&s, &members[n], NULL) > 0)
		n += !is_passing(members[n].key);
	if (n == MEMBERS) {
		bytes_add(into, m->line.p, m->line.n);
		return;
	}
	if (n > 0)
		qsort(members, n, sizeof(members[0]), by_key);
	bytes_char(into, '{');
	for (size_t i = 0; i < n; i++) {
		const char *end = members[i].value.raw.p + members[i].value.raw.n;

		bytes_text(into, i > 0 ? "," : "");
		bytes_add(into, members[i].from, (size_t)(end - members[i].from));
	}
	bytes_char(into, '}');
}

static char *
keep(struct history *h, char *text)
{
	h->kept = xrealloc(h->kept, h->nkept + 1, sizeof(char *));
	h->kept[h->nkept++] = text;
	return text;
}

static uint32_t
build_place(struct history *h, struct span build)
{
	/* mostly the one that came last */
	for (uint32_t i = h->nbuilds; i > 0; i--) {
		if (h->builds[i - 1].n == build.n && compare_spans(h->builds[i - 1], build) == 0)
			return i - 1;
	}
	h->builds = xrealloc(h->builds, h->nbuilds + 1, sizeof(*h->builds));
	h->builds[h->nbuilds] = (struct span){ keep(h, xmemdup(build.n > 0 ? build.p : "", build.n)),
		build.n };
	return h->nbuilds++;
}

static void
add_event(struct history *h, const struct message *m, uint64_t line)
{
	AUTO_BYTES text = { 0 };
	struct history_event *event;
	uint32_t build = build_place(h, m->build);
	size_t n;
	char *all;

	bytes_add(&text, m->job.p, m->job.n);
	add_members(&text, m);
	n = text.len;
	all = keep(h, bytes_give(&text));
	if (h->n == h->size) {
		h->size = h->size == 0 ? 64 : h->size * 2;
		h->events = xrealloc(h->events, h->size, sizeof(*h->events));
	}
	event = &h->events[h->n++];
	*event = (struct history_event){ build, { all, m->job.n }, { all + m->job.n, n - m->job.n }, line };
}

int
history_compare_places(const struct history_event *a, const struct history_event *b)
{
	if (a->build != b->build)
		return a->build < b->build ? -1 : 1;
	return compare_spans(a->job, b->job);
}

static int
by_place(const void *a, const void *b)
{
	const struct history_event *left = a, *right = b;
	int order = history_compare_places(left, right);

	return order != 0 ? order : (left->line > right->line) - (left->line < right->line);
}

static int
read_event(struct message *m, const struct stored *s, struct span line, struct error *e)
{
	uint64_t number = s->reader.number;

	if (message_read(m, line.p, line.n, e) == 0) {
		if (m->kind == MESSAGE_EVENT)
			return 0;
		error_set(e, ERROR_INPUT, "type: missing");
	}
	e->code = ERROR_INPUT;
	return error_before(e, "%s:%" PRIu64 ": ", stored_name(s), number);
}

int
history_read(struct history *h, const char *text, struct error *e)
{
	struct stored s;
	struct span line;
	struct message m;
	uint64_t number = 0;
	int got = stored_find(&s, text, e);

	while (got >= 0 && (got = stored_line(&s, &line, e)) > 0) {
		number++;
		got = read_event(&m, &s, line, e);
		if (got == 0)
			add_event(h, &m, number);
	}
	stored_free(&s);
	if (h->n > 0)
		qsort(h->events, h->n, sizeof(*h->events), by_place);
	return got;
}

void
history_free(struct history *h)
{
	for (size_t i = 0; i < h->nkept; i++)
		free(h->kept[i]);
	free(h->kept);
	free(h->builds);
	free(h->events);
}
