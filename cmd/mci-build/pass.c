#include "pass.h"

#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "environment.h"
#include "loop.h"
#include "process.h"
#include "through.h"

struct pass {
	struct loop *loop;
	int (*line)(void *arg, struct span line, struct error *e);
	void (*failed)(void *arg, const struct error *why);
	void *arg;
};

static int
line_came(void *arg, struct span line, struct error *e)
{
	const struct pass *p = arg;

	return p->line(p->arg, line, e);
}

static void
failed(void *arg, const struct error *why, bool shown)
{
	const struct pass *p = arg;

	(void)shown;
	p->failed(p->arg, why);
}

static void
drained(void *arg)
{
	(void)arg;
}

static void
over(void *arg)
{
	const struct pass *p = arg;

	loop_stop(p->loop, 0);
}

static const struct through_events events = { .line = line_came, .failed = failed, .drained = drained,
	.over = over };

static int
start(struct through *t, const struct option_list *commands, const char *dir, struct error *e)
{
	struct process_spec spec = { .dir = dir, .err = STDERR_FILENO };
	struct environment env;
	int result;

	environment_open(&env, NULL, 0);
	environment_set(&env, "MCI_PLAN", "1");
	spec.env = env.pairs;
	result = through_start(t, commands, &spec, e);
	environment_close(&env);
	return result;
}

int
pass_lines(const struct document *from, const struct option_list *commands, const char *dir,
    int (*line)(void *arg, struct span line, struct error *e),
    void (*on_failure)(void *arg, const struct error *why), void *arg, struct error *e)
{
	struct pass p = { loop_new(e), line, on_failure, arg };
	struct through t = { .loop = p.loop, .events = &events, .arg = &p };
	int result;

	if (p.loop == NULL)
		return -1;
	signal(SIGPIPE, SIG_IGN);
	result = start(&t, commands, dir, e);
	for (size_t i = 0; result == 0 && i < from->n; i++)
		through_give(&t, from->jobs[i].line);
	through_end(&t);
	if (result == 0)
		result = loop_run(p.loop, e);
	through_close(&t);
	loop_free(p.loop);
	return result;
}
