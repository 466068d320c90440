#include "statusline.h"

#include <string.h>

#include "duration.h"
#include "terminal.h"
#include "timestamp.h"

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
elapsed_add(struct output *o, int64_t elapsed)
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
	if (j->elapsed > 0 || j->exit >= 0)
		elapsed_add(o, j->elapsed);
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
statusline_job(struct output *o, const struct fold *f, const struct fold_job *j,
    const struct message *m, struct error *e)
{
	struct scan_value v;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!span_is(m->type, rows[i].type))
			continue;
		if (rows[i].member != NULL &&
		    message_member(m->line.p, m->line.n, rows[i].member, &v, NULL) != 1)
			continue;
		head_add(o, f, j->id, output_color(j->order + 1));
		rows[i].add(o, j);
		bytes_char(&o->buffer, '\n');
		return output_batch(o, e);
	}
	return 0;
}

int
statusline_build(struct output *o, const struct fold *f, struct error *e)
{
	head_add(o, f, f->build != NULL ? f->build : "build", NULL);
	status_add(o, f->status);
	bytes_text(&o->buffer, ": ");
	fold_counts(&o->buffer, f);
	elapsed_add(o, f->elapsed);
	bytes_char(&o->buffer, '\n');
	if (f->message != NULL) {
		head_add(o, f, f->build != NULL ? f->build : "build", NULL);
		terminal_safe(&o->buffer, f->message, strlen(f->message), false);
		bytes_char(&o->buffer, '\n');
	}
	return output_batch(o, e);
}
