#include "output.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "record.h"
#include "standard.h"
#include "terminal.h"
#include "timestamp.h"

/* What is gathered before it is written. */
#define BATCH 65536

void
output_init(struct output *o, const char *color)
{
	o->terminal = isatty(STDOUT_FILENO);
	o->color = terminal_color(STDOUT_FILENO, color);
	o->safe.color = o->color;
}

int
output_flush(struct output *o, struct error *e)
{
	if (o->buffer.len > 0 &&
	    standard_write(STDOUT_FILENO, o->buffer.data, o->buffer.len) < 0)
		return error_sys(e, "write standard output");
	o->buffer.len = 0;
	return 0;
}

int
output_batch(struct output *o, struct error *e)
{
	return o->buffer.len < BATCH ? 0 : output_flush(o, e);
}

/* A job's colour: the same wherever it appears; none that means failure. */
const char *
output_color(size_t place)
{
	static const char *const colors[] = { "\033[36m", "\033[33m", "\033[32m", "\033[35m",
		"\033[34m", "\033[96m", "\033[93m", "\033[92m", "\033[95m", "\033[94m" };

	return colors[place % (sizeof(colors) / sizeof(colors[0]))];
}

static void
line_head(struct output *o, const struct source *s)
{
	struct bytes *b = &o->buffer;

	if (o->time) {
		timestamp_write(b, s->time);
		bytes_char(b, ' ');
	}
	if (!o->prefix)
		return;
	if (o->color)
		bytes_text(b, output_color(s->place));
	bytes_text(b, s->name);
	bytes_text(b, " | ");
	if (o->color)
		bytes_text(b, "\033[0m");
}

/* The line's bytes up to end; on a terminal what could be obeyed is shown. */
static int
add_text(struct output *o, struct source *s, int64_t end, struct error *e)
{
	for (int64_t at = s->at; at < end;) {
		struct span piece;
		int64_t left = end - at;

		if (source_piece(s, at, left < WINDOW_SIZE ? (size_t)left : WINDOW_SIZE, &piece, e) < 0)
			return -1;
		if (piece.n == 0)
			break;
		if (o->terminal)
			safe_add(&o->safe, &o->buffer, piece.p, piece.n);
		else
			bytes_add(&o->buffer, piece.p, piece.n);
		at += (int64_t)piece.n;
		if (output_batch(o, e) < 0)
			return -1;
	}
	return 0;
}

static int
text_line(struct output *o, struct source *s, int64_t end, struct error *e)
{
	line_head(o, s);
	if (add_text(o, s, end, e) < 0)
		return -1;
	if (o->terminal)
		safe_end(&o->safe, &o->buffer);
	/* one job's colour does not run into the next one's line */
	if (o->prefix)
		output_reset(o);
	bytes_char(&o->buffer, '\n');
	return output_batch(o, e);
}

static int
json_line(struct output *o, struct source *s, int64_t end, struct error *e)
{
	int64_t at = s->at;
	int more;

	do {
		more = record_piece(&o->buffer, s, &at, end, o->context, e);
		if (more < 0 || output_batch(o, e) < 0)
			return -1;
	} while (more > 0);
	return 0;
}

int
output_line(struct output *o, struct source *s, struct error *e)
{
	struct span last;
	int64_t end = s->end;

	if (source_piece(s, end - 1, 1, &last, e) < 0)
		return -1;
	end -= last.n == 1 && *last.p == '\n';
	return o->json ? json_line(o, s, end, e) : text_line(o, s, end, e);
}

int
output_heading(struct output *o, const struct source *s, struct span text, struct error *e)
{
	line_head(o, s);
	if (o->color)
		bytes_text(&o->buffer, "\033[1m");
	if (o->terminal)
		terminal_safe(&o->buffer, text.p, text.n, false);
	else
		bytes_add(&o->buffer, text.p, text.n);
	bytes_text(&o->buffer, o->color ? "\033[0m\n" : "\n");
	return output_batch(o, e);
}

static void
unread(void *arg, uint32_t events)
{
	(void)arg;
	(void)events;
	raise(SIGPIPE);
	_exit(128 + SIGPIPE);
}

void
output_watch(struct loop *loop)
{
	/* a regular file cannot be watched, and never leaves */
	(void)loop_watch(loop, STDOUT_FILENO, 0, unread, NULL, NULL);
}

void
output_reset(struct output *o)
{
	if (o->safe.colored)
		bytes_text(&o->buffer, "\033[0m");
	o->safe.colored = false;
}

int
output_end(struct output *o, struct error *e)
{
	safe_end(&o->safe, &o->buffer);
	output_reset(o);
	return output_flush(o, e);
}

void
output_note(struct output *o, const char *format, ...)
{
	va_list ap;

	if (o->quiet)
		return;
	(void)output_flush(o, NULL);
	va_start(ap, format);
	fputs("mci-log: ", stderr);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
	va_end(ap);
}

void
output_free(struct output *o)
{
	bytes_free(&o->buffer);
}
