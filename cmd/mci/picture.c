#include "picture.h"

#include <langinfo.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "duration.h"
#include "kernel.h"
#include "memory.h"
#include "option.h"
#include "terminal.h"

/* Names are shown whole up to this width where the terminal has room. */
#define ID_WIDTH 32
/* "23h59m" and a column of air. */
#define TIME_WIDTH 7

static const struct look {
	const char *shape, *ascii, *color;
} looks[STATUS_N] = {
	[STATUS_PENDING] = { "○", ".", "2" },
	[STATUS_QUEUED] = { "○", ".", "2" },
	[STATUS_INITIALIZING] = { "●", "*", "33" },
	[STATUS_RUNNING] = { "●", "*", "33" },
	[STATUS_BLOCKED] = { "◆", "?", "35" },
	[STATUS_SUCCESS] = { "✓", "+", "32" },
	[STATUS_FAILURE] = { "✗", "x", "31" },
	[STATUS_ERROR] = { "!", "!", "1;31" },
	[STATUS_SKIPPED] = { "–", "-", "2" },
	[STATUS_CANCELED] = { "■", "#", "35" },
};

void
picture_open(struct picture *p, int fd)
{
	*p = (struct picture){
		.color = terminal_color(fd, option_common.color),
		.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
		.now = kernel.wall(),
	};
}

/* What people call it. */
static const char *
label(const struct fold_job *j)
{
	return j->name != NULL ? j->name : j->id;
}

void
picture_widen(struct picture *p, const struct fold_job *j)
{
	AUTO_BYTES text = { 0 };
	int n = j->name == NULL ? (int)strnlen(j->id, ID_WIDTH) :
	    terminal_squeeze(&text, j->name, strlen(j->name), ID_WIDTH);

	if (n > p->id_width)
		p->id_width = n;
}

void
picture_paint(struct bytes *b, const struct picture *p, const char *sgr)
{
	if (p->color)
		bytes_format(b, "\033[%sm", sgr);
}

const char *
picture_color(enum status s)
{
	return looks[s].color;
}

/* One status as its mark, coloured. */
static void
mark_add(struct bytes *b, const struct picture *p, enum status s)
{
	picture_paint(b, p, looks[s].color);
	bytes_text(b, p->utf8 ? looks[s].shape : looks[s].ascii);
	picture_paint(b, p, "");
}

void
picture_reason(struct bytes *b, const struct fold_job *j)
{
	size_t from = b->len;

	if (j->status != STATUS_SUCCESS)
		fold_reason(b, j);
	if (j->allowed)
		bytes_text(b, b->len > from ? ", allowed" : "allowed");
	if (j->cached)
		bytes_text(b, "cached");
	if (j->warnings > 0)
		bytes_format(b, "%s%d warning%s", b->len > from ? ", " : "", j->warnings,
		    j->warnings == 1 ? "" : "s");
	if (j->attempt > 1)
		bytes_format(b, "%sattempt %d", b->len > from ? ", " : "", j->attempt);
}

/* What stands behind the time: why it ended, what it waits for, or what it last said. */
static void
detail_add(struct bytes *b, const struct fold_job *j, struct span output, const char *build)
{
	switch (j->status) {
	case STATUS_PENDING:
	case STATUS_QUEUED:
		bytes_text(b, "waiting");
		break;
	case STATUS_BLOCKED:
		if (j->reason != NULL)
			bytes_format(b, "blocked: %s", j->reason);
		else
			bytes_format(b, "blocked: mci unblock %s/%s", build == NULL ? "BUILD" : build,
			    j->id);
		break;
	case STATUS_INITIALIZING:
	case STATUS_RUNNING:
		if (output.n > 0)
			bytes_add(b, output.p, output.n);
		else if (j->step != NULL)
			bytes_text(b, j->step);
		else if (j->text != NULL)
			bytes_format(b, "$ %s", j->text);
		break;
	default:
		picture_reason(b, j);
	}
}

/* Whole seconds for what still runs: tenths would flicker. Clocks of two machines may differ. */
static void
running_time(struct bytes *b, int64_t ran)
{
	if (ran < 10 * SECOND)
		bytes_format(b, "%ds", (int)(ran < 0 ? 0 : ran / SECOND));
	else
		duration_show(b, ran);
}

static void
time_add(struct bytes *b, const struct picture *p, const struct fold_job *j)
{
	if (j->started == 0 && j->elapsed == 0)
		return;
	if (status_ended(j->status))
		duration_show(b, j->elapsed > 0 || j->ended == 0 ? j->elapsed : j->ended - j->started);
	else
		running_time(b, p->now - j->started);
}

/* Adds text in width columns: shortened, or filled with spaces on one side. */
static void
column_add(struct bytes *b, struct span text, int width, bool right)
{
	AUTO_BYTES cut = { 0 };
	int gap = width - terminal_squeeze(&cut, text.p, text.n, width);

	if (!right)
		bytes_add(b, cut.data, cut.len);
	for (; gap > 0; gap--)
		bytes_char(b, ' ');
	if (right)
		bytes_add(b, cut.data, cut.len);
}

void
picture_job(struct bytes *b, const struct picture *p, const struct fold_job *j,
    struct span output, const char *build)
{
	AUTO_BYTES time = { 0 };
	AUTO_BYTES detail = { 0 };
	struct span id = { label(j), strlen(label(j)) };
	int width = p->id_width;
	int left = p->columns - 2 - TIME_WIDTH;

	if (p->columns > 0 && width > left * 2 / 3)
		width = left * 2 / 3;
	if (p->columns == 0 && width < (int)id.n)
		width = (int)id.n;
	left = p->columns == 0 ? 4096 : left - width - 2;
	time_add(&time, p, j);
	detail_add(&detail, j, output, build);
	mark_add(b, p, j->status);
	bytes_char(b, ' ');
	column_add(b, id, width, false);
	column_add(b, (struct span){ time.data, time.len }, TIME_WIDTH, true);
	if (detail.len > 0 && left > 3) {
		bytes_text(b, "  ");
		picture_paint(b, p, j->status < STATUS_BLOCKED ? "2" : looks[j->status].color);
		terminal_fit(b, detail.data, detail.len, left);
		picture_paint(b, p, "");
	}
	while (b->len > 0 && b->data[b->len - 1] == ' ')
		b->len--;
	bytes_char(b, '\n');
}

void
picture_status(struct bytes *b, const struct picture *p, const struct fold *f)
{
	AUTO_BYTES text = { 0 };

	if (f->started != 0) {
		running_time(&text, p->now - f->started);
		bytes_text(&text, "  ");
	}
	if (f->njobs > 0 || f->message == NULL)
		fold_counts(&text, f);
	/* what a build waits for, while it does */
	if (f->message != NULL) {
		bytes_text(&text, f->njobs > 0 ? "  " : "");
		terminal_safe(&text, f->message, strlen(f->message), false);
	}
	picture_paint(b, p, "2");
	terminal_fit(b, text.data, text.len, p->columns == 0 ? 4096 : p->columns);
	picture_paint(b, p, "");
	bytes_char(b, '\n');
}

void
picture_summary(struct bytes *b, const struct picture *p, const struct fold *f)
{
	/* one that waited for its folder may have ended before it was started */
	if (f->started != 0 || f->ended != 0) {
		picture_paint(b, p, looks[f->status].color);
		bytes_text(b, f->ended != 0 ? status_name(f->status) : "not ended");
		picture_paint(b, p, "");
		bytes_text(b, ": ");
	}
	fold_counts(b, f);
	if (f->ended != 0) {
		bytes_text(b, " in ");
		duration_show(b, f->elapsed > 0 || f->started == 0 ? f->elapsed : f->ended - f->started);
	}
	bytes_char(b, '\n');
	if (f->message != NULL) {
		terminal_safe(b, f->message, strlen(f->message), false);
		bytes_char(b, '\n');
	}
}
