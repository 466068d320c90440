#include "matrix.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "scan.h"

struct axis {
	char *name;
	char **values;
	unsigned nvalues;
};

struct matrix {
	struct axis axes[MATRIX_NAMES];
	unsigned naxes;
	struct span exclude; /* raw list, n 0 when there is none */
	/* one row a combination: the number of each axis' value, first name first */
	unsigned short (*rows)[MATRIX_NAMES];
	char **suffixes; /* ".gcc.0", of each row */
	unsigned nrows;
};

static void
matrix_free(struct matrix *m)
{
	for (unsigned i = 0; i < m->naxes; i++) {
		for (unsigned k = 0; k < m->axes[i].nvalues; k++)
			free(m->axes[i].values[k]);
		free(m->axes[i].values);
		free(m->axes[i].name);
	}
	for (unsigned i = 0; i < m->nrows; i++)
		free(m->suffixes[i]);
	free(m->suffixes);
	free(m->rows);
}
#define AUTO_MATRIX __attribute__((cleanup(matrix_free))) struct matrix

/* A value as text: strings, and numbers and booleans as they are written. NULL and an error. */
static char *
value_take(const struct scan_value *v, struct error *e)
{
	AUTO_BYTES text = { 0 };

	if (v->type == SCAN_NUMBER || v->type == SCAN_TRUE || v->type == SCAN_FALSE)
		return xmemdup(v->raw.p, v->raw.n);
	if (v->type != SCAN_STRING) {
		error_set(e, ERROR_INPUT, ": expected a text or a number, found %s",
		    scan_type_name(v->type));
		return NULL;
	}
	if (scan_text(v, &text, e) < 0) {
		error_before(e, ": ");
		return NULL;
	}
	if (text.len == 0) {
		error_set(e, ERROR_INPUT, ": expected a text that is not empty");
		return NULL;
	}
	return bytes_give(&text);
}

static int
axis_read(struct axis *axis, const struct scan_value *v, struct error *e)
{
	struct scan s;
	struct scan_member m;
	int got;

	if (v->type != SCAN_ARRAY)
		return error_set(e, ERROR_INPUT, ": expected a list of values, found %s",
		    scan_type_name(v->type));
	if (scan_open(&s, v->raw.p, v->raw.n, e) < 0)
		return -1;
	while ((got = scan_next(&s, &m, e)) > 0) {
		char *value;

		if (axis->nvalues == MATRIX_JOBS)
			return error_set(e, ERROR_LIMIT, ": more than %d values", MATRIX_JOBS);
		value = value_take(&m.value, e);
		if (value == NULL)
			return error_before(e, "[%u]", axis->nvalues);
		axis->values = xrealloc(axis->values, axis->nvalues + 1, sizeof(char *));
		axis->values[axis->nvalues++] = value;
	}
	if (got == 0 && axis->nvalues == 0)
		return error_set(e, ERROR_INPUT, ": expected at least one value");
	return got;
}

static struct axis *
axis_find(struct matrix *m, struct span name)
{
	for (unsigned i = 0; i < m->naxes; i++) {
		if (span_is(name, m->axes[i].name))
			return &m->axes[i];
	}
	return NULL;
}

static int
member_read(struct matrix *m, const struct scan_member *member, struct error *e)
{
	struct span key = member->key;
	int shown = (int)(key.n > 64 ? 64 : key.n);

	if (span_is(key, "exclude")) {
		m->exclude = member->value.raw;
		if (member->value.type == SCAN_ARRAY)
			return 0;
		return error_set(e, ERROR_INPUT, ".exclude: expected a list of objects, found %s",
		    scan_type_name(member->value.type));
	}
	if (!value_name_ok(key.p, key.n))
		return error_set(e, ERROR_INPUT, ".%.*s: not a name of letters, digits and _",
		    shown, key.p);
	if (axis_find(m, key) != NULL)
		return error_set(e, ERROR_INPUT, ".%.*s: the key comes twice", shown, key.p);
	if (m->naxes == MATRIX_NAMES)
		return error_set(e, ERROR_LIMIT, ": more than %d names", MATRIX_NAMES);
	m->axes[m->naxes].name = xmemdup(key.p, key.n);
	if (axis_read(&m->axes[m->naxes++], &member->value, e) < 0)
		return error_before(e, ".%.*s", shown, key.p);
	return 0;
}

static int
axes_read(struct matrix *m, struct span text, struct error *e)
{
	struct scan s;
	struct scan_member member;
	unsigned jobs = 1;
	int got;

	if (text.n == 0 || text.p[0] != '{' || scan_open(&s, text.p, text.n, NULL) < 0)
		return error_set(e, ERROR_INPUT, ": expected an object of lists");
	while ((got = scan_next(&s, &member, e)) > 0) {
		if (member_read(m, &member, e) < 0)
			return -1;
	}
	if (got < 0)
		return -1;
	if (m->naxes == 0)
		return error_set(e, ERROR_INPUT, ": expected at least one name with its values");
	for (unsigned i = 0; i < m->naxes; i++) {
		jobs *= m->axes[i].nvalues;
		if (jobs > MATRIX_JOBS)
			return error_set(e, ERROR_LIMIT, ": more than %d jobs", MATRIX_JOBS);
	}
	return 0;
}

static void
rows_make(struct matrix *m)
{
	unsigned short at[MATRIX_NAMES] = { 0 };
	int axis;

	m->rows = xmalloc(MATRIX_JOBS * sizeof(m->rows[0]));
	do {
		memcpy(m->rows[m->nrows++], at, sizeof(at));
		for (axis = (int)m->naxes - 1; axis >= 0; axis--) {
			if (++at[axis] < m->axes[axis].nvalues)
				break;
			at[axis] = 0;
		}
	} while (axis >= 0);
}

/* Drops the rows in which all of an exclusion's members have their values. */
static int
exclusion_apply(struct matrix *m, const struct scan_value *v, struct error *e)
{
	struct scan s;
	struct scan_member member;
	int wanted[MATRIX_NAMES]; /* the value's number, -1: any */
	unsigned kept = 0;
	int got;

	memset(wanted, 0xff, sizeof(wanted));
	if (v->type != SCAN_OBJECT || scan_open(&s, v->raw.p, v->raw.n, NULL) < 0)
		return error_set(e, ERROR_INPUT, ": expected an object of names and values");
	while ((got = scan_next(&s, &member, e)) > 0) {
		struct axis *axis = axis_find(m, member.key);
		AUTO_FREE char *value = axis == NULL ? NULL : value_take(&member.value, e);
		unsigned k = 0;

		while (value != NULL && k < axis->nvalues && strcmp(axis->values[k], value) != 0)
			k++;
		if (value == NULL || k == axis->nvalues)
			return error_set(e, ERROR_INPUT,
			    ".%.*s: not one of the matrix' names and values",
			    (int)(member.key.n > 64 ? 64 : member.key.n), member.key.p);
		wanted[axis - m->axes] = (int)k;
	}
	if (got < 0)
		return -1;
	for (unsigned i = 0; i < m->nrows; i++) {
		bool out = true;

		for (unsigned k = 0; k < m->naxes; k++)
			out = out && (wanted[k] < 0 || wanted[k] == m->rows[i][k]);
		if (!out)
			memmove(m->rows[kept++], m->rows[i], sizeof(m->rows[i]));
	}
	m->nrows = kept;
	return kept > 0 ? 0 : error_set(e, ERROR_INPUT, ": leaves no job");
}

static int
exclusions_apply(struct matrix *m, struct error *e)
{
	struct scan s;
	struct scan_member member;
	unsigned i = 0;
	int got;

	if (m->exclude.n == 0)
		return 0;
	if (scan_open(&s, m->exclude.p, m->exclude.n, e) < 0)
		return -1;
	for (; (got = scan_next(&s, &member, e)) > 0; i++) {
		if (i == MATRIX_JOBS)
			return error_set(e, ERROR_LIMIT, ".exclude: more than %d", MATRIX_JOBS);
		if (exclusion_apply(m, &member.value, e) < 0)
			return error_before(e, ".exclude[%u]", i);
	}
	return got;
}

/* ".gcc.O2": what no id may hold becomes '_'. */
static char *
suffix_make(const struct matrix *m, const unsigned short *row)
{
	struct bytes b = { 0 };

	for (unsigned i = 0; i < m->naxes; i++) {
		bytes_char(&b, '.');
		for (const char *p = m->axes[i].values[row[i]]; *p != '\0'; p++) {
			const char one[3] = { 'x', *p, '\0' };

			bytes_char(&b, spec_id_ok(one, 2) ? *p : '_');
		}
	}
	return bytes_give(&b);
}

/* "CC=gcc OPT=2" */
static char *
row_show(const struct matrix *m, const unsigned short *row)
{
	struct bytes b = { 0 };

	for (unsigned i = 0; i < m->naxes; i++)
		bytes_format(
		    &b, "%s%s=%.64s", i > 0 ? " " : "", m->axes[i].name, m->axes[i].values[row[i]]);
	return bytes_give(&b);
}

static int
suffixes_make(struct matrix *m, struct error *e)
{
	unsigned rows = m->nrows;

	m->suffixes = xmalloc(rows * sizeof(char *));
	m->nrows = 0;
	for (unsigned i = 0; i < rows; i++) {
		m->suffixes[i] = suffix_make(m, m->rows[i]);
		m->nrows++;
		if (strlen(m->suffixes[i]) > SPEC_ID_LIMIT)
			return error_set(e, ERROR_LIMIT, ": %.64s... is too long for a job's id",
			    m->suffixes[i]);
		for (unsigned k = 0; k < i; k++) {
			AUTO_FREE char *one = NULL;
			AUTO_FREE char *other = NULL;

			if (strcmp(m->suffixes[i], m->suffixes[k]) != 0)
				continue;
			one = row_show(m, m->rows[k]);
			other = row_show(m, m->rows[i]);
			return error_set(e, ERROR_INPUT,
			    ": %s and %s both give a job whose id ends in %s", one, other,
			    m->suffixes[i]);
		}
	}
	return 0;
}

static int
matrix_read(struct matrix *m, struct span text, struct error *e)
{
	if (axes_read(m, text, e) < 0)
		return -1;
	rows_make(m);
	if (exclusions_apply(m, e) < 0) {
		m->nrows = 0;
		return -1;
	}
	return suffixes_make(m, e);
}

int
matrix_check(struct span matrix, struct error *e)
{
	AUTO_MATRIX m = { 0 };

	return matrix_read(&m, matrix, e);
}

/* Puts a variable at a place of the env; one that the spec sets itself is replaced. */
static void
env_put(struct spec *s, size_t at, const char *name, const char *value)
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
	memmove(s->env + at + 1, s->env + at, (s->nenv - at) * sizeof(*s->env));
	s->env[at] = pair;
	s->nenv++;
	spec_set(s, SPEC_ENV, true);
}

static int
row_expand(
    const struct spec *s, const struct matrix *m, unsigned row, struct spec *out, struct error *e)
{
	size_t n = strlen(s->id) + strlen(m->suffixes[row]);
	size_t at = 0;

	if (n > SPEC_ID_LIMIT)
		return error_set(e, ERROR_LIMIT,
		    "matrix: the id %.40s%s is %zu bytes long, %d are allowed", s->id,
		    m->suffixes[row], n, SPEC_ID_LIMIT);
	spec_copy(out, s);
	out->matrix = (struct span){ NULL, 0 };
	spec_set(out, SPEC_MATRIX, false);
	free(out->id);
	out->id = xformat("%s%s", s->id, m->suffixes[row]);
	for (unsigned i = 0; i < m->naxes; i++) {
		size_t before = out->nenv;

		env_put(out, at, m->axes[i].name, m->axes[i].values[m->rows[row][i]]);
		at += out->nenv > before;
	}
	env_put(out, at, "MCI_MATRIX", m->suffixes[row] + 1);
	return 0;
}

int
matrix_expand(const struct spec *s, matrix_each *each, void *arg, struct error *e)
{
	AUTO_MATRIX m = { 0 };
	struct spec out;
	int got = 0;

	if (s->matrix.n == 0) {
		spec_copy(&out, s);
		return each(arg, &out, e);
	}
	if (matrix_read(&m, s->matrix, e) < 0)
		return error_before(e, "matrix");
	for (unsigned i = 0; i < m.nrows && got == 0; i++) {
		if (row_expand(s, &m, i, &out, e) < 0)
			return -1;
		got = each(arg, &out, e);
	}
	return got;
}
