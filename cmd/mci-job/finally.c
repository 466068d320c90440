#include "finally.h"

void
finally_begin(struct attempt *a, loop_due *over)
{
	int64_t left = a->timeout == NULL ? GRACE : loop_left(a->timeout);
	bool limited = a->timeout != NULL || a->reason != NULL || a->hurried;

	if (a->reason != NULL || a->hurried || left < GRACE)
		left = GRACE;
	loop_cancel(a->site->loop, a->timeout);
	loop_cancel(a->site->loop, a->quiet);
	loop_cancel(a->site->loop, a->grace);
	a->timeout = limited ? loop_after(a->site->loop, left, over, a) : NULL;
	a->quiet = a->grace = NULL;
	a->closing = true;
	a->entry = 0;
}

void
finally_hurry(struct attempt *a, loop_due *over)
{
	if (a->timeout != NULL && loop_left(a->timeout) <= GRACE)
		return;
	loop_cancel(a->site->loop, a->timeout);
	a->timeout = loop_after(a->site->loop, GRACE, over, a);
}
