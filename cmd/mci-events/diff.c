#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "history.h"
#include "option.h"
#include "verbs.h"

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
