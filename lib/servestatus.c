#include "servestatus.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "call.h"
#include "duration.h"
#include "memory.h"
#include "message.h"
#include "option.h"
#include "scan.h"
#include "table.h"

/* A server answers in milliseconds; one that was stopped with ^Z does not answer at all. */
#define PATIENCE (10 * SECOND)
/* How long a name may be that stands over a column. */
#define HEADING 32

/* A heading from a member's name. */
static void
heading(char *into, struct span name)
{
	size_t n = name.n < HEADING - 1 ? name.n : HEADING - 1;

	for (size_t i = 0; i < n; i++)
		into[i] = (char)toupper((unsigned char)name.p[i]);
	into[n] = '\0';
}

/* A value as people read it: a text without its quotes. */
static void
value_cell(struct table *t, const struct scan_value *v)
{
	AUTO_BYTES text = { 0 };

	if (v->type != SCAN_STRING || scan_text(v, &text, NULL) < 0)
		bytes_add(&text, v->raw.p, v->raw.n);
	table_cell(t, (struct span){ text.data, text.len }, NULL);
}

/* Between two tables, where people look at them. */
static void
gap(const struct table *t, int *tables)
{
	if ((*tables)++ > 0 && t->terminal)
		putchar('\n');
}

/* The plain values of an object, a row each. */
static void
print_values(struct span name, struct span object, int *tables)
{
	char title[HEADING];
	const char *headings[] = { title, "" };
	struct scan s;
	struct scan_member m;
	struct table t;

	heading(title, name);
	table_open(&t, headings, 2);
	gap(&t, tables);
	if (scan_open(&s, object.p, object.n, NULL) == 0) {
		while (scan_next(&s, &m, NULL) > 0) {
			if (m.value.type == SCAN_ARRAY || m.value.type == SCAN_OBJECT)
				continue;
			table_cell(&t, m.key, NULL);
			value_cell(&t, &m.value);
		}
	}
	table_close(&t);
}

/* The names of all members of a list's objects, in the order in which they come. */
struct columns {
	struct span names[TABLE_COLUMNS - 1];
	size_t n;
};

static void
find_columns(struct columns *c, struct span list)
{
	struct scan s, of;
	struct scan_member m, k;

	if (scan_open(&s, list.p, list.n, NULL) < 0)
		return;
	while (scan_next(&s, &m, NULL) > 0) {
		if (m.value.type != SCAN_OBJECT || scan_open(&of, m.value.raw.p, m.value.raw.n, NULL) < 0)
			continue;
		while (scan_next(&of, &k, NULL) > 0 && c->n < TABLE_COLUMNS - 1) {
			size_t i = 0;

			while (i < c->n && (c->names[i].n != k.key.n ||
			    memcmp(c->names[i].p, k.key.p, k.key.n) != 0))
				i++;
			if (i == c->n)
				c->names[c->n++] = k.key;
		}
	}
}

static void
member_cell(struct table *t, struct span object, struct span name)
{
	AUTO_FREE char *key = xmemdup(name.p, name.n);
	struct scan_value v;

	if (message_member(object.p, object.n, key, &v, NULL) == 1)
		value_cell(t, &v);
	else
		table_text(t, "-", NULL);
}

/* A list of objects, a row each, which begins with the list's name. */
static void
print_list(struct span name, struct span list, int *tables)
{
	char titles[TABLE_COLUMNS][HEADING];
	const char *headings[TABLE_COLUMNS];
	struct columns c = { 0 };
	struct scan s;
	struct scan_member m;
	struct table t;

	find_columns(&c, list);
	if (c.n == 0 || scan_open(&s, list.p, list.n, NULL) < 0)
		return;
	heading(titles[0], name);
	headings[0] = titles[0];
	for (size_t i = 0; i < c.n; i++) {
		heading(titles[i + 1], c.names[i]);
		headings[i + 1] = titles[i + 1];
	}
	table_open(&t, headings, c.n + 1);
	gap(&t, tables);
	while (scan_next(&s, &m, NULL) > 0) {
		table_cell(&t, name, NULL);
		for (size_t i = 0; i < c.n; i++)
			member_cell(&t, m.value.raw, c.names[i]);
	}
	table_close(&t);
}

/* One service, or the server itself. */
static void
print_part(struct span name, struct span part, int *tables)
{
	struct scan s;
	struct scan_member m;

	print_values(name, part, tables);
	if (scan_open(&s, part.p, part.n, NULL) < 0)
		return;
	while (scan_next(&s, &m, NULL) > 0) {
		if (m.value.type == SCAN_ARRAY)
			print_list(m.key, m.value.raw, tables);
	}
}

static void
print_all(struct span result)
{
	struct scan s;
	struct scan_member m;
	int tables = 0;

	if (scan_open(&s, result.p, result.n, NULL) < 0)
		return;
	while (scan_next(&s, &m, NULL) > 0)
		print_part(m.key, m.value.raw, &tables);
}

static int
show(const struct serve_program *p, const struct servestatus_options *o, struct error *e)
{
	AUTO_FREE char *address = serve_address(p, o->address, e);
	AUTO_BYTES result = { 0 };

	if (address == NULL || call_once(address, "server/status", (struct span){ NULL, 0 }, PATIENCE,
	    &result, e) < 0)
		return -1;
	if (o->json)
		printf("%s\n", bytes_string(&result));
	else
		print_all((struct span){ result.data, result.len });
	return 0;
}

int
servestatus_run(const struct serve_program *p, const struct servestatus_options *o)
{
	struct error e;

	if (show(p, o, &e) == 0)
		return 0;
	return option_fail(p->name, &e);
}
