#include "attemptnotes.h"

#include "entries.h"
#include "events.h"
#include "kernel.h"
#include "message.h"
#include "output.h"

static void
note_came(void *arg, struct span line, bool json)
{
	struct attempt *a = arg;
	struct scan_value warning;

	output_catch_up(a);
	a->warnings += json && message_member(line.p, line.n, "warning", &warning, NULL) > 0 &&
	    warning.type == SCAN_STRING;
	event_note(a, line, json);
}

void
attemptnotes_entry(struct attempt *a)
{
	a->entry_start = kernel.now();
	if (a->part.n > 0)
		event_command_start(a);
}

void
attemptnotes_entry_end(struct attempt *a, int status)
{
	if (a->part.n == 0)
		return;
	if (a->part.entries[a->entry - a->first].name != NULL)
		output_catch_up(a);
	event_command_end(a, status);
}

/* The shell says that it begins an entry. Only the one that follows can be true. */
static void
entry_begun(void *arg, size_t index, int status)
{
	struct attempt *a = arg;
	bool waits;

	if (!a->command.tells || a->first + index != a->entry + 1 || index >= a->part.n)
		return;
	waits = entries_wait(a->part.entries, index);
	if (waits)
		output_catch_up(a);
	attemptnotes_entry_end(a, status);
	a->entry++;
	attemptnotes_entry(a);
	/* a pipe takes more lines than there may be entries; a shell that is gone waits for nothing */
	if (waits)
		(void)kernel_write_all(a->wait, "\n", 1);
}

int
attemptnotes_open(struct attempt *a, struct error *e)
{
	if (a->notes_ready || a->site->settings->argv != NULL)
		return 0;
	a->notes.note = note_came;
	a->notes.command = entry_begun;
	a->notes.arg = a;
	if (notes_open(&a->notes, a->site->loop, e) < 0)
		return -1;
	a->notes_ready = true;
	return 0;
}
