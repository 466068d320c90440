/* Files of credentials: nothing that stands behind an '=' is in an error. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/mci-blob-bucket/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct span text = { (const char *)data, n };
	struct profile p = { 0 };
	struct error e = { 0 };

	for (int config = 0; config < 2; config++) {
		if (profile_read(&p, config ? "other" : "default", text, config, "file", &e) < 0 &&
		    (strncmp(e.text, "file:", 5) != 0 || strlen(e.text) > 60))
			abort();
	}
	if (!p.found && (p.id != NULL || p.secret != NULL))
		abort();
	profile_free(&p);
	return 0;
}
