#include "intake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"

int
intake_read(struct span line, struct spec *s, struct message *m, const char **error_name,
    struct error *e)
{
	*error_name = "not-json";
	if (message_read(m, line.p, line.n, e) < 0)
		return -1;
	*error_name = "invalid-request";
	if (m->kind == MESSAGE_REQUEST)
		return 0;
	if (m->kind != MESSAGE_SPEC)
		return error_set(e, ERROR_INPUT, "expected a job or a request, found %s",
		    m->kind == MESSAGE_EVENT ? "an event" : "a reply");
	return spec_read(s, line.p, line.n, SPEC_ATTEMPT, e) < 0 ? -1 : 1;
}

void
intake_nothing(struct error *e)
{
	error_set(e, ERROR_INPUT, "standard input is empty, not even a blank line: did what writes the jobs "
	    "fail?");
}

static bool
attempt_is(const void *names, uint32_t place, struct span name)
{
	return span_is(name, ((const struct bytes *)names)->data + place);
}

/* An attempt that came before would lose its log and its outputs to this one. */
static bool
first_time(struct intake *in, const struct spec *s)
{
	AUTO_BYTES name = { 0 };
	size_t place = in->names.len;

	bytes_format(&name, "%s@%d", s->id, s->attempt);
	if (nametable_put(&in->seen, (struct span){ name.data, name.len }, (uint32_t)place, attempt_is,
	    &in->names) != place)
		return false;
	bytes_text(&in->names, bytes_string(&name));
	bytes_char(&in->names, '\0');
	return true;
}

static void
take(struct intake *in, struct span line)
{
	struct error e = { 0 };
	struct message m;
	struct spec s;
	const char *error_name;
	int got;

	if (line.n == 0)
		return;
	got = intake_read(line, &s, &m, &error_name, &e);
	if (got == 0) {
		in->request(in->arg, &m);
		return;
	}
	if (got > 0 && !first_time(in, &s)) {
		error_set(&e, ERROR_INPUT, "id: attempt %d of '%s' was given before", s.attempt, s.id);
		spec_free(&s);
		got = -1;
	}
	if (got > 0)
		in->spec(in->arg, &s);
	else
		in->bad(in->arg, in->lines.number, error_name, &e);
}

static void
too_long(struct intake *in)
{
	struct error e;

	error_set(&e, ERROR_LIMIT, "the line is longer than %d bytes", LINE_LIMIT);
	in->bad(in->arg, in->lines.number, "not-json", &e);
}

static void
watch(struct intake *in, bool on);

/* End of input; the last line may lack its newline. */
static void
end(struct intake *in)
{
	struct span rest = line_rest(&in->lines);
	bool empty = in->lines.number == 0 && rest.n == 0;
	struct error e;

	watch(in, false);
	in->ended = true;
	in->lines.number++;
	take(in, rest);
	if (!empty)
		return;
	intake_nothing(&e);
	in->bad(in->arg, in->lines.number, "invalid-request", &e);
}

static void
read_more(struct intake *in)
{
	ssize_t n = line_read(&in->lines, in->fd);
	struct error e;

	if (n == 0) {
		end(in);
	} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
		error_sys(&e, "read standard input");
		intake_stop(in);
		in->bad(in->arg, in->lines.number, "system", &e);
	}
}

static void
ready(void *arg, uint32_t events)
{
	(void)events;
	read_more(arg);
	intake_pump(arg);
}

/* An input that is not wanted now is not watched: its hang-up would be reported round after round. */
static void
watch(struct intake *in, bool on)
{
	if (in->watching == on || !in->polled)
		return;
	in->watching = on;
	if (on)
		in->polled = loop_watch(in->loop, in->fd, EPOLLIN, ready, in, NULL) == 0;
	else
		loop_forget(in->loop, in->fd);
}

void
intake_open(struct intake *in, struct loop *loop)
{
	in->loop = loop;
	in->fd = STDIN_FILENO;
	in->polled = true;
}

/* Whole lines that are at hand; false when there is no room for what they might say. */
static bool
lines_take(struct intake *in)
{
	enum line_result got;
	struct span line;

	while (in->room(in->arg)) {
		if (in->ended)
			return true;
		got = line_next(&in->lines, &line);
		if (got == LINE_NONE)
			return true;
		if (got == LINE_LONG)
			too_long(in);
		else
			take(in, line);
	}
	return false;
}

void
intake_pump(struct intake *in)
{
	while (!in->ended) {
		bool room = lines_take(in);

		if (in->ended)
			return;
		watch(in, room);
		if (!room || in->polled)
			return;
		read_more(in);
	}
}

void
intake_stop(struct intake *in)
{
	watch(in, false);
	in->ended = true;
}

void
intake_close(struct intake *in)
{
	intake_stop(in);
	line_free(&in->lines);
	nametable_free(&in->seen);
	bytes_free(&in->names);
}
