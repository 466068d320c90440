#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "kernel.h"
#include "loop.h"
#include "memory.h"
#include "message.h"
#include "standard.h"
#include "stored.h"
#include "timestamp.h"
#include "verbs.h"

struct options {
	const char *speed;
};

static const struct option options[] = {
	{ .name = "speed", .value = "N",
	  .help = "at N times the pace at which they came (default: at once)",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, speed) },
};

static int
put(struct span lines, struct error *e)
{
	return standard_write(STDOUT_FILENO, lines.p, lines.n) < 0 ?
	    error_sys(e, "write standard output") : 0;
}

static int
replay_at_once(struct stored *s, struct error *e)
{
	struct span lines;
	int got;

	while ((got = stored_lines(s, &lines, e)) > 0) {
		if (put(lines, e) < 0)
			return -1;
	}
	return got;
}

/* The pace of a replay: what was the time in the log, and here. */
struct pace {
	struct loop *loop;
	double speed;
	int64_t began, now; /* time of the first event, and the clock then; now 0: no event yet */
	bool unread;        /* the reader of standard output has left */
};

/* When an event is due, by kernel.now(); 0 when it has no time. */
static int64_t
due(struct pace *p, struct span line)
{
	struct scan_value v;
	int64_t time;

	if (message_member(line.p, line.n, "time", &v, NULL) != 1 || v.type != SCAN_STRING ||
	    timestamp_parse(v.raw.p + 1, v.raw.n - 2, &time, NULL) < 0)
		return 0;
	if (p->now == 0) {
		p->began = time;
		p->now = kernel.now();
	}
	return p->now + (int64_t)((double)(time - p->began) / p->speed);
}

static void
unread(void *arg, uint32_t events)
{
	struct pace *p = arg;

	(void)events;
	p->unread = true;
}

static int
replay_paced(struct stored *s, struct pace *p, struct error *e)
{
	struct span line;
	int got;

	while ((got = stored_line(s, &line, e)) > 0) {
		int64_t at = due(p, line);

		while (!p->unread && kernel.now() < at) {
			if (loop_round(p->loop, at, e) < 0)
				return -1;
		}
		if (p->unread)
			return 128 + SIGPIPE;
		/* its newline stands behind it */
		line.n++;
		if (put(line, e) < 0)
			return -1;
	}
	return got;
}

/* N, as a decimal number over 0. */
static int
read_speed(const char *text, double *speed, struct error *e)
{
	struct scan_value v = { SCAN_NUMBER, { text, strlen(text) } };
	enum scan_type type;
	int64_t billionths;

	if (scan_check(text, v.raw.n, &type, NULL) < 0 || type != SCAN_NUMBER ||
	    scan_seconds(&v, &billionths, NULL) < 0 || billionths <= 0)
		return error_set(e, ERROR_USAGE, "--speed: expected a number over 0, found '%.40s'", text);
	*speed = (double)billionths / 1e9;
	return 0;
}

static int
replay(const struct options *o, struct stored *s, struct error *e)
{
	struct pace p = { 0 };
	int result;

	if (o->speed == NULL)
		return replay_at_once(s, e);
	if (read_speed(o->speed, &p.speed, e) < 0 || (p.loop = loop_new(e)) == NULL)
		return -1;
	/* a regular file cannot be watched, and never leaves */
	loop_watch(p.loop, STDOUT_FILENO, 0, unread, &p, NULL);
	result = replay_paced(s, &p, e);
	loop_free(p.loop);
	return result;
}

static int
run(void *arg, int argc, char **argv)
{
	const struct options *o = arg;
	struct stored s;
	struct error e;
	int result = stored_find(&s, argc > 0 ? argv[0] : "@", &e);

	if (result == 0)
		result = replay(o, &s, &e);
	stored_free(&s);
	return result < 0 ? option_fail("mci-events", &e) : result;
}

const struct command events_replay_command = {
	.program = "mci-events", .verb = "replay", .operands = "[FILE|DIR|BUILD]",
	.summary = "print stored events", .options = options,
	.noptions = sizeof(options) / sizeof(options[0]), .max_operands = 1, .complete = "builds",
	.run = run, .size = sizeof(struct options),
};
