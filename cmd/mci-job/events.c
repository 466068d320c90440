#include "events.h"

#include <string.h>
#include <sys/wait.h>

#include "emit.h"
#include "eventline.h"
#include "kernel.h"
#include "limits.h"
#include "mask.h"

/* What command/start shows of an entry; the whole is in the plan. */
#define TEXT_LIMIT 4096

void
event_initializing(struct attempt *a)
{
	struct bytes *b = eventline_open(a, "job/initializing");

	if (b != NULL)
		emit_line(b);
}

void
event_start(struct attempt *a)
{
	struct bytes *b = eventline_open(a, "job/start");

	if (b == NULL)
		return;
	emit_integer(b, "pid", child_pid(a->leader));
	emit_text(b, "runner", runners_choose(&a->spec, a->site->settings->runner));
	limits_event(b, a);
	eventline_ports(b, &a->spec, &a->place);
	emit_line(b);
}

/* Cut where a character begins. */
static size_t
shown(const char *text)
{
	size_t n = strlen(text);

	if (n <= TEXT_LIMIT)
		return n;
	for (n = TEXT_LIMIT; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80; n--)
		;
	return n;
}

/* Whether the process was given several entries and cannot tell which it is at. */
static bool
is_joined(const struct attempt *a)
{
	return a->part.n > 1 && !a->command.tells;
}

/* The entry that runs, of those of its process. */
static const struct spec_entry *
entry_of(const struct attempt *a)
{
	return &a->part.entries[a->entry - a->first];
}

/* Entries of finally count on behind those of the script. */
static int64_t
number_of(const struct attempt *a)
{
	return (int64_t)(a->entry + (a->closing ? a->spec.nscript : 0));
}

/* The entry; all of them where an interpreter that cannot tell runs them as one file. Masked before it is
 * cut: of a secret that is cut nothing would be found. */
static void
text_of(const struct attempt *a, struct bytes *text)
{
	AUTO_BYTES whole = { 0 };

	bytes_text(&whole, entry_of(a)->run);
	for (size_t i = 1; i < a->part.n && is_joined(a); i++) {
		bytes_char(&whole, '\n');
		bytes_text(&whole, a->part.entries[i].run);
	}
	mask_text(a->site->mask, text, bytes_string(&whole), whole.len);
}

/* What people call it; false when they do not. */
static bool
name_of(const struct attempt *a, struct bytes *name)
{
	const char *text = is_joined(a) ? NULL : entry_of(a)->name;

	if (text != NULL)
		mask_text(a->site->mask, name, text, strlen(text));
	return text != NULL;
}

/* An entry with a name is a section of the log: how is NULL where it begins. */
static void
section(struct attempt *a, struct span name, const char *how)
{
	struct bytes *b = eventline_open(a, "log/annotated");

	if (b == NULL)
		return;
	emit_integer(b, "at", a->log.size);
	emit_key(b, "note");
	emit_open(b);
	emit_span(b, "section", name);
	if (how != NULL)
		emit_bool(b, how, true);
	bytes_char(b, '}');
	emit_line(b);
}

void
event_command_start(struct attempt *a)
{
	AUTO_BYTES text = { 0 };
	AUTO_BYTES name = { 0 };
	struct bytes *b = eventline_open(a, "command/start");
	const char *whole;
	bool named;

	if (b == NULL)
		return;
	named = name_of(a, &name);
	text_of(a, &text);
	emit_integer(b, "command", number_of(a));
	if (named)
		emit_span(b, "name", (struct span){ name.data, name.len });
	whole = bytes_string(&text);
	emit_span(b, "text", (struct span){ whole, shown(whole) });
	emit_line(b);
	if (named)
		section(a, (struct span){ name.data, name.len }, NULL);
}

void
event_command_end(struct attempt *a, int exit)
{
	AUTO_BYTES name = { 0 };
	struct bytes *b = eventline_open(a, "command/end");

	if (b == NULL)
		return;
	emit_integer(b, "command", number_of(a));
	emit_integer(b, "exit", exit);
	emit_seconds(b, "elapsed", kernel.now() - a->entry_start);
	emit_line(b);
	if (!name_of(a, &name))
		return;
	/* what failed is not to be folded away */
	if (exit != 0)
		section(a, (struct span){ name.data, name.len }, "reopen");
	section(a, (struct span){ name.data, name.len }, "end");
}

static void
usage_put(struct bytes *b, const struct attempt *a)
{
	if (a->start == 0)
		return;
	emit_seconds(b, "elapsed", kernel.now() - a->start);
	emit_seconds(b, "user", a->user);
	emit_seconds(b, "system", a->system);
	emit_integer(b, "maxrss", a->maxrss);
}

static void
log_put(struct bytes *b, const struct attempt *a)
{
	if (a->start == 0 && a->log.size == 0)
		return;
	emit_integer(b, "bytes", a->log.size);
	if (a->log.first != 0) {
		emit_time(b, "first-output", a->log.first);
		emit_time(b, "last-output", a->log.last);
	}
}

void
event_executed(struct attempt *a, const char *reason, struct span outputs)
{
	struct bytes *b = eventline_open(a, "job/executed");

	if (b == NULL)
		return;
	emit_text(b, "reason", reason);
	if (strcmp(reason, "exit") == 0)
		emit_integer(b, "exit", WEXITSTATUS(a->status));
	else if (strcmp(reason, "signal") == 0)
		emit_integer(b, "signal", WTERMSIG(a->status));
	if (a->error.code != ERROR_NONE)
		emit_text(b, "error", a->error.text);
	usage_put(b, a);
	log_put(b, a);
	if (outputs.n > 0)
		emit_raw(b, "outputs", outputs);
	if (a->warnings > 0)
		emit_integer(b, "warnings", a->warnings);
	if (a->log.dropped > 0)
		emit_bool(b, "truncated", true);
	emit_line(b);
}

/* A NUL byte, which no text may hold, is shown as other bytes are that no text can hold. */
static void
note_text(struct bytes *b, struct span text)
{
	AUTO_BYTES shown_text = { 0 };

	for (size_t i = 0; i < text.n; i++)
		bytes_add(&shown_text, text.p[i] == '\0' ? "\xff" : text.p + i, 1);
	emit_span(b, "text", (struct span){ shown_text.data, shown_text.len });
}

void
event_note(struct attempt *a, struct span line, bool json)
{
	struct bytes *b = eventline_open(a, "log/annotated");
	AUTO_BYTES masked = { 0 };

	if (b == NULL)
		return;
	emit_integer(b, "at", a->log.size);
	if (json) {
		mask_json(a->site->mask, &masked, line.p, line.n);
		emit_raw(b, "note", (struct span){ masked.data, masked.len });
	} else {
		mask_text(a->site->mask, &masked, line.p, line.n);
		note_text(b, (struct span){ masked.data, masked.len });
	}
	emit_line(b);
}

void
event_dropped(struct report *r, const char *job, int attempt)
{
	struct bytes *b = eventline_open_of(r, "job/executed", job, attempt);

	if (b == NULL)
		return;
	emit_text(b, "reason", "canceled");
	emit_line(b);
}

void
event_error(struct report *r, uint64_t line, const char *error_name, const char *text)
{
	struct bytes *b = &r->out;

	if (!r->events || r->lost)
		return;
	emit_event(b, "error");
	emit_integer(b, "line", (int64_t)line);
	emit_text(b, "error", error_name);
	emit_text(b, "text", text);
	emit_line(b);
}
