/* progress: a line on a terminal's standard error for what takes longer than a second. */
#ifndef MCI_BLOB_PROGRESS_H
#define MCI_BLOB_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *verb; /* "saving" */
	bool shown, off;
	int64_t began, last; /* by the kernel's clock */
};

void progress_begin(struct progress *p, const char *verb, bool quiet);
/* total 0: not known. Cheap: it looks at the clock. */
void progress_show(struct progress *p, int64_t files, int64_t bytes, int64_t total);
/* Takes the line away. */
void progress_end(struct progress *p);

#endif
