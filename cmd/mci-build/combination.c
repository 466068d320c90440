#include "combination.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "scan.h"

#define ROW_NAMES 100 /* variables of one combination */

struct axis {
	char *name;
	char **values;
	unsigned nvalues;
};

struct matrix {
	struct axis axes[MATRIX_NAMES];
	unsigned naxes;
	struct span exclude, include; /* raw lists, n 0 when there is none */
	unsigned max;
	/* of the axes: the number of each one's value, first name first */
	unsigned short (*product)[MATRIX_NAMES];
	unsigned nproduct;
	struct combinations rows;
};

static void
combination_free(struct combination *row)
{
	for (unsigned i = 0; i < row->n; i++) {
		free(row->pairs[i].name);
		free(row->pairs[i].value);
	}
	free(row->pairs);
	free(row->suffix);
}

void
combinations_free(struct combinations *c)
{
	for (unsigned i = 0; i < c->n; i++)
		combination_free(&c->list[i]);
	free(c->list);
	*c = (struct combinations){ 0 };
}

static void
matrix_free(struct matrix *m)
{
	for (unsigned i = 0; i < m->naxes; i++) {
		for (unsigned k = 0; k < m->axes[i].nvalues; k++)
			free(m->axes[i].values[k]);
		free(m->axes[i].values);
		free(m->axes[i].name);
	}
	free(m->product);
	combinations_free(&m->rows);
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

/* A list of values, or one value alone. */
static int
axis_take(struct axis *axis, const struct scan_value *v, struct error *e)
{
	char *value;

	if (v->type == SCAN_ARRAY)
		return axis_read(axis, v, e);
	value = value_take(v, e);
	if (value == NULL)
		return -1;
	axis->values = xmalloc(sizeof(char *));
	axis->values[axis->nvalues++] = value;
	return 0;
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

static const char *const reserved[] = { "exclude", "include", "max" };

static bool
is_reserved(struct span name)
{
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		if (span_is(name, reserved[i]))
			return true;
	}
	return false;
}

static int
name_check(struct span name, struct error *e)
{
	int shown = (int)(name.n > 64 ? 64 : name.n);

	if (!value_name_ok(name.p, name.n))
		return error_set(e, ERROR_INPUT, ".%.*s: not a name of letters, digits and _", shown, name.p);
	if (is_reserved(name))
		return error_set(e, ERROR_INPUT, ".%.*s: the word is taken by the matrix itself; give the "
		    "variable another name", shown, name.p);
	return 0;
}

static int
objects_read(struct span *into, const struct scan_value *v, struct error *e)
{
	*into = v->raw;
	return v->type == SCAN_ARRAY ? 0 :
	    error_set(e, ERROR_INPUT, ": expected a list of objects, found %s", scan_type_name(v->type));
}

static int
max_read(struct matrix *m, const struct scan_value *v, struct error *e)
{
	int64_t max;

	if (v->type == SCAN_ARRAY)
		return error_set(e, ERROR_INPUT, ": is how many of the jobs run at once, a number; a "
		    "variable with these values needs another name than max, include and exclude");
	if (scan_integer(v, 1, MATRIX_JOBS, &max, e) < 0)
		return error_before(e, ": ");
	m->max = (unsigned)max;
	return 0;
}

static int
reserved_read(struct matrix *m, const struct scan_member *member, struct error *e)
{
	int got;

	if (span_is(member->key, "max"))
		got = max_read(m, &member->value, e);
	else
		got = objects_read(span_is(member->key, "include") ? &m->include : &m->exclude,
		    &member->value, e);
	return got < 0 ? error_before(e, ".%.*s", (int)member->key.n, member->key.p) : 0;
}

static int
member_read(struct matrix *m, const struct scan_member *member, struct error *e)
{
	struct span key = member->key;
	int shown = (int)(key.n > 64 ? 64 : key.n);

	if (is_reserved(key))
		return reserved_read(m, member, e);
	if (name_check(key, e) < 0)
		return -1;
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
	unsigned product = 1;
	int got;

	if (text.n == 0 || text.p[0] != '{' || scan_open(&s, text.p, text.n, NULL) < 0)
		return error_set(e, ERROR_INPUT, ": expected an object of lists");
	while ((got = scan_next(&s, &member, e)) > 0) {
		if (member_read(m, &member, e) < 0)
			return -1;
	}
	if (got < 0)
		return -1;
	if (m->naxes == 0 && m->include.n == 0)
		return error_set(e, ERROR_INPUT, ": expected at least one name with its values");
	if (m->naxes == 0 && m->exclude.n > 0)
		return error_set(e, ERROR_INPUT, ".exclude: there are no names to exclude anything of");
	for (unsigned i = 0; i < m->naxes; i++) {
		product *= m->axes[i].nvalues;
		if (product > MATRIX_PRODUCT)
			return error_set(e, ERROR_LIMIT, ": more than %d combinations", MATRIX_PRODUCT);
	}
	m->product = xmalloc(product * sizeof(m->product[0]));
	return 0;
}

static void
product_make(struct matrix *m)
{
	unsigned short at[MATRIX_NAMES] = { 0 };
	int axis;

	do {
		memcpy(m->product[m->nproduct++], at, sizeof(at));
		for (axis = (int)m->naxes - 1; axis >= 0; axis--) {
			if (++at[axis] < m->axes[axis].nvalues)
				break;
			at[axis] = 0;
		}
	} while (axis >= 0);
}

/* Drops the combinations in which all of an exclusion's members have their values. */
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
	for (unsigned i = 0; i < m->nproduct; i++) {
		bool out = true;

		for (unsigned k = 0; k < m->naxes; k++)
			out = out && (wanted[k] < 0 || wanted[k] == m->product[i][k]);
		if (!out)
			memmove(m->product[kept++], m->product[i], sizeof(m->product[i]));
	}
	m->nproduct = kept;
	return 0;
}

static struct combination *
row_add(struct matrix *m)
{
	m->rows.list = xrealloc(m->rows.list, m->rows.n + 1, sizeof(*m->rows.list));
	m->rows.list[m->rows.n] = (struct combination){ 0 };
	return &m->rows.list[m->rows.n++];
}

static void
pair_add(struct combination *row, const char *name, const char *value)
{
	row->pairs = xrealloc(row->pairs, row->n + 1, sizeof(*row->pairs));
	row->pairs[row->n++] = (struct spec_pair){ xstrdup(name), xstrdup(value) };
}

static int
full(const struct matrix *m, struct error *e)
{
	return m->rows.n <= MATRIX_JOBS ? 0 : error_set(e, ERROR_LIMIT, ": more than %d jobs", MATRIX_JOBS);
}

static int
rows_make(struct matrix *m, struct error *e)
{
	for (unsigned i = 0; i < m->nproduct && m->rows.n <= MATRIX_JOBS; i++) {
		struct combination *row = row_add(m);

		for (unsigned k = 0; k < m->naxes; k++)
			pair_add(row, m->axes[k].name, m->axes[k].values[m->product[i][k]]);
		row->nid = row->n;
	}
	return full(m, e);
}

/* The member of that name: 1, 0 when there is none. */
static int
member_find(struct span object, const char *name, struct scan_member *m, struct error *e)
{
	struct scan s;
	int got;

	scan_open(&s, object.p, object.n, NULL);
	while ((got = scan_next(&s, m, e)) > 0 && !span_is(m->key, name))
		;
	return got;
}

static int
pair_take(struct combination *row, const char *name, const struct scan_value *v, struct error *e)
{
	AUTO_FREE char *value = value_take(v, e);

	if (value == NULL)
		return error_before(e, ".%s", name);
	pair_add(row, name, value);
	return 0;
}

/* The values of an object as one row, not in the matrix yet: those of the axes first. */
static int
inclusion_read(struct matrix *m, struct combination *row, const struct scan_value *v, struct error *e)
{
	struct scan s;
	struct scan_member member;
	int got;

	if (v->type != SCAN_OBJECT || scan_open(&s, v->raw.p, v->raw.n, NULL) < 0)
		return error_set(e, ERROR_INPUT, ": expected an object of names and values");
	for (unsigned i = 0; i < m->naxes; i++) {
		const char *name = m->axes[i].name;

		got = member_find(v->raw, name, &member, e);
		if (got == 0)
			return error_set(e, ERROR_INPUT, ": gives %s no value", name);
		if (got < 0 || pair_take(row, name, &member.value, e) < 0)
			return -1;
	}
	row->nid = row->n;
	while ((got = scan_next(&s, &member, e)) > 0) {
		AUTO_FREE char *name = NULL;

		if (axis_find(m, member.key) != NULL)
			continue;
		if (name_check(member.key, e) < 0)
			return -1;
		if (row->n == ROW_NAMES)
			return error_set(e, ERROR_LIMIT, ": more than %d names", ROW_NAMES);
		name = xmemdup(member.key.p, member.key.n);
		if (pair_take(row, name, &member.value, e) < 0)
			return -1;
	}
	return got;
}

/* The row with the same values of the axes. */
static struct combination *
row_like(struct matrix *m, const struct combination *other)
{
	for (unsigned i = 0; i < m->rows.n; i++) {
		unsigned k = 0;

		while (k < other->nid && strcmp(m->rows.list[i].pairs[k].value, other->pairs[k].value) == 0)
			k++;
		if (k == other->nid)
			return &m->rows.list[i];
	}
	return NULL;
}

/* A combination that is there gains the variables. */
static void
row_merge(struct combination *row, const struct combination *other)
{
	for (unsigned i = other->nid; i < other->n; i++) {
		unsigned k = row->nid;

		while (k < row->n && strcmp(row->pairs[k].name, other->pairs[i].name) != 0)
			k++;
		if (k == row->n) {
			pair_add(row, other->pairs[i].name, other->pairs[i].value);
			continue;
		}
		free(row->pairs[k].value);
		row->pairs[k].value = xstrdup(other->pairs[i].value);
	}
}

static int
inclusion_apply(struct matrix *m, const struct scan_value *v, struct error *e)
{
	struct combination row = { 0 }, *there;

	if (inclusion_read(m, &row, v, e) < 0) {
		combination_free(&row);
		return -1;
	}
	there = row_like(m, &row);
	if (there == NULL) {
		*row_add(m) = row;
		return full(m, e);
	}
	row_merge(there, &row);
	combination_free(&row);
	return 0;
}

/* One object of a list: its combinations, of values or lists of such, in the order in which they stand. */
static int
combination_add(struct matrix *m, const struct scan_value *v, struct error *e)
{
	AUTO_MATRIX own = { 0 };
	struct scan s;
	struct scan_member member;
	unsigned product = 1;
	int got;

	if (v->type != SCAN_OBJECT || scan_open(&s, v->raw.p, v->raw.n, NULL) < 0)
		return error_set(e, ERROR_INPUT, ": expected an object of names and values");
	while ((got = scan_next(&s, &member, e)) > 0) {
		int shown = (int)(member.key.n > 64 ? 64 : member.key.n);

		if (name_check(member.key, e) < 0)
			return -1;
		if (axis_find(&own, member.key) != NULL)
			return error_set(e, ERROR_INPUT, ".%.*s: the key comes twice", shown, member.key.p);
		if (own.naxes == MATRIX_NAMES)
			return error_set(e, ERROR_LIMIT, ": more than %d names", MATRIX_NAMES);
		own.axes[own.naxes].name = xmemdup(member.key.p, member.key.n);
		if (axis_take(&own.axes[own.naxes++], &member.value, e) < 0)
			return error_before(e, ".%.*s", shown, member.key.p);
		product *= own.axes[own.naxes - 1].nvalues;
		if (product > MATRIX_JOBS)
			return error_set(e, ERROR_LIMIT, ": more than %d jobs", MATRIX_JOBS);
	}
	if (got < 0)
		return -1;
	if (own.naxes == 0)
		return error_set(e, ERROR_INPUT, ": expected at least one name with its value");
	own.product = xmalloc(product * sizeof(own.product[0]));
	product_make(&own);
	if (rows_make(&own, e) < 0)
		return -1;
	m->rows.list = xrealloc(m->rows.list, m->rows.n + own.rows.n, sizeof(*m->rows.list));
	memcpy(m->rows.list + m->rows.n, own.rows.list, own.rows.n * sizeof(*m->rows.list));
	m->rows.n += own.rows.n;
	own.rows.n = 0;
	return full(m, e);
}

static int
objects_apply(struct matrix *m, struct span list,
    int (*one)(struct matrix *m, const struct scan_value *v, struct error *e), struct error *e)
{
	struct scan s;
	struct scan_member member;
	unsigned i = 0;
	int got;

	if (list.n == 0)
		return 0;
	if (scan_open(&s, list.p, list.n, e) < 0)
		return -1;
	for (; (got = scan_next(&s, &member, e)) > 0; i++) {
		if (i == MATRIX_PRODUCT)
			return error_set(e, ERROR_LIMIT, ": more than %d entries", MATRIX_PRODUCT);
		if (one(m, &member.value, e) < 0)
			return error_before(e, "[%u]", i);
	}
	return got;
}

/* ".gcc.O2": what no id may hold becomes '_'. */
static char *
suffix_make(const struct combination *row)
{
	struct bytes b = { 0 };

	for (unsigned i = 0; i < row->nid; i++) {
		bytes_char(&b, '.');
		for (const char *p = row->pairs[i].value; *p != '\0'; p++) {
			const char one[3] = { 'x', *p, '\0' };

			bytes_char(&b, spec_id_ok(one, 2) ? *p : '_');
		}
	}
	return bytes_give(&b);
}

/* "CC=gcc OPT=2" */
static char *
row_show(const struct combination *row)
{
	struct bytes b = { 0 };

	for (unsigned i = 0; i < row->nid; i++)
		bytes_format(
		    &b, "%s%s=%.64s", i > 0 ? " " : "", row->pairs[i].name, row->pairs[i].value);
	return bytes_give(&b);
}

static int
suffixes_make(struct matrix *m, struct error *e)
{
	for (unsigned i = 0; i < m->rows.n; i++) {
		struct combination *row = &m->rows.list[i];

		row->suffix = suffix_make(row);
		if (strlen(row->suffix) > SPEC_ID_LIMIT)
			return error_set(e, ERROR_LIMIT, ": %.64s... is too long for a job's id",
			    row->suffix);
		for (unsigned k = 0; k < i; k++) {
			AUTO_FREE char *one = NULL;
			AUTO_FREE char *other = NULL;

			if (strcmp(row->suffix, m->rows.list[k].suffix) != 0)
				continue;
			one = row_show(&m->rows.list[k]);
			other = row_show(row);
			return error_set(e, ERROR_INPUT,
			    ": %s and %s both give a job whose id ends in %s", one, other, row->suffix);
		}
	}
	return 0;
}

static int
object_apply(struct matrix *m, struct error *e)
{
	if (m->naxes == 0)
		return objects_apply(m, m->include, combination_add, e) < 0 ? error_before(e, ".include") : 0;
	product_make(m);
	if (objects_apply(m, m->exclude, exclusion_apply, e) < 0)
		return error_before(e, ".exclude");
	if (rows_make(m, e) < 0)
		return -1;
	if (objects_apply(m, m->include, inclusion_apply, e) < 0)
		return error_before(e, ".include");
	return 0;
}

int
combinations_read(struct combinations *c, struct span text, int parallel, struct error *e)
{
	AUTO_MATRIX m = { 0 };
	int got;

	if (text.n > 0 && text.p[0] == '[')
		got = objects_apply(&m, text, combination_add, e);
	else
		got = axes_read(&m, text, e) < 0 ? -1 : object_apply(&m, e);
	if (got < 0)
		return -1;
	if (m.rows.n == 0)
		return error_set(e, ERROR_INPUT, m.exclude.n > 0 ? ".exclude: leaves no job" :
		    ": expected at least one combination");
	if (parallel > 0 && m.rows.n * (unsigned)parallel > MATRIX_JOBS)
		return error_set(e, ERROR_LIMIT, ": more than %d jobs, %u times parallel: %d", MATRIX_JOBS,
		    m.rows.n, parallel);
	if (suffixes_make(&m, e) < 0)
		return -1;
	*c = m.rows;
	m.rows = (struct combinations){ 0 };
	return 0;
}
