/*
 * remarks: what the jobs of a stored build left beside what they printed: their outputs, and of their last
 * attempts the notes and the results of tests.
 */
#ifndef MCI_REMARKS_H
#define MCI_REMARKS_H

#include "bytes.h"
#include "error.h"
#include "fold.h"
#include "state.h"

enum test_result { TEST_PASS, TEST_FAIL, TEST_SKIP, TEST_ERROR, TEST_N };

struct remarks_job {
	char *outputs;        /* raw JSON object, or NULL */
	struct bytes notes;   /* {"at":N,"note":...} or {"at":N,"text":...}, a comma between them */
	size_t tests[TEST_N];
};

struct remarks {
	struct remarks_job *jobs; /* by the places of the fold's */
	size_t n;
	const char *only;     /* notes are kept of this job; NULL: of none */
};

/* Reads the events of the build once more; f has them folded. Blocks. 0 or -1. */
int remarks_read(struct remarks *r, const struct state_build *b, struct fold *f,
    const char *only, struct error *e);
/* Appends "5 tests, 1 failed"; nothing when there were none. */
void remarks_tests(struct bytes *into, const struct remarks_job *j);
/* Appends the members outputs, tests and annotations to an open object. */
void remarks_emit(struct bytes *into, const struct remarks_job *j);
/* Prints outputs and notes as tables, for people. */
void remarks_print(const struct remarks_job *j);
void remarks_free(struct remarks *r);

#endif
