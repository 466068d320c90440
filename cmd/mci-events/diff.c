/*
 * Two logs are equal when for each job of each build the same events came in the same order, without what is
 * another in every run (times, numbers of processes, places): this is the kit's one definition of that.
 *
 * Builds are matched in the order in which they first appear, whatever they are called. Events of no job are
 * one sequence of their build.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "message.h"
#include "nametable.h"
#include "option.h"
#include "stored.h"
#include "verbs.h"

/* ---- a log as what it amounts to */

struct history_event {
	uint32_t build;      /* the first one to appear is 0 */
	struct span job;     /* n 0: of no job */
	struct span text;    /* the members that count, by name, a JSON object */
	uint64_t line;       /* in the log, over all its files, from 1 */
};

struct history {
	struct history_event *events; /* by build, job, line */
	size_t n, size;
	struct span *builds;
	uint32_t nbuilds;
	struct nametable names; /* of builds */
	char **kept;         /* the events' texts and jobs, one allocation a line */
	size_t nkept;
};

/* What differs between two runs of the same: when, where, by whose order and of what, by which process, at
 * which place of the stream. */
static const char *const passing[] = {
	"time", "offset", "received", "change", "build", "number", "run", "agent", "seq", "pid", "folder",
	"logs", "log", "dir", "source", "rev", "elapsed", "user", "system", "maxrss", "first-output",
	"last-output", "limits", "limited-by", "plan", "reproduce",
};

/* How a build came to run is not what it did: a server has these of each. */
static const char *const before[] = { "build/triggered", "build/queued", "build/pending" };

/* More members than that are compared as they stand. */
#define MEMBERS 256

static bool
is_one_of(struct span text, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (span_is(text, words[i]))
			return true;
	}
	return false;
}

static bool
is_passing(struct span key)
{
	return is_one_of(key, passing, sizeof(passing) / sizeof(passing[0]));
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

static bool
build_is(const void *history, uint32_t place, struct span build)
{
	return compare_spans(((const struct history *)history)->builds[place], build) == 0;
}

static uint32_t
build_place(struct history *h, struct span build)
{
	uint32_t place = nametable_put(&h->names, build, h->nbuilds, build_is, h);

	if (place < h->nbuilds)
		return place;
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

/* Orders by build and job. */
static int
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

/* Reads all of a log: see stored_find for text. The error of a line that is no event names its place. */
static int
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
		if (got == 0 && !is_one_of(m.type, before, sizeof(before) / sizeof(before[0])))
			add_event(h, &m, number);
	}
	stored_free(&s);
	if (h->n > 0)
		qsort(h->events, h->n, sizeof(*h->events), by_place);
	return got;
}

static void
history_free(struct history *h)
{
	for (size_t i = 0; i < h->nkept; i++)
		free(h->kept[i]);
	free(h->kept);
	free(h->builds);
	nametable_free(&h->names);
	free(h->events);
}

/* ---- two of them */

/* Where two histories part: an event of each, NULL where one has no more of that job. */
struct difference {
	const struct history_event *a, *b;
};

static bool
is_same(const struct history_event *a, const struct history_event *b)
{
	return a->text.n == b->text.n && memcmp(a->text.p, b->text.p, a->text.n) == 0;
}

static uint64_t
line_of(const struct difference *d)
{
	return d->a != NULL ? d->a->line : d->b->line;
}

/* The first line counts, in whichever job it is. */
static void
consider(struct difference *found, const struct history_event *a, const struct history_event *b)
{
	struct difference d = { a, b };

	if ((found->a == NULL && found->b == NULL) || line_of(&d) < line_of(found))
		*found = d;
}

static void
skip_job(const struct history *h, size_t *at)
{
	const struct history_event *first = &h->events[*at];

	while (*at < h->n && history_compare_places(first, &h->events[*at]) == 0)
		++*at;
}

/* Which of two events stands in the earlier job; one that is not there stands in the last. */
static int
compare(const struct history_event *a, const struct history_event *b)
{
	if (a == NULL || b == NULL)
		return (a == NULL) - (b == NULL);
	return history_compare_places(a, b);
}

static struct difference
find(const struct history *a, const struct history *b)
{
	struct difference found = { NULL, NULL };
	size_t i = 0, j = 0;

	while (i < a->n || j < b->n) {
		const struct history_event *x = i < a->n ? &a->events[i] : NULL;
		const struct history_event *y = j < b->n ? &b->events[j] : NULL;
		int order = compare(x, y);

		if (order == 0 && is_same(x, y)) {
			i++;
			j++;
			continue;
		}
		/* of a job only the first difference says something */
		consider(&found, order <= 0 ? x : NULL, order >= 0 ? y : NULL);
		if (order <= 0)
			skip_job(a, &i);
		if (order >= 0)
			skip_job(b, &j);
	}
	return found;
}

static void
print_side(const char *mark, const char *sign, const char *name, const struct history_event *event)
{
	if (event == NULL)
		printf("%s %s: no more of this job\n", mark, name);
	else
		printf("%s %s:%" PRIu64 "\n%s%.*s\n", mark, name, event->line, sign, (int)event->text.n,
		    event->text.p);
}

static int
run(void *arg, int argc, char **argv)
{
	struct history a = { 0 }, b = { 0 };
	struct difference d;
	struct error e;
	int status = 0;

	(void)arg;
	(void)argc;
	if (history_read(&a, argv[0], &e) < 0 || history_read(&b, argv[1], &e) < 0) {
		option_complain("mci-events", &e);
		status = 2;
	} else {
		d = find(&a, &b);
		status = d.a != NULL || d.b != NULL;
	}
	if (status == 1 && !option_common.quiet) {
		print_side("---", "-", argv[0], d.a);
		print_side("+++", "+", argv[1], d.b);
	}
	history_free(&a);
	history_free(&b);
	return status;
}

const struct command events_diff_command = {
	.program = "mci-events", .verb = "diff", .operands = "A B",
	.summary = "compare two logs: equal (0), different (1)", .min_operands = 2, .max_operands = 2,
	.complete = "builds", .run = run,
};
