#include "output.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "duration.h"
#include "emit.h"
#include "logrecord.h"
#include "pump.h"
#include "standard.h"
#include "terminal.h"
#include "timestamp.h"
#include "utf8.h"

/* One JSON line: text is a piece of the line that source_line found. */
static void
record(struct bytes *b, struct source *s, struct span text, bool more, bool context)
{
	/* what every line of a source has alike is made once */
	if (s->head.len == 0)
		logrecord_head(&s->head, s->build, s->job, s->attempt);
	logrecord_write(b, &(struct logrecord){ { s->head.data, s->head.len }, s->time, (int64_t)s->number,
		(int)s->stream, text, more, context });
}

/* What is gathered before it is written. */
#define BATCH 65536

void
output_init(struct output *o, const char *color)
{
	o->terminal = isatty(STDOUT_FILENO);
	o->color = terminal_color(STDOUT_FILENO, color);
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
static const char *
job_color(size_t place)
{
	static const char *const colors[] = { "\033[36m", "\033[33m", "\033[32m", "\033[35m",
		"\033[34m", "\033[96m", "\033[93m", "\033[92m", "\033[95m", "\033[94m" };

	return colors[place % (sizeof(colors) / sizeof(colors[0]))];
}

/* Ends a colour that was left on. */
static void
reset(struct output *o)
{
	if (o->colored)
		bytes_text(&o->buffer, "\033[0m");
	o->colored = false;
}

void
output_text(struct output *o, struct span text)
{
	bytes_add(&o->buffer, text.p, text.n);
	if (o->terminal && o->color && !o->colored)
		o->colored = memchr(text.p, '\033', text.n) != NULL;
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
		bytes_text(b, job_color(s->place));
	bytes_text(b, s->name);
	bytes_text(b, " | ");
	if (o->color)
		bytes_text(b, "\033[0m");
}

/* The bytes from *at to end, or the file's. */
static int
add_text(struct output *o, struct source *s, int64_t *at, int64_t end, struct error *e)
{
	while (*at < end) {
		int64_t left = end - *at;
		struct span piece;

		if (source_piece(s, *at, left < SOURCE_PIECE ? (size_t)left : SOURCE_PIECE, &piece, e) < 0)
			return -1;
		if (piece.n == 0)
			break;
		output_text(o, piece);
		*at += (int64_t)piece.n;
		if (output_batch(o, e) < 0)
			return -1;
	}
	return 0;
}

static int
text_line(struct output *o, struct source *s, int64_t end, struct error *e)
{
	int64_t at = s->at;

	line_head(o, s);
	if (add_text(o, s, &at, end, e) < 0)
		return -1;
	/* one job's colour does not run into the next one's line, nor between the two bytes of its end */
	if (o->prefix && o->colored && o->buffer.len > 0 && o->buffer.data[o->buffer.len - 1] == '\r')
		o->buffer.len--;
	if (o->prefix)
		reset(o);
	bytes_char(&o->buffer, '\n');
	return output_batch(o, e);
}

/* Up to end, its newline not among it, in pieces. */
static int
json_line(struct output *o, struct source *s, int64_t end, struct error *e)
{
	int64_t at = s->at;
	bool more;

	do {
		size_t want = end - at < LOGRECORD_PIECE ? (size_t)(end - at) : LOGRECORD_PIECE;
		struct span piece;

		if (source_piece(s, at, want, &piece, e) < 0)
			return -1;
		/* a file may be cut under us */
		more = end - at > LOGRECORD_PIECE && piece.n == want;
		if (more)
			piece.n = logrecord_whole(piece.p, piece.n);
		record(&o->buffer, s, piece, more, o->context);
		at += (int64_t)piece.n;
		if (output_batch(o, e) < 0)
			return -1;
	} while (more);
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

int
output_end(struct output *o, struct error *e)
{
	reset(o);
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

/* "NAME: ", with the colour of the name's lines; NULL none. */
static void
head_add(struct output *o, const struct fold *f, const char *name, const char *color)
{
	if (o->time) {
		timestamp_write(&o->buffer, f->time);
		bytes_char(&o->buffer, ' ');
	}
	if (o->color && color != NULL)
		bytes_text(&o->buffer, color);
	terminal_safe(&o->buffer, name, strlen(name), false);
	bytes_text(&o->buffer, ": ");
	if (o->color && color != NULL)
		bytes_text(&o->buffer, "\033[0m");
}

/* Red is what went wrong, and nothing else is red. */
static void
status_add(struct output *o, enum status status)
{
	bool wrong = o->color && (status == STATUS_FAILURE || status == STATUS_ERROR);

	bytes_text(&o->buffer, wrong ? "\033[31m" : "");
	bytes_text(&o->buffer, status_name(status));
	bytes_text(&o->buffer, wrong ? "\033[0m" : "");
}

/* What stands before the reason, if there is one, and the reason: "exit 2". */
static void
reason_line(struct output *o, const char *before, const struct fold_job *j)
{
	AUTO_BYTES reason = { 0 };

	fold_reason(&reason, j);
	if (reason.len == 0)
		return;
	bytes_text(&o->buffer, before);
	terminal_safe(&o->buffer, reason.data, reason.len, false);
}

static void
took(struct output *o, int64_t elapsed)
{
	bytes_text(&o->buffer, " in ");
	duration_show(&o->buffer, elapsed);
}

static void
on_start(struct output *o, const struct fold_job *j)
{
	bytes_text(&o->buffer, "start");
	if (j->attempt > 1)
		bytes_format(&o->buffer, ", attempt %d", j->attempt);
}

/* Only what is tried again is queued with a number; the reason is that of the attempt before. */
static void
on_again(struct output *o, const struct fold_job *j)
{
	bytes_text(&o->buffer, "tried again");
	reason_line(o, " after ", j);
}

static void
on_blocked(struct output *o, const struct fold_job *j)
{
	(void)j;
	bytes_text(&o->buffer, "blocked");
}

static void
on_unblocked(struct output *o, const struct fold_job *j)
{
	(void)j;
	bytes_text(&o->buffer, "unblocked");
}

static void
on_end(struct output *o, const struct fold_job *j)
{
	status_add(o, j->status);
	if (j->allowed)
		bytes_text(&o->buffer, ", allowed");
	if (j->status != STATUS_SUCCESS)
		reason_line(o, ": ", j);
	/* also of one that was too fast for the clock */
	if (j->cached)
		bytes_text(&o->buffer, ", cached");
	else if (j->elapsed > 0 || j->exit >= 0)
		took(o, j->elapsed);
}

/* On a line of its own, to be copied. */
static void
again_add(struct output *o, const struct fold *f, const struct fold_job *j)
{
	if (j->reproduce == NULL)
		return;
	head_add(o, f, j->id, job_color(j->order + 1));
	bytes_text(&o->buffer, "again: ");
	terminal_safe(&o->buffer, j->reproduce, strlen(j->reproduce), false);
	bytes_char(&o->buffer, '\n');
}

static const struct {
	const char *type;
	const char *member; /* without it the event says nothing; NULL: always */
	void (*add)(struct output *o, const struct fold_job *j);
} rows[] = {
	{ "job/start", NULL, on_start },
	{ "job/queued", "attempt", on_again },
	{ "job/blocked", NULL, on_blocked },
	{ "job/unblocked", NULL, on_unblocked },
	{ "job/end", NULL, on_end },
};

int
output_job(struct output *o, const struct fold *f, const struct fold_job *j,
    const struct message *m, struct error *e)
{
	struct scan_value v;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!span_is(m->type, rows[i].type))
			continue;
		if (rows[i].member != NULL &&
		    message_member(m->line.p, m->line.n, rows[i].member, &v, NULL) != 1)
			continue;
		head_add(o, f, j->id, job_color(j->order + 1));
		rows[i].add(o, j);
		bytes_char(&o->buffer, '\n');
		if (rows[i].add == on_end)
			again_add(o, f, j);
		return output_batch(o, e);
	}
	return 0;
}

int
output_build(struct output *o, const struct fold *f, struct error *e)
{
	head_add(o, f, f->build != NULL ? f->build : "build", NULL);
	status_add(o, f->status);
	bytes_text(&o->buffer, ": ");
	fold_counts(&o->buffer, f);
	took(o, f->elapsed);
	bytes_char(&o->buffer, '\n');
	if (f->message != NULL) {
		head_add(o, f, f->build != NULL ? f->build : "build", NULL);
		terminal_safe(&o->buffer, f->message, strlen(f->message), false);
		bytes_char(&o->buffer, '\n');
	}
	return output_batch(o, e);
}

void
output_free(struct output *o)
{
	bytes_free(&o->buffer);
}

int
output_copy(struct output *o, struct source *s, struct error *e)
{
	struct span piece;

	if (o->terminal)
		return add_text(o, s, &s->at, s->to, e);
	if (output_flush(o, e) < 0)
		return -1;
	if (!s->stored.packed && pump_copy(s->stored.log, &s->at, s->to - s->at, STDOUT_FILENO) < 0)
		return error_sys(e, "write standard output");
	/* frame by frame */
	while (s->stored.packed && s->at < s->to) {
		if (logpack_piece(&s->stored.pack, s->at, &piece, e) < 0)
			return error_before(e, "%s: ", s->name);
		if (piece.n == 0)
			break;
		if ((int64_t)piece.n > s->to - s->at)
			piece.n = (size_t)(s->to - s->at);
		if (standard_write(STDOUT_FILENO, piece.p, piece.n) < 0)
			return error_sys(e, "write standard output");
		s->at += (int64_t)piece.n;
	}
	return 0;
}
