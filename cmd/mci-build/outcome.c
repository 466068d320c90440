#include "outcome.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

void
outcome_note(const struct outcome *o, const char *format, ...)
{
	AUTO_BYTES masked = { 0 };
	char text[2048];
	va_list ap;

	if (o->drawn)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	mask_text(o->mask, &masked, text, strlen(text));
	fprintf(stderr, "mci-build: %s\n", bytes_string(&masked));
}

void
outcome_break(struct outcome *o, int exit_status, const struct error *why)
{
	if (o->broken)
		return;
	o->broken = true;
	o->broken_exit = exit_status;
	o->why = *why;
	mask_error(o->mask, &o->why);
	outcome_note(o, "%s", o->why.text);
}

void
outcome_cancel(struct outcome *o, int exit_status, const char *reason)
{
	if (o->canceled || o->finished)
		return;
	o->canceled = true;
	o->cancel_exit = exit_status;
	o->reason = xstrdup(reason);
}

void
outcome_cut(struct outcome *o, const char *why)
{
	if (o->cut)
		return;
	outcome_note(o, "%s: the build is let go", why);
	o->cut = true;
}

bool
outcome_fence(struct outcome *o, const char *why)
{
	if (o->ordered)
		outcome_cut(o, why);
	return o->ordered;
}

bool
outcome_ends(const struct outcome *o)
{
	return o->canceled || o->broken;
}

/* The first row that holds: among jobs failure outranks error, and what ends the build outranks both. */
enum status
outcome_verdict(const struct outcome *o, int *exit_status)
{
	const struct {
		bool holds;
		enum status status;
		int exit_status;
	} rows[] = {
		{ o->canceled, STATUS_CANCELED, o->cancel_exit },
		{ o->broken, STATUS_ERROR, o->broken_exit },
		{ o->failed, STATUS_FAILURE, EXIT_BUILD_FAILURE },
		{ o->errored, STATUS_ERROR, EXIT_BUILD_ERROR },
		{ true, STATUS_SUCCESS, EXIT_BUILD_SUCCESS },
	};
	size_t row = 0;

	while (!rows[row].holds)
		row++;
	*exit_status = rows[row].exit_status;
	return rows[row].status;
}

void
outcome_free(struct outcome *o)
{
	free(o->reason);
	o->reason = NULL;
}
