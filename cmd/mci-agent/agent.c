#include "agent.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "children.h"
#include "claim.h"
#include "client.h"
#include "duration.h"
#include "emit.h"
#include "folder.h"
#include "follow.h"
#include "jsontree.h"
#include "kernel.h"
#include "left.h"
#include "lifeline.h"
#include "memory.h"
#include "message.h"
#include "option.h"
#include "work.h"

/* Should no event say that there is something to claim: a hub that is away, an event that was
 * lost. */
#define LOOK (60 * SECOND)
/* How long a claim that is under way is waited for when it is to stop; and its builds, whose processes end
 * within ten seconds. */
#define CLAIM_GRACE (2 * SECOND)
#define GRACE (12 * SECOND)

struct agent {
	const struct agent_options *options;
	struct loop *loop;
	struct client *store;
	struct follow *hub;
	struct left *left;
	char *builds;            /* their folders */
	int lock;                /* of the work folder */
	struct work **works;
	size_t nworks;
	char claim_id[33];
	int64_t claiming;        /* the call; 0: none is under way */
	bool more;               /* something may be there since it was asked */
	bool ready, drained, stopped;
	struct loop_timer *look;
	int status;
	struct error error;      /* why it ends by itself */
};

static void claim(struct agent *a);

/* ---- how it ends */

static void
end_when_idle(struct agent *a)
{
	if (a->drained && a->nworks == 0 && a->claiming == 0)
		loop_stop(a->loop, a->status);
}

/* A claim under way may be a build's by now: its answer is waited for, and the build given back. */
static void
drain(struct agent *a)
{
	a->drained = true;
	end_when_idle(a);
}

/* A store that is away is not waited for: what it was not told it finds out, or is told at the next start. */
static void
claim_given_up(void *arg)
{
	struct agent *a = arg;

	client_cancel(a->store, a->claiming);
	a->claiming = 0;
	end_when_idle(a);
}

static void
end_now(void *arg)
{
	struct agent *a = arg;

	loop_stop(a->loop, a->status);
}

static void
stop(struct agent *a)
{
	if (!a->stopped) {
		loop_after(a->loop, CLAIM_GRACE, claim_given_up, a);
		loop_after(a->loop, GRACE, end_now, a);
	}
	a->stopped = true;
	for (size_t i = 0; i < a->nworks; i++)
		work_stop(a->works[i]);
	if (!a->ready) {
		client_cancel(a->store, a->claiming);
		a->claiming = 0;
	}
	drain(a);
}

static void
told_to_stop(void *arg, const struct signalfd_siginfo *info)
{
	sigset_t again;

	(void)info;
	/* whoever asks twice does not want to wait */
	sigemptyset(&again);
	sigaddset(&again, SIGTERM);
	sigaddset(&again, SIGINT);
	sigprocmask(SIG_UNBLOCK, &again, NULL);
	stop(arg);
}

static void
told_to_drain(void *arg, const struct signalfd_siginfo *info)
{
	(void)info;
	drain(arg);
}

static void
lifeline_ended(void *arg)
{
	stop(arg);
}

static void
fail(struct agent *a, const struct error *why)
{
	if (why != &a->error)
		a->error = *why;
	a->status = error_status(why);
	drain(a);
}

/* ---- builds */

static void
over(void *arg, struct work *w, enum work_end how, int status)
{
	struct agent *a = arg;
	AUTO_FREE char *folder = xformat("%s/%s", a->builds, work_build(w));

	for (size_t i = 0; i < a->nworks; i++) {
		if (a->works[i] == w)
			a->works[i] = a->works[--a->nworks];
	}
	work_free(w);
	if (how != WORK_RELEASED)
		left_remove(a->loop, folder);
	if (a->options->once) {
		a->status = status;
		a->drained = true;
	}
	claim(a);
	end_when_idle(a);
}

static void
begin(struct agent *a, struct claim *c)
{
	AUTO_FREE char *folder = xformat("%s/%s", a->builds, c->build);
	struct work *w;
	struct error e;

	if (folder_make(folder, &e) < 0)
		option_complain("mci-agent", &e);
	w = work_start(a->loop, a->store, &a->options->settings, c, folder, over, a);
	a->works = xrealloc(a->works, a->nworks + 1, sizeof(struct work *));
	a->works[a->nworks++] = w;
	if (a->stopped)
		work_stop(w);
	if (a->options->once)
		a->drained = true;
}

/* ---- claims */

static void
look(void *arg)
{
	struct agent *a = arg;

	a->look = NULL;
	claim(a);
}

static int
say_ready(struct agent *a)
{
	int fd = (int)a->options->ready;

	if (a->ready)
		return 0;
	a->ready = true;
	if (fd == 0)
		return 0;
	if (kernel_write_all(fd, "\n", 1) < 0)
		return error_sys(&a->error, "--ready-fd %d", fd);
	close(fd);
	return 0;
}

static void
answered(struct agent *a, struct span result)
{
	json_auto_t *answer = jsontree_read(result, &a->error);
	struct claim c;

	if (answer != NULL && json_object_get(answer, "build") == NULL)
		return;
	if (answer == NULL || claim_take(&c, answer, &a->error) < 0) {
		fail(a, &a->error);
		return;
	}
	a->more = true;
	begin(a, &c);
}

static void
claimed(void *arg, struct span result, const struct error *e)
{
	struct agent *a = arg;

	a->claiming = 0;
	if (e->code != ERROR_NONE || say_ready(a) < 0) {
		fail(a, e->code != ERROR_NONE ? e : &a->error);
		return;
	}
	answered(a, result);
	if (a->more)
		claim(a);
	end_when_idle(a);
}

static void
claim_new_id(struct agent *a)
{
	unsigned char random[16];

	kernel.random(random, sizeof(random));
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(a->claim_id + 2 * i, 3, "%02x", random[i]);
}

/* Asked until there is an answer, with one id: what the store gave in an answer that was lost
 * it gives again. */
static void
claim(struct agent *a)
{
	static const struct client_wish insist = { .again = CLIENT_INSIST, .limit = CLIENT_FOREVER };
	const struct agent_options *o = a->options;
	AUTO_BYTES params = { 0 };

	a->more = a->claiming != 0;
	if (a->claiming != 0 || a->drained || (int64_t)a->nworks >= o->jobs)
		return;
	loop_cancel(a->loop, a->look);
	a->look = loop_after(a->loop, LOOK, look, a);
	claim_new_id(a);
	emit_open(&params);
	emit_text(&params, "token", o->token);
	emit_text(&params, "id", a->claim_id);
	emit_text(&params, "name", o->name);
	emit_raw(&params, "labels", (struct span){ o->labels, strlen(o->labels) });
	emit_bool(&params, "isolates", o->isolates);
	bytes_char(&params, '}');
	a->claiming = client_call(a->store, "build/claim", (struct span){ params.data, params.len }, &insist,
	    claimed, a);
}

/* ---- what wakes it */

static void
asked(struct agent *a, struct span build)
{
	for (size_t i = 0; i < a->nworks; i++) {
		if (span_is(build, work_build(a->works[i])))
			work_renew(a->works[i]);
	}
}

static void
events(void *arg, struct span lines, int64_t n, int64_t last)
{
	struct agent *a = arg;
	struct span line;
	int64_t offset;

	(void)n;
	(void)last;
	while (follow_line(&lines, &line, &offset)) {
		struct message m;

		if (message_read(&m, line.p, line.n, NULL) < 0)
			continue;
		if (span_is(m.type, "build/queued"))
			claim(a);
		else
			asked(a, m.build);
	}
}

/* What was said while nobody listened. */
static void
hub_state(void *arg, const struct error *why)
{
	struct agent *a = arg;

	if (why != NULL) {
		option_complain("mci-agent", why);
		return;
	}
	claim(a);
	for (size_t i = 0; i < a->nworks; i++)
		work_renew(a->works[i]);
}

static void
hub_ended(void *arg, const struct error *why)
{
	struct agent *a = arg;

	fail(a, why);
}

static void
outage(void *arg, const struct error *why)
{
	(void)arg;
	if (why != NULL)
		option_complain("mci-agent", why);
}

/* What was left is given back: only now is there anything to claim. */
static void
begin_claiming(void *arg)
{
	static const struct follow_events wakes = { .lines = events, .state = hub_state, .ended = hub_ended };
	static const char types[] = "\"types\":[\"build/queued\",\"build/asked\"]";
	struct agent *a = arg;
	struct follow_request request = { .address = a->options->settings.events,
		.params = { types, sizeof(types) - 1 }, .patient = true };

	a->hub = follow_open(a->loop, &request, &wakes, a, &a->error);
	if (a->hub == NULL)
		fail(a, &a->error);
	else
		claim(a);
}

/* ---- its parts */

static int
watch_signals(struct agent *a, struct error *e)
{
	return loop_on_signal(a->loop, SIGTERM, told_to_stop, a, e) < 0 ||
	    loop_on_signal(a->loop, SIGINT, told_to_stop, a, e) < 0 ||
	    loop_on_signal(a->loop, SIGHUP, told_to_drain, a, e) < 0 ? -1 : 0;
}

static int
open_all(struct agent *a)
{
	static const struct client_events says = { .outage = outage };
	const struct settings *s = &a->options->settings;
	struct error *e = &a->error;

	a->lock = folder_take(s->workdir, e);
	if (a->lock < 0)
		return -1;
	a->loop = loop_new(e);
	if (a->loop == NULL || children_adopt(a->loop, NULL, NULL, e) < 0 || watch_signals(a, e) < 0)
		return -1;
	a->store = client_open(a->loop, s->store, &says, a, e);
	if (a->store == NULL || lifeline_watch(a->loop, lifeline_ended, a, e) < 0)
		return -1;
	a->left = left_release(a->loop, a->store, a->builds, begin_claiming, a);
	return 0;
}

static void
close_all(struct agent *a)
{
	for (size_t i = 0; i < a->nworks; i++)
		work_free(a->works[i]);
	free(a->works);
	left_free(a->left);
	follow_free(a->hub);
	client_close(a->store);
	children_kill_all();
	if (a->loop != NULL) {
		loop_cancel(a->loop, a->look);
		children_abandon(a->loop);
	}
	loop_free(a->loop);
	memory_close(&a->lock);
	free(a->builds);
}

int
agent_run(const struct agent_options *o)
{
	struct agent a = { .options = o, .lock = -1, .builds = xformat("%s/builds", o->settings.workdir) };
	int status = open_all(&a) < 0 ? error_status(&a.error) : loop_run(a.loop, &a.error);

	close_all(&a);
	if (a.error.code != ERROR_NONE)
		option_complain("mci-agent", &a.error);
	return status < 0 ? error_status(&a.error) : status;
}
