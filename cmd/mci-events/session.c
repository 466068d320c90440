#include "session.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "acknowledge.h"
#include "cdevent.h"
#include "cloudevent.h"
#include "connect.h"
#include "duration.h"
#include "follow.h"
#include "handler.h"
#include "loop.h"
#include "message.h"
#include "option.h"
#include "process.h"
#include "standard.h"

/* How long the end waits for the last acknowledgement. */
#define PATIENCE (5 * SECOND)

struct session {
	const struct sub_plan *plan;
	struct loop *loop;
	struct follow *follow;
	struct acknowledger *acknowledger; /* NULL without --durable */
	struct handler *handler;           /* NULL without a command */
	void (*convert)(struct bytes *into, const struct message *m); /* NULL: lines as they are */
	int64_t given;                     /* events */
	int64_t epoch;                     /* of those that the handler has */
	bool away;                         /* the hub, and it was said */
	bool ending;
	int status;
	struct loop_timer *deadline, *late;
};

static const struct format {
	const char *name;
	void (*convert)(struct bytes *into, const struct message *m);
} formats[] = {
	{ "mci", NULL },
	{ "cloudevents", cloudevent_write },
	{ "cdevents", cdevent_write },
};

static void
late(void *arg)
{
	struct session *s = arg;

	s->late = NULL;
	fprintf(stderr, "mci-events: %s: the last events could not be acknowledged\n", s->plan->address);
	loop_stop(s->loop, s->status);
}

/* Ends once nothing is under way any more. */
static void
end_when_done(struct session *s)
{
	if (!s->ending || (s->handler != NULL && handler_busy(s->handler)))
		return;
	if (s->acknowledger == NULL || acknowledger_settled(s->acknowledger))
		loop_stop(s->loop, s->status);
	else if (s->late == NULL)
		s->late = loop_after(s->loop, PATIENCE, late, s);
}

static void
finish(struct session *s, int status)
{
	/* a failure while the last events are dealt with is still one */
	if (!s->ending || s->status == 0)
		s->status = status;
	s->ending = true;
	end_when_done(s);
}

/* Standard output takes no more: its reader has left, or the disk is full. */
static void
output_failed(struct session *s)
{
	struct error e;

	s->ending = true;
	if (errno == EPIPE) {
		loop_stop(s->loop, 128 + SIGPIPE);
		return;
	}
	error_sys(&e, "write standard output");
	option_complain("mci-events", &e);
	loop_stop(s->loop, 125);
}

static int
write_converted(struct session *s, struct span lines)
{
	const char *p = lines.p, *end = lines.p + lines.n;
	AUTO_BYTES out = { 0 };
	struct message m;

	while (p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));

		/* the hub has read it before */
		if (message_read(&m, p, (size_t)(newline - p), NULL) == 0)
			s->convert(&out, &m);
		p = newline + 1;
	}
	return standard_write(STDOUT_FILENO, out.data, out.len);
}

static void
lines(void *arg, struct span lines, int64_t n, int64_t last)
{
	struct session *s = arg;

	if (s->ending)
		return;
	s->given += n;
	if (s->handler != NULL) {
		/* nothing more is read until these are dealt with */
		follow_pause(s->follow, true);
		s->epoch = follow_place(s->follow).epoch;
		handler_add(s->handler, lines);
		return;
	}
	if ((s->convert != NULL ? write_converted(s, lines)
	                        : standard_write(STDOUT_FILENO, lines.p, lines.n)) < 0)
		output_failed(s);
	else if (s->acknowledger != NULL)
		acknowledge(s->acknowledger,
		    (struct follow_place){ follow_place(s->follow).epoch, last });
}

static void
state(void *arg, const struct error *why)
{
	struct session *s = arg;

	if (why != NULL)
		fprintf(stderr, "mci-events: %s: trying again\n", why->text);
	else if (s->away)
		fprintf(stderr, "mci-events: %s: the hub is back: going on at offset %" PRId64 "\n",
		    s->plan->address, follow_place(s->follow).offset);
	s->away = why != NULL;
}

static void
gap(void *arg, const struct follow_gap *g)
{
	(void)arg;
	if (g->kind == FOLLOW_LOST)
		fprintf(stderr, "mci-events: events from %" PRId64 " on were lost in a crash of the hub: "
		    "others come in their place\n", g->from);
	else
		fprintf(stderr, "mci-events: events %s%" PRId64 " are gone: they are no longer kept\n",
		    g->from > 0 ? "up to " : "before ", g->from > 0 ? g->to - 1 : g->to);
}

static void
ended(void *arg, const struct error *why)
{
	struct session *s = arg;

	if (why->code != ERROR_NONE) {
		option_complain("mci-events", why);
		if (s->handler != NULL)
			handler_finish(s->handler);
	}
	finish(s, why->code == ERROR_NONE ? 0 : error_status(why));
}

static const struct follow_events follow_events = { .lines = lines, .state = state, .gap = gap,
	.ended = ended };

static void
settled(void *arg, const struct error *why)
{
	if (why != NULL)
		fprintf(stderr, "mci-events: not acknowledged: %s\n", why->text);
	end_when_done(arg);
}

static void
handled(void *arg, int64_t offset)
{
	struct session *s = arg;

	if (s->acknowledger != NULL)
		acknowledge(s->acknowledger, (struct follow_place){ s->epoch, offset });
}

static void
not_handled(void *arg, int64_t offset, const struct error *why, int64_t pause)
{
	struct session *s = arg;
	AUTO_BYTES text = { 0 };

	if (pause >= 0) {
		duration_write(&text, pause);
		fprintf(stderr, "mci-events: event %" PRId64 ": %s: again in %s\n", offset, why->text,
		    bytes_string(&text));
	} else if (s->acknowledger != NULL) {
		/* the one behind it must not be acknowledged before it is */
		fprintf(stderr, "mci-events: event %" PRId64 ": %s: not acknowledged\n", offset, why->text);
		handler_finish(s->handler);
		finish(s, 1);
	} else {
		fprintf(stderr, "mci-events: event %" PRId64 ": %s\n", offset, why->text);
	}
}

static void
all_handled(void *arg)
{
	struct session *s = arg;

	if (s->ending)
		end_when_done(s);
	else
		follow_pause(s->follow, false);
}

static const struct handler_events handler_events = {
	.done = handled, .failed = not_handled, .idle = all_handled,
};

static void
timed_out(void *arg)
{
	struct session *s = arg;

	s->deadline = NULL;
	if (s->handler != NULL)
		handler_finish(s->handler);
	finish(s, s->plan->options->count > 0 || s->given == 0);
}

/* Whoever reads standard output has left: no event may ever come that would tell us. */
static void
unread(void *arg, uint32_t events)
{
	struct session *s = arg;

	(void)events;
	errno = EPIPE;
	output_failed(s);
}

static void
interrupted(void *arg, const struct signalfd_siginfo *info)
{
	struct session *s = arg;

	process_caught((int)info->ssi_signo);
	finish(s, 128 + (int)info->ssi_signo);
	handler_stop(s->handler);
}

/* With a command: it ends before we do. Without, a signal simply ends us, wherever we are. */
static int
take_signals(struct session *s, struct error *e)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct sigaction old;

		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN)
			continue;
		if (loop_on_signal(s->loop, signals[i], interrupted, s, e) < 0)
			return -1;
	}
	return 0;
}

static int
command_open(struct session *s, struct error *e)
{
	const struct sub_options *o = s->plan->options;
	int64_t forever = o->durable != NULL ? -1 : 0;

	s->handler = handler_new(s->loop, s->plan->command, o->retry > 0 ? o->retry : forever,
	    &handler_events, s, e);
	return s->handler == NULL ? -1 : take_signals(s, e);
}

static int
output_open(struct session *s)
{
	const char *format = s->plan->options->format;

	for (size_t i = 0; format != NULL && i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (strcmp(format, formats[i].name) == 0)
			s->convert = formats[i].convert;
	}
	/* a regular file cannot be watched, and never leaves */
	loop_watch(s->loop, STDOUT_FILENO, 0, unread, s, NULL);
	return 0;
}

static int
start(struct session *s, struct error *e)
{
	const struct sub_options *o = s->plan->options;
	const struct follow_request request = { .address = s->plan->address, .params = s->plan->params,
		.from = s->plan->from, .synced = o->synced, .count = o->count };

	if ((s->plan->command != NULL ? command_open(s, e) : output_open(s)) < 0)
		return -1;
	if (o->durable != NULL) {
		s->acknowledger = acknowledger_new(s->loop, s->plan->address, o->durable, settled, s, e);
		if (s->acknowledger == NULL)
			return -1;
	}
	if (o->timeout > 0)
		s->deadline = loop_after(s->loop, o->timeout, timed_out, s);
	s->follow = follow_open(s->loop, &request, &follow_events, s, e);
	return s->follow == NULL ? -1 : 0;
}

int
session_run(const struct sub_plan *plan, struct error *e)
{
	struct session s = { .plan = plan };
	int status = -1;

	s.loop = loop_new(e);
	if (s.loop == NULL)
		return -1;
	if (start(&s, e) == 0)
		status = loop_run(s.loop, e);
	follow_free(s.follow);
	acknowledger_free(s.acknowledger);
	handler_free(s.handler);
	loop_cancel(s.loop, s.deadline);
	loop_cancel(s.loop, s.late);
	connect_reap(s.loop);
	loop_free(s.loop);
	return status;
}
