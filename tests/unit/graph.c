/*
 * The graph: what the ends of jobs mean for those behind them. Every small graph of every kind of jobs is
 * played in some order of ends and of specs, and held against the rules as mci-script(5) words them, which
 * look at all that came before a job and pass nothing on from one to the next.
 */
#include "cmd/mci-build/graph.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

#define JOBS 4

enum fate { OK, FAILS, CANCELED, LEFT }; /* LEFT: it is blocked and nobody lets it go */

static const struct kind {
	const char *name;
	enum when_status when;
	enum fate fate;
	bool allowed, blocked, skipped, silent;
} kinds[] = {
	/* the first ones are enough to tell the rules apart in larger graphs */
	{ "ok", WHEN_SUCCESS, OK, .allowed = false },
	{ "fails", WHEN_SUCCESS, FAILS, .allowed = false },
	{ "always", WHEN_ALWAYS, OK, .allowed = false },
	{ "failure", WHEN_FAILURE, OK, .allowed = false },
	{ "skipped", WHEN_SUCCESS, OK, .skipped = true },
	{ "left", WHEN_SUCCESS, LEFT, .blocked = true },
	{ "allowed", WHEN_SUCCESS, FAILS, .allowed = true },
#define FEW 7
	{ "canceled", WHEN_SUCCESS, CANCELED, .allowed = false },
	{ "canceled, allowed", WHEN_SUCCESS, CANCELED, .allowed = true },
	{ "declined", WHEN_SUCCESS, CANCELED, .blocked = true },
	{ "declined, allowed", WHEN_SUCCESS, CANCELED, .blocked = true, .allowed = true },
	{ "left, allowed", WHEN_ALWAYS, LEFT, .blocked = true, .allowed = true },
	{ "let go", WHEN_SUCCESS, OK, .blocked = true },
	{ "always, fails", WHEN_ALWAYS, FAILS, .allowed = false },
	{ "always, allowed", WHEN_ALWAYS, FAILS, .allowed = true },
	{ "failure, fails", WHEN_FAILURE, FAILS, .allowed = false },
	{ "always, skipped", WHEN_ALWAYS, OK, .skipped = true },
	{ "silent", WHEN_SUCCESS, OK, .silent = true },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

struct play {
	unsigned n;
	const struct kind *kind[JOBS];
	unsigned direct[JOBS], before[JOBS]; /* bits: what it depends on, and through others too */
	/* by the rules */
	enum graph_step step[JOBS];
	/* the game */
	struct graph graph;
	char names[JOBS][2];
	unsigned came, running, queued, ended;
	uint32_t number[JOBS];
};

static uint32_t
dice(uint32_t sides)
{
	static uint32_t state = 2463534242U;

	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % sides;
}

static const char *
show(const struct play *p)
{
	static char text[400];
	size_t at = 0;

	for (unsigned i = 0; i < p->n; i++) {
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%u (%s) after", i, p->kind[i]->name);
		for (unsigned k = 0; k < i; k++) {
			if (p->direct[i] & 1u << k)
				at += (size_t)snprintf(text + at, sizeof(text) - at, " %u", k);
		}
		at += (size_t)snprintf(text + at, sizeof(text) - at, "; ");
	}
	return text;
}

/* Whether one of these jobs ran, or could have, and went wrong. */
static bool
went_wrong(const struct play *p, unsigned jobs)
{
	for (unsigned i = 0; i < p->n; i++) {
		const struct kind *k = p->kind[i];
		bool bad = k->fate == FAILS || k->fate == CANCELED;

		if (jobs & 1u << i && p->step[i] == STEP_RUN && bad &&
		    (!k->allowed || (k->blocked && k->fate == CANCELED)))
			return true;
	}
	return false;
}

static bool
was_left(const struct play *p, unsigned jobs)
{
	for (unsigned i = 0; i < p->n; i++) {
		if (jobs & 1u << i && p->step[i] == STEP_RUN && p->kind[i]->fate == LEFT)
			return true;
	}
	return false;
}

/* What the page says of each job. */
static void
rules_apply(struct play *p)
{
	for (unsigned i = 0; i < p->n; i++) {
		const struct kind *k = p->kind[i];
		bool wrong = went_wrong(p, p->before[i]);

		if (k->silent)
			p->step[i] = STEP_PASS;
		else if (k->skipped)
			p->step[i] = STEP_SKIP;
		else if (was_left(p, p->before[i]))
			p->step[i] = STEP_BARRED;
		else if (k->when == WHEN_SUCCESS && wrong)
			p->step[i] = STEP_FAILED;
		else if (k->when == WHEN_FAILURE && !wrong)
			p->step[i] = STEP_NOTHING_FAILED;
		else
			p->step[i] = STEP_RUN;
	}
}

static void
edges_set(struct play *p, unsigned edges)
{
	for (unsigned i = 0, bit = 0; i < p->n; i++) {
		p->direct[i] = p->before[i] = 0;
		for (unsigned k = 0; k < i; k++, bit++) {
			if (!(edges & 1u << bit))
				continue;
			p->direct[i] |= 1u << k;
			p->before[i] |= 1u << k | p->before[k];
		}
	}
}

/* All that it waits for has ended. */
static void
ready(void *arg, uint32_t number)
{
	struct play *p = arg;
	unsigned i = 0;

	if (!p->graph.jobs[number].declared)
		return;
	while (strcmp(p->names[i], p->graph.jobs[number].id) != 0)
		i++;
	ck_assert_msg((p->before[i] & ~p->ended) == 0, "%s%u comes too early", show(p), i);
	ck_assert_msg(graph_step(&p->graph, number) == p->step[i], "%s%u: %d instead of %d", show(p), i,
	    (int)graph_step(&p->graph, number), (int)p->step[i]);
	if (p->step[i] == STEP_RUN) {
		p->running |= 1u << i;
		return;
	}
	graph_end(&p->graph, number, p->step[i] == STEP_PASS ? STATUS_SUCCESS : STATUS_SKIPPED);
	p->ended |= 1u << i;
	p->queued |= 1u << i;
}

/* A spec comes: early, or when what it depends on has ended long ago. */
static void
arrive(struct play *p, unsigned i)
{
	const struct kind *k = p->kind[i];
	struct job *j;

	ck_assert_int_eq(graph_declare(&p->graph, p->names[i], &p->number[i], NULL), 0);
	j = &p->graph.jobs[p->number[i]];
	j->when = (uint8_t)k->when;
	j->allow_failure = k->allowed;
	j->blocked = k->blocked;
	j->silent = k->silent;
	j->skip = k->skipped ? xstrdup("skipped") : NULL;
	for (unsigned on = 0; on < p->n; on++) {
		if (p->direct[i] & 1u << on)
			graph_depend(&p->graph, p->number[i], graph_name(&p->graph, p->names[on]));
	}
	p->came |= 1u << i;
	if (p->graph.jobs[p->number[i]].waiting == 0)
		ready(p, p->number[i]);
}

static void
job_end(struct play *p, unsigned i)
{
	static const enum status statuses[] = { STATUS_SUCCESS, STATUS_FAILURE, STATUS_CANCELED,
		STATUS_SKIPPED };
	enum fate fate = p->kind[i]->fate;

	if (fate == OK)
		p->graph.jobs[p->number[i]].blocked = false;
	if (fate == LEFT)
		graph_bar(&p->graph, p->number[i]);
	graph_end(&p->graph, p->number[i], fate == FAILS && dice(4) == 0 ? STATUS_ERROR : statuses[fate]);
	p->running &= ~(1u << i);
	p->ended |= 1u << i;
	p->queued |= 1u << i;
}

static void
play(struct play *p)
{
	const unsigned all = (1u << p->n) - 1;

	rules_apply(p);
	p->came = p->running = p->queued = p->ended = 0;
	graph_init(&p->graph);
	while (p->queued != 0 || p->ended != all) {
		unsigned i = dice(p->n), bit = 1u << i;

		if (p->queued & bit) {
			p->queued &= ~bit;
			graph_follow(&p->graph, p->number[i], ready, p);
		} else if (p->running & bit) {
			job_end(p, i);
		} else if (!(p->came & bit)) {
			arrive(p, i);
		} else {
			/* it waits: for something that can still come or end */
			ck_assert_msg(p->ended & bit || p->queued != 0 || p->running != 0 || p->came != all,
			    "%s%u waits for ever", show(p), i);
		}
	}
	ck_assert_int_eq(graph_check(&p->graph, NULL, NULL), 0);
	graph_free(&p->graph);
}

/* All graphs of n jobs with the first few kinds, and each once. */
static void
play_all(unsigned n, unsigned few)
{
	struct play p = { .n = n };
	unsigned games = 1;

	for (unsigned i = 0; i < n; i++) {
		p.names[i][0] = (char)('a' + i);
		games *= few;
	}
	for (unsigned edges = 0; edges < 1u << n * (n - 1) / 2; edges++) {
		edges_set(&p, edges);
		for (unsigned game = 0; game < games; game++) {
			for (unsigned i = 0, rest = game; i < n; i++, rest /= few)
				p.kind[i] = &kinds[rest % few];
			play(&p);
		}
	}
}

START_TEST(test_three_of_every_kind)
{
	play_all(3, KINDS);
}
END_TEST

START_TEST(test_four_of_few_kinds)
{
	play_all(4, FEW);
}
END_TEST

/* What makes a build fail is not what those behind a job are told: all bad ends but allowed ones. */
START_TEST(test_counts)
{
	const struct job required = { .declared = true }, allowed = { .allow_failure = true };

	for (enum status s = STATUS_SUCCESS; s < STATUS_N; s++) {
		ck_assert_int_eq(graph_counts(&required, s),
		    s == STATUS_FAILURE || s == STATUS_ERROR || s == STATUS_CANCELED);
		ck_assert(!graph_counts(&allowed, s));
	}
}
END_TEST

static const struct sorted {
	const char *edges; /* "ab": a depends on b */
	unsigned n;        /* how many can be put in order */
} sorts[] = {
	{ "", 0 },
	{ "ab", 2 },
	{ "ab bc", 3 },
	{ "bc ab", 3 },
	{ "ab ac bd cd", 4 },
	{ "aa", 0 },
	{ "ab ba", 0 },
	{ "ab bc cb", 0 },
	{ "ab ca da bd", 0 },
	{ "ab cd dc", 2 },
};

START_TEST(test_order)
{
	const struct sorted *s = &sorts[_i];
	uint32_t order[8], at[8] = { 0 }, n;
	struct graph g;

	graph_init(&g);
	for (const char *edge = s->edges; *edge != '\0'; edge += edge[2] == '\0' ? 2 : 3) {
		const char one[] = { edge[0], '\0' }, other[] = { edge[1], '\0' };
		uint32_t job = graph_name(&g, one);

		graph_depend(&g, job, graph_name(&g, other));
	}
	n = graph_order(&g, order);
	ck_assert_uint_eq(n, s->n);
	for (uint32_t i = 0; i < n; i++)
		at[order[i]] = i + 1;
	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t k = g.jobs[order[i]].needs; k != NO_JOB; k = g.edges[k].next)
			ck_assert_uint_lt(at[g.edges[k].job], at[order[i]]);
	}
	graph_free(&g);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("graph");
	TCase *tests = tcase_create("graph");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, test_three_of_every_kind);
	tcase_add_test(tests, test_four_of_few_kinds);
	tcase_add_test(tests, test_counts);
	tcase_add_loop_test(tests, test_order, 0, (int)(sizeof(sorts) / sizeof(sorts[0])));
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
