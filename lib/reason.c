#include "reason.h"

#include <string.h>

void
reason_add(struct bytes *into, const struct reason *r)
{
	const char *signal = r->signal > 0 ? sigabbrev_np(r->signal) : NULL;

	if (span_is(r->name, "exit") && r->exit >= 0) {
		bytes_format(into, "exit %d", r->exit);
	} else if (span_is(r->name, "signal") && signal != NULL) {
		bytes_format(into, "SIG%s", signal);
	} else if (span_is(r->name, "start")) {
		bytes_text(into, "not started");
	} else {
		bytes_add(into, r->name.p, r->name.n);
	}
	if (r->error.n > 0) {
		bytes_text(into, r->name.n > 0 ? ": " : "");
		bytes_add(into, r->error.p, r->error.n);
	}
}
