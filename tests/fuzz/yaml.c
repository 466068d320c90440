/*
 * Any bytes as a YAML or JSON file (the first byte says which): they are refused with a place, or
 * become lines of valid JSON in bounded time.
 */
#include <stdint.h>
#include <stdlib.h>

#include "cmd/mci-build/matrix.h"
#include "cmd/mci-build/shape.h"
#include "cmd/mci-build/tree.h"
#include "cmd/mci-build/when.h"
#include "scan.h"
#include "spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7.12 loses the text of some scalars with hundreds of quotes. */
const char *
__lsan_default_suppressions(void)
{
	return "leak:libfyaml";
}

static void
job_try(const struct tree *t, uint32_t node, struct shape_budget *budget, unsigned flags)
{
	AUTO_BYTES line = { 0 };
	struct tree_place at = { 0, 0 };
	struct shape_change change = { .id = flags != 0 ? "job-1" : NULL };
	struct error e;
	struct spec spec;
	enum scan_type type;

	if (shape_write(&line, t, node, &change, budget, &at, &e) < 0)
		return;
	if (scan_check(line.data, line.len, &type, NULL) < 0 || type != SCAN_OBJECT)
		abort();
	if (spec_read(&spec, line.data, line.len, flags, &e) < 0) {
		shape_find(t, node, e.text, false, &at, NULL);
		if (at.row == 0)
			abort();
		return;
	}
	(void)when_check(spec.when, &e);
	(void)matrix_check(&spec, &e);
	spec_free(&spec);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct tree t = { 0 };
	struct tree_place at = { 0, 0 };
	struct shape_budget budget = { 10000 };
	struct span text = { (const char *)data + 1, n - 1 };
	struct error e;

	if (n == 0)
		return 0;
	if ((data[0] & 1 ? json_read : yaml_read)(&t, text, &at, &e) < 0) {
		if (at.row == 0)
			abort();
		tree_free(&t);
		return 0;
	}
	for (uint32_t i = 0; i < t.n && i < 1000; i++) {
		if (t.nodes[i].type == TREE_MAP)
			job_try(&t, i, &budget, data[0] & 2 ? SPEC_MONKEY : 0);
	}
	tree_free(&t);
	return 0;
}
