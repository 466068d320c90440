#include "filters.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "document.h"
#include "memory.h"

static int
job_take(struct filters *f, struct span line, struct error *e)
{
	if (outcome_ends(f->outcome))
		return 0;
	f->came(f->arg);
	return intake_line(f->intake, line.p, line.n, e);
}

static int
line_came(void *arg, struct span line, struct error *e)
{
	struct filters *f = arg;

	if (!f->gathers)
		return job_take(f, line, e);
	bytes_add(&f->gathered, line.p, line.n);
	bytes_char(&f->gathered, '\n');
	return 0;
}

static void
failed(void *arg, const struct error *why, bool shown)
{
	struct filters *f = arg;

	if (f->outcome->canceled)
		return;
	outcome_break(f->outcome, EXIT_BUILD_ERROR, why);
	if (shown && !f->plan)
		progress_script_failed(f->progress);
}

static void
drained(void *arg)
{
	struct filters *f = arg;

	f->drained(f->arg);
}

static void
over(void *arg)
{
	struct filters *f = arg;
	const char *p = f->gathered.data, *end = p + f->gathered.len;
	struct error e;

	for (unsigned n = 1; p < end; n++) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));

		if (job_take(f, (struct span){ p, (size_t)(newline - p) }, &e) < 0) {
			error_before(&e, "through '%s': line %u of its output: ",
			    f->commands.items[f->commands.n - 1], n);
			outcome_break(f->outcome, EXIT_BUILD_ERROR, &e);
		}
		p = newline + 1;
	}
	f->gathered.len = 0;
	f->ended(f->arg);
}

static const struct through_events events = { .line = line_came, .failed = failed, .drained = drained,
	.over = over };

void
surroundings_open(struct surroundings *u, const struct filters *f, int err)
{
	u->words = NULL;
	if (isolation_wanted(&f->isolation)) {
		u->words = isolation_words(&f->isolation, f->env, f->plan);
		/* mci-job's own; of it it gives on what jobs get */
		environment_copy(&u->env, f->env->items, f->env->n);
	} else {
		environment_open(&u->env, f->env->items, f->env->n);
	}
	if (f->plan) {
		environment_set(&u->env, "MCI_PLAN", "1");
	} else {
		environment_set(&u->env, "MCI_BUILD", f->api);
		environment_set(&u->env, "MCI_BUILD_ID", f->workspace->identity.name);
		environment_set(&u->env, "MCI_SOURCE", f->workspace->identity.source);
	}
	u->spec = (struct process_spec){ .argv = u->words, .env = u->env.pairs,
		.dir = f->workspace->dir, .in = -1, .out = -1, .err = err,
		/* under --plan the terminal's ^C is to reach it: nobody else would end it */
		.session = !f->plan };
}

void
surroundings_close(struct surroundings *u)
{
	environment_close(&u->env);
	isolation_words_free(u->words);
}

static int
start(struct filters *f, struct through *t, int err, struct error *e)
{
	struct surroundings u;
	int result;

	surroundings_open(&u, f, err);
	result = through_start(t, &f->commands, &u.spec, e);
	surroundings_close(&u);
	return result;
}

int
filters_start(struct filters *f, int err, bool keep, struct error *e)
{
	if (!filters_any(f))
		return 0;
	f->through = (struct through){ .loop = f->loop, .events = &events, .arg = f };
	f->err = keep ? fcntl(err, F_DUPFD_CLOEXEC, 3) : -1;
	return start(f, &f->through, err, e);
}

void
filters_document(struct filters *f, const struct document *doc)
{
	f->gathers = true;
	for (size_t i = 0; i < doc->n; i++)
		through_give(&f->through, doc->jobs[i].line);
	through_end(&f->through);
}

int
filters_again(struct filters *f, struct through *t, struct error *e)
{
	return start(f, t, f->err, e);
}

int
filters_take(struct filters *f, const struct option_list *first, struct error *e)
{
	const struct option_list *const lists[] = { first, f->given };

	for (size_t k = 0; k < 2; k++) {
		for (size_t i = 0; lists[k] != NULL && i < lists[k]->n; i++) {
			f->commands.items = xrealloc(f->commands.items, f->commands.n + 1,
			    sizeof(*f->commands.items));
			f->commands.items[f->commands.n++] = xstrdup(lists[k]->items[i]);
		}
	}
	return through_check(&f->commands, e);
}

void
filters_init(struct filters *f)
{
	f->err = -1;
	f->through = (struct through){ .in = -1, .out = -1 };
}

void
filters_stop(struct filters *f)
{
	through_close(&f->through);
}

void
filters_close(struct filters *f)
{
	through_close(&f->through);
	if (f->err >= 0)
		close(f->err);
	f->err = -1;
	for (size_t i = 0; i < f->commands.n; i++)
		free((char *)(uintptr_t)f->commands.items[i]);
	free(f->commands.items);
	f->commands = (struct option_list){ NULL, 0 };
	bytes_free(&f->gathered);
}
