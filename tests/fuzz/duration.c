/* A duration that is read can be written, and what was written is read as the same, in milliseconds. */
#include <stdint.h>
#include <stdlib.h>

#include "duration.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTO_BYTES written = { 0 };
	AUTO_BYTES shown = { 0 };
	int64_t ns, back;
	struct error e;

	if (duration_parse((const char *)data, n, &ns, &e) < 0)
		return 0;
	if (ns < 0)
		abort();
	duration_write(&written, ns);
	duration_show(&shown, ns);
	if (duration_parse(written.data, written.len, &back, NULL) < 0 ||
	    back != ns / MILLISECOND * MILLISECOND || shown.len == 0)
		abort();
	return 0;
}
