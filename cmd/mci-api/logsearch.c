#include "logsearch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "children.h"
#include "duration.h"
#include "emit.h"
#include "environment.h"
#include "kernel.h"
#include "line.h"
#include "logs.h"
#include "memory.h"
#include "params.h"
#include "process.h"

/* Searches at once; one more is told to come again. */
#define SEARCHES 4
#define PATIENCE (60 * SECOND)
#define USUAL 1000
#define MOST 10000

const struct contract_field logsearch_answer[2] = {
	{ "lines", CONTRACT_ARRAY, true, "numbers of the lines that match, from 0" },
	{ "more", CONTRACT_BOOL, true, "others follow" },
};

struct hunt {
	struct ask *a;
	struct loop *loop;
	struct child *child;
	int out;
	bool begins; /* what comes next begins a line */
	int64_t number, found, limit;
	struct loop_timer *patience;
	bool dropped; /* nobody waits for it: it goes when its process has ended */
	struct bytes list;
};

static int searches;

static void
drop(void *state)
{
	struct hunt *h = state;

	loop_cancel(h->loop, h->patience);
	if (h->out >= 0)
		loop_forget(h->loop, h->out);
	memory_close(&h->out);
	bytes_free(&h->list);
	h->dropped = true;
	if (h->child != NULL)
		child_signal_group(h->child, SIGKILL);
	else
		free(h);
	searches--;
}

static void
ended(void *arg, int status, const struct rusage *usage)
{
	struct hunt *h = arg;

	(void)status;
	(void)usage;
	child_free(h->child);
	h->child = NULL;
	if (h->dropped)
		free(h);
}

static void
tell(struct hunt *h, bool more)
{
	AUTO_BYTES json = { 0 };

	emit_open(&json);
	emit_key(&json, "lines");
	bytes_format(&json, "[%s]", bytes_string(&h->list));
	emit_bool(&json, "more", more);
	bytes_char(&json, '}');
	loop_forget(h->loop, h->out);
	memory_close(&h->out);
	answer_json(h->a, 200, (struct span){ json.data, json.len });
}

/* NUMBER:TEXT a line; only the numbers are kept. */
static void
take(struct hunt *h, const char *p, size_t n)
{
	for (size_t i = 0; i < n && h->found < h->limit; i++) {
		if (h->begins && p[i] >= '0' && p[i] <= '9') {
			h->number = h->number * 10 + (p[i] - '0');
		} else if (h->begins) {
			h->begins = false;
			if (h->list.len > 0)
				bytes_char(&h->list, ',');
			bytes_number(&h->list, h->number - 1);
			h->found++;
		}
		if (p[i] == '\n') {
			h->begins = true;
			h->number = 0;
		}
	}
}

static void
readable(void *arg, uint32_t events)
{
	struct hunt *h = arg;
	char piece[65536];
	ssize_t n = kernel.read(h->out, piece, sizeof(piece));

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		take(h, piece, (size_t)n);
	if (n <= 0 || h->found >= h->limit)
		tell(h, n > 0);
}

static void
late(void *arg)
{
	struct hunt *h = arg;

	h->patience = NULL;
	answer_problem(h->a, 503, NULL, "the search takes longer than %d seconds", (int)(PATIENCE / SECOND));
}

static bool
asked(const struct ask *a, const char *name)
{
	const char *text = params_query(a, name);

	return text != NULL && strcmp(text, "true") == 0;
}

static int
spawn(struct hunt *h, const struct logs_name *name, const char *text, int to, struct error *e)
{
	AUTO_FREE char *program = process_kit("mci-log");
	AUTO_FREE char *attempt = xformat("%lld", (long long)name->attempt);
	AUTO_BYTES which = { 0 };
	struct environment env = { 0 };
	char *argv[14];
	size_t n = 0;

	bytes_format(&which, "%s/%s", name->build, name->job);
	argv[n++] = program;
	argv[n++] = (char *)(uintptr_t)"grep";
	argv[n++] = (char *)(uintptr_t)"-n";
	if (!asked(h->a, "regex"))
		argv[n++] = (char *)(uintptr_t)"-F";
	if (asked(h->a, "ignore-case"))
		argv[n++] = (char *)(uintptr_t)"-i";
	argv[n++] = (char *)(uintptr_t)"--attempt";
	argv[n++] = attempt;
	argv[n++] = (char *)(uintptr_t)"--";
	argv[n++] = (char *)(uintptr_t)text;
	argv[n++] = (char *)(uintptr_t)bytes_string(&which);
	argv[n] = NULL;
	environment_copy(&env, NULL, 0);
	environment_set(&env, "MCI_LOG", logs_address(h->a));
	h->child = child_start(h->loop, &(struct process_spec){ .path = program, .argv = argv,
		.env = env.pairs, .in = -1, .out = to, .err = -1, .group = true }, ended, h, e);
	environment_close(&env);
	return h->child == NULL ? -1 : 0;
}

static void
found(struct ask *a, const struct logs_name *name)
{
	const char *text = params_query(a, "q"), *limit = params_query(a, "limit");
	struct hunt *h;
	struct error e;
	int ends[2];

	if (text == NULL || *text == '\0') {
		answer_text(a, 400, "q", "q: what is to be looked for?");
		return;
	}
	if (searches >= SEARCHES || pipe2(ends, O_CLOEXEC) < 0) {
		answer_text(a, 503, NULL, "too many searches are under way");
		return;
	}
	searches++;
	h = xmalloc(sizeof(*h));
	*h = (struct hunt){ .a = a, .loop = a->gateway->loop, .out = ends[0], .begins = true,
		.limit = limit == NULL ? USUAL : strtoll(limit, NULL, 10) };
	if (h->limit < 1 || h->limit > MOST)
		h->limit = MOST;
	a->state = h;
	a->drop = drop;
	fcntl(h->out, F_SETFL, O_NONBLOCK);
	if (spawn(h, name, text, ends[1], &e) < 0 ||
	    loop_watch(h->loop, h->out, EPOLLIN, readable, h, &e) < 0)
		answer_error(a, &e);
	else
		h->patience = loop_after(h->loop, PATIENCE, late, h);
	close(ends[1]);
}

void
logsearch_get(struct ask *a)
{
	logs_find(a, found);
}
