#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "cloudevent.h"
#include "connect.h"
#include "contract.h"
#include "emit.h"
#include "kernel.h"
#include "link.h"
#include "memory.h"
#include "pairs.h"
#include "publisher.h"
#include "timestamp.h"
#include "verbs.h"

struct options {
	const char *address, *sync, *format;
	int64_t timeout;
};

static const struct option options[] = {
	{ .letter = 'a', .name = "address", .value = "ADDRESS", .help = "the hub", .kind = OPTION_TEXT,
	  .offset = offsetof(struct options, address) },
	{ .name = "sync", .value = "LEVEL", .help = "how safe an event has to be (os)",
	  .kind = OPTION_CHOICE, .offset = offsetof(struct options, sync), .choices = "none|os|disk" },
	{ .name = "format", .value = "FORMAT", .help = "what standard input holds (mci)",
	  .kind = OPTION_CHOICE, .offset = offsetof(struct options, format),
	  .choices = "mci|cloudevents" },
	{ .name = "timeout", .value = "DURATION", .help = "give up when the hub is away for so long",
	  .kind = OPTION_DURATION, .offset = offsetof(struct options, timeout) },
};

struct pub {
	const struct options *options;
	const char *address;
	struct loop *loop;
	struct publisher *publisher;
	struct link *input;          /* NULL once it has ended */
	struct loop_timer *deadline; /* while the hub is away */
	int status;                  /* of the first event that could not be published */
};

/* An event that was not published; the others go on. line is 0 for the one of the command line. */
static void
complain(struct pub *p, int64_t line, const struct error *e)
{
	if (line > 0)
		fprintf(stderr, "mci-events: line %" PRId64 ": %s\n", line, e->text);
	else
		fprintf(stderr, "mci-events: %s\n", e->text);
	if (p->status == 0)
		p->status = error_status(e);
}

static void
end_when_done(struct pub *p)
{
	if (p->input == NULL && publisher_waiting(p->publisher) == 0)
		loop_stop(p->loop, p->status);
}

static void
taken(void *arg, int64_t tag, int64_t repeats)
{
	(void)tag;
	(void)repeats;
	end_when_done(arg);
}

static void
refused(void *arg, int64_t tag, const struct error *why)
{
	complain(arg, tag, why);
}

static void
room(void *arg)
{
	struct pub *p = arg;

	if (p->input != NULL)
		link_pause(p->input, 0);
}

static void
too_late(void *arg)
{
	struct pub *p = arg;

	p->deadline = NULL;
	fprintf(stderr, "mci-events: %s: the hub is away for too long\n", p->address);
	loop_stop(p->loop, 75);
}

static void
outage(void *arg, const struct error *why)
{
	struct pub *p = arg;

	if (why == NULL) {
		loop_cancel(p->loop, p->deadline);
		p->deadline = NULL;
		fprintf(stderr, "mci-events: %s: the hub is back\n", p->address);
		return;
	}
	/* a program that could not reach the hub is a connect that failed */
	if (strncmp(p->address, "exec:", 5) == 0 && !publisher_heard(p->publisher)) {
		fprintf(stderr, "mci-events: %s\n", why->text);
		loop_stop(p->loop, error_status(why));
		return;
	}
	fprintf(stderr, "mci-events: %s: trying again\n", why->text);
	if (p->options->timeout > 0)
		p->deadline = loop_after(p->loop, p->options->timeout, too_late, p);
}

static const struct publisher_events publisher_events = {
	.taken = taken, .refused = refused, .room = room, .outage = outage,
};

/* The event without what its hub set, and with a time. No newline. */
static void
own_event(struct bytes *into, const struct message *m)
{
	AUTO_BYTES plain = { 0 }, time = { 0 };

	if (m->time.n > 0 && m->offset.n == 0 && m->received.n == 0) {
		bytes_add(into, m->line.p, m->line.n);
		return;
	}
	message_unsplice(&plain, m);
	if (m->time.n > 0) {
		bytes_add(into, plain.data, plain.len);
		return;
	}
	emit_time(&time, "time", kernel.wall());
	message_splice(into, (struct span){ time.data, time.len }, plain.data, plain.len);
	into->len--;
}

static int
add(struct pub *p, struct span line, int64_t number, struct error *e)
{
	AUTO_BYTES event = { 0 };
	struct message m;

	if (message_read(&m, line.p, line.n, e) < 0)
		return -1;
	if (m.kind != MESSAGE_EVENT)
		return error_set(e, ERROR_INPUT, "type: missing; expected an event such as "
		    "{\"type\":\"deploy/done\"}");
	own_event(&event, &m);
	if (event.len > PUBLISHER_EVENT)
		return error_set(e, ERROR_INPUT, "the event has %zu bytes, at most %d can be published",
		    event.len, PUBLISHER_EVENT);
	publisher_add(p->publisher, (struct span){ event.data, event.len }, number);
	return 0;
}

static void
input_line(void *arg, struct link *l, struct span line, int *fds, int nfds)
{
	struct pub *p = arg;
	int64_t number = (int64_t)link_line_number(l);
	AUTO_BYTES read = { 0 };
	struct error e = { 0 };

	for (int i = 0; i < nfds; i++)
		close(fds[i]);
	if (p->options->format != NULL && strcmp(p->options->format, "cloudevents") == 0) {
		if (cloudevent_read(&read, line, &e) < 0) {
			complain(p, number, &e);
			return;
		}
		line = (struct span){ read.data, read.len };
	}
	if (add(p, line, number, &e) < 0)
		complain(p, number, &e);
	else if (publisher_full(p->publisher))
		link_pause(l, 1);
}

static void
input_too_long(void *arg, struct link *l, uint64_t number, struct span head)
{
	struct error e;

	(void)l;
	(void)head;
	error_set(&e, ERROR_INPUT, "longer than %d bytes", LINE_LIMIT);
	complain(arg, (int64_t)number, &e);
}

static void
input_closed(void *arg, struct link *l, const struct error *why)
{
	struct pub *p = arg;

	(void)l;
	p->input = NULL;
	if (why->code != ERROR_NONE) {
		fprintf(stderr, "mci-events: %s\n", why->text);
		if (p->status == 0)
			p->status = error_status(why);
	}
	end_when_done(p);
}

static const struct link_events input_events = {
	.line = input_line, .too_long = input_too_long, .closed = input_closed,
};

/* The end of a round: what one read has brought goes together. */
static void
go(void *arg)
{
	struct pub *p = arg;

	publisher_go(p->publisher);
}

/* One that says its time has no other. */
static bool
says_time(int n, char **pairs)
{
	for (int i = 0; i < n; i++) {
		if (strncmp(pairs[i], "time=", 5) == 0 || strncmp(pairs[i], "time:=", 6) == 0)
			return true;
	}
	return false;
}

static void
words_open(struct bytes *line, int argc, char **argv)
{
	if (!says_time(argc - 1, argv + 1)) {
		emit_event(line, argv[0]);
		return;
	}
	emit_open(line);
	emit_text(line, "type", argv[0]);
}

/* What is meant, but may not be said. */
static int
words_check(const struct message *m, struct error *e)
{
	struct error why;
	int64_t ns;

	if (m->offset.n > 0 || m->received.n > 0)
		return error_set(e, ERROR_USAGE, "%s: set by the hub; leave it out",
		    m->offset.n > 0 ? "offset" : "received");
	if (timestamp_parse(m->time.p, m->time.n, &ns, &why) < 0)
		return error_set(e, ERROR_USAGE, "time: %s", why.text);
	return 0;
}

/* The event of the command line. What it says is meant: nothing is left out of it, as it is from
 * another hub's events. */
static int
add_words(struct pub *p, int argc, char **argv, struct error *e)
{
	AUTO_BYTES line = { 0 };
	struct message m;

	if (!contract_type_ok((struct span){ argv[0], strlen(argv[0]) }))
		return error_set(e, ERROR_USAGE, "'%s' is no type such as deploy/done", argv[0]);
	words_open(&line, argc, argv);
	if (pairs_emit(&line, argc - 1, argv + 1, e) < 0)
		return -1;
	bytes_char(&line, '}');
	if (message_read(&m, line.data, line.len, e) == 0 && words_check(&m, e) < 0)
		return -1;
	return add(p, (struct span){ line.data, line.len }, 0, e);
}

static int
begin(struct pub *p, int argc, char **argv, struct error *e)
{
	int input;

	if (argc > 0 && add_words(p, argc, argv, e) < 0)
		return -1;
	if (publisher_connect(p->publisher, e) < 0)
		return -1;
	if (argc > 0)
		return 0;
	input = address_own(STDIN_FILENO, O_RDONLY);
	if (input < 0)
		return error_sys(e, "standard input");
	p->input = link_take(p->loop, input, -1, &input_events, p, e);
	return p->input == NULL ? -1 : 0;
}

static int
publish(struct pub *p, int argc, char **argv, struct error *e)
{
	const char *sync = p->options->sync != NULL ? p->options->sync : "os";
	int status = -1;

	p->publisher = publisher_new(p->loop, p->address, sync, &publisher_events, p, e);
	if (p->publisher == NULL)
		return -1;
	loop_on_idle(p->loop, go, p);
	if (begin(p, argc, argv, e) == 0) {
		publisher_go(p->publisher);
		status = loop_run(p->loop, e);
	}
	loop_on_idle(p->loop, NULL, NULL);
	link_close(p->input);
	loop_cancel(p->loop, p->deadline);
	publisher_free(p->publisher);
	connect_reap(p->loop);
	return status;
}

static int
run(void *arg, int argc, char **argv)
{
	struct error e;
	AUTO_FREE char *address = serve_address(&hub_program, ((struct options *)arg)->address, &e);
	struct pub p = { .options = arg, .address = address };
	int status = -1;

	if (address != NULL)
		p.loop = loop_new(&e);
	if (p.loop != NULL)
		status = publish(&p, argc, argv, &e);
	loop_free(p.loop);
	return status < 0 ? option_fail("mci-events", &e) : status;
}

const struct command events_pub_command = {
	.program = "mci-events", .verb = "pub", .operands = "[TYPE [K=V|K:=JSON]...]",
	.summary = "publish an event, or those on standard input", .options = options,
	.noptions = sizeof(options) / sizeof(options[0]), .max_operands = SIZE_MAX, .run = run,
	.size = sizeof(struct options),
};
