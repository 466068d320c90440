#include "matrix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "combination.h"
#include "memory.h"
#include "scan.h"

bool
matrix_is(const struct spec *s)
{
	return s->matrix.n > 0 || s->parallel > 0;
}

int
matrix_check(const struct spec *s, struct error *e)
{
	struct combinations all = { 0 };
	int got = s->matrix.n == 0 ? 0 : combinations_read(&all, s->matrix, s->parallel, e);

	combinations_free(&all);
	return got < 0 ? error_before(e, "matrix") : 0;
}

unsigned
matrix_max(const struct spec *s)
{
	struct scan scan;
	struct scan_member m;
	int64_t max = 0;

	if (s->matrix.n == 0 || s->matrix.p[0] != '{' ||
	    scan_open(&scan, s->matrix.p, s->matrix.n, NULL) < 0)
		return 0;
	while (scan_next(&scan, &m, NULL) > 0) {
		if (span_is(m.key, "max"))
			(void)scan_integer(&m.value, 1, MATRIX_JOBS, &max, NULL);
	}
	return (unsigned)max;
}

/* Puts a variable at a place of the env and moves that on; one that the spec sets itself is replaced. */
static void
env_put(struct spec *s, size_t *at, const char *name, const char *value)
{
	struct spec_pair pair = { xstrdup(name), xstrdup(value) };
	size_t old = 0;

	while (old < s->nenv && strcmp(s->env[old].name, name) != 0)
		old++;
	if (old < s->nenv) {
		free(s->env[old].name);
		free(s->env[old].value);
		s->env[old] = pair;
		return;
	}
	s->env = xrealloc(s->env, s->nenv + 1, sizeof(*s->env));
	memmove(s->env + *at + 1, s->env + *at, (s->nenv - *at) * sizeof(*s->env));
	s->env[(*at)++] = pair;
	s->nenv++;
	spec_set(s, SPEC_ENV, true);
}

/* The job of one combination, number index of so many alike (0: there is one). */
static int
row_expand(const struct spec *s, const struct combination *row, int index, struct spec *out, struct error *e)
{
	AUTO_FREE char *id = index == 0 ? xformat("%s%s", s->id, row->suffix) :
	    xformat("%s%s.%d", s->id, row->suffix, index);
	size_t at = 0;

	if (strlen(id) > SPEC_ID_LIMIT)
		return error_set(e, ERROR_LIMIT, "matrix: the id %.40s... is %zu bytes long, %d are allowed",
		    id, strlen(id), SPEC_ID_LIMIT);
	spec_copy(out, s);
	out->matrix = (struct span){ NULL, 0 };
	spec_set(out, SPEC_MATRIX, false);
	spec_set(out, SPEC_PARALLEL, false);
	out->parallel = 0;
	free(out->id);
	out->id = id;
	id = NULL;
	for (unsigned i = 0; i < row->n; i++)
		env_put(out, &at, row->pairs[i].name, row->pairs[i].value);
	if (row->n > 0)
		env_put(out, &at, "MCI_MATRIX", row->suffix + 1);
	return 0;
}

/* Gives the job of one combination, and its like. */
static int
row_each(const struct spec *s, const struct combination *row, matrix_each *each, void *arg, struct error *e)
{
	AUTO_FREE struct spec_pair *values = xmalloc((row->n + 1) * sizeof(*values));
	static char name[] = "MCI_PARALLEL_INDEX";
	char index[16], total[16];
	struct spec out;
	size_t at;
	int got = 0;

	for (unsigned i = 0; i < row->n; i++)
		values[i] = row->pairs[i];
	snprintf(total, sizeof(total), "%d", s->parallel);
	for (int i = s->parallel > 0; i <= s->parallel && got == 0; i++) {
		if (row_expand(s, row, i, &out, e) < 0)
			return -1;
		snprintf(index, sizeof(index), "%d", i);
		values[row->n] = (struct spec_pair){ name, index };
		at = out.nenv;
		if (i > 0) {
			env_put(&out, &at, name, index);
			env_put(&out, &at, "MCI_PARALLEL_TOTAL", total);
		}
		got = each(arg, &out, values, row->n + (i > 0), e);
	}
	return got;
}

int
matrix_expand(const struct spec *s, matrix_each *each, void *arg, struct error *e)
{
	static char nothing[] = "";
	const struct combination alike = { .suffix = nothing };
	struct combinations all;
	struct spec out;
	int got = 0;

	if (!matrix_is(s)) {
		spec_copy(&out, s);
		return each(arg, &out, NULL, 0, e);
	}
	if (s->matrix.n == 0)
		return row_each(s, &alike, each, arg, e);
	if (combinations_read(&all, s->matrix, s->parallel, e) < 0)
		return error_before(e, "matrix");
	for (unsigned i = 0; i < all.n && got == 0; i++)
		got = row_each(s, &all.list[i], each, arg, e);
	combinations_free(&all);
	return got;
}
