/* Any bytes as a spec: refused, or written again, as by a copy of it, as a line that reads the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/mci-build/declared.h"
#include "cmd/mci-build/matrix.h"
#include "cmd/mci-build/when.h"
#include "spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Reads a line that spec_write made and writes it into again. */
static void
again(const struct bytes *line, unsigned flags, struct bytes *into)
{
	struct spec spec;
	struct error e;

	if (line->len == 0 || line->data[line->len - 1] != '\n' ||
	    memchr(line->data, '\n', line->len - 1) != NULL)
		abort();
	if (spec_read(&spec, line->data, line->len - 1, flags, &e) < 0)
		abort();
	spec_write(into, &spec, flags == SPEC_ATTEMPT);
	spec_free(&spec);
}

static void
round_trip(const struct spec *spec, bool for_attempt)
{
	AUTO_BYTES first = { 0 };
	AUTO_BYTES second = { 0 };
	struct spec copy;

	spec_write(&first, spec, for_attempt);
	again(&first, for_attempt ? SPEC_ATTEMPT : 0, &second);
	if (first.len != second.len || memcmp(first.data, second.data, first.len) != 0)
		abort();
	spec_copy(&copy, spec);
	second.len = 0;
	spec_write(&second, &copy, for_attempt);
	spec_free(&copy);
	if (first.len != second.len || memcmp(first.data, second.data, first.len) != 0)
		abort();
}

static int
member(void *arg, struct spec *spec, const struct spec_pair *values, size_t n, struct error *e)
{
	(void)values;
	(void)n;
	(void)arg;
	(void)e;
	if (spec->matrix.n > 0 || !spec_id_ok(spec->id, strlen(spec->id)))
		abort();
	spec_free(spec);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const unsigned all[] = { 0, SPEC_MONKEY, SPEC_ATTEMPT, SPEC_MONKEY, SPEC_FILTERED,
		SPEC_FILTERED | SPEC_MONKEY, 0, SPEC_ATTEMPT };
	unsigned flags = n == 0 ? 0 : all[data[0] & 7];
	struct declared declared = { 0 };
	char tag[] = "v1", *tags[] = { tag };
	struct when_facts facts = { .branch = "main", .tags = tags, .ntags = 1 };
	AUTO_BYTES why = { 0 };
	struct spec spec;
	struct error e;

	/* lines hold no newline */
	if (n == 0 || memchr(data, '\n', n) != NULL ||
	    spec_read(&spec, (const char *)data + 1, n - 1, flags, &e) < 0) {
		if (n > 1)
			(void)declared_read(&declared, (struct span){ (const char *)data + 1, n - 1 }, &e);
		declared_free(&declared);
		return 0;
	}
	if (spec.id != NULL && !(flags & SPEC_FILTERED)) {
		if (spec.workspace == NULL || spec.workspace[0] != '/')
			round_trip(&spec, false);
		/* a job that only blocks runs nothing, so that mci-job never gets it; of a workspace of its
		 * own it gets the path */
		if ((spec.script != NULL || spec.argv != NULL) &&
		    (spec.workspace == NULL || spec.workspace[0] == '/'))
			round_trip(&spec, true);
		if (when_check(spec.when, &e) == 0) {
			(void)when_decide(spec.when, &facts, &why);
			(void)when_decide(spec.when, NULL, NULL);
		}
		(void)matrix_expand(&spec, member, NULL, &e);
	}
	spec_free(&spec);
	return 0;
}
