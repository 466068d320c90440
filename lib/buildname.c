#include "buildname.h"

#include <stdint.h>
#include <string.h>

#include "number.h"
#include "spec.h"

/* An ORG or REPO: what a job's id may be, so it is no "..", and fits a file's name. */
static bool
part_ok(struct span part)
{
	if (part.n > 0 && part.p[0] == '_')
		return part.n == 1 || spec_id_ok(part.p + 1, part.n - 1);
	return spec_id_ok(part.p, part.n);
}

/* Cuts the part before the next slash off; what is left is n 0 when there is none. */
static struct span
next_part(struct span *rest, bool *slash)
{
	const char *end = rest->n == 0 ? NULL : memchr(rest->p, '/', rest->n);
	struct span part = { rest->p, end == NULL ? rest->n : (size_t)(end - rest->p) };

	*slash = end != NULL;
	rest->p += part.n + *slash;
	rest->n -= part.n + *slash;
	return part;
}

static bool
number_ok(struct span number)
{
	int64_t n;

	return number.n > 0 && *number.p >= '1' && *number.p <= '9' &&
	    number_parse(number.p, number.n, 1, INT32_MAX, &n, NULL) == 0;
}

int
buildname_check(struct span name, struct error *e)
{
	struct span rest = name, org, repo, number;
	bool first, second, more;

	org = next_part(&rest, &first);
	repo = next_part(&rest, &second);
	number = next_part(&rest, &more);
	if (first && second && !more && part_ok(org) && part_ok(repo) && number_ok(number))
		return 0;
	return error_set(e, ERROR_INPUT, "'%.*s' is no build: expected ORG/REPO/N",
	    (int)(name.n < 128 ? name.n : 128), name.n > 0 ? name.p : "");
}

bool
buildname_begins(struct span text)
{
	struct span rest = text;
	bool slash = true;

	for (int i = 0; i < 3 && slash; i++) {
		struct span part = next_part(&rest, &slash);

		if (part.n == 0 ? slash : !part_ok(part))
			return false;
	}
	return !slash;
}
