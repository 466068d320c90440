#include "arguments.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

void
arguments_keep(struct arguments *a, const struct contract_method *row, const struct message *m,
    const struct scan_value *values)
{
	*a = (struct arguments){ .row = row };
	a->text = xmalloc(m->id.n + m->params.n + 1);
	if (m->id.n > 0)
		memcpy(a->text, m->id.p, m->id.n);
	if (m->params.n > 0)
		memcpy(a->text + m->id.n, m->params.p, m->params.n);
	a->id = (struct span){ a->text, m->id.n };
	a->params = (struct span){ a->text + m->id.n, m->params.n };
	a->values = xmalloc(row->nparams * sizeof(*values) + 1);
	for (size_t i = 0; i < row->nparams; i++) {
		a->values[i] = values[i];
		if (values[i].raw.n > 0)
			a->values[i].raw.p = a->params.p + (values[i].raw.p - m->params.p);
	}
}

/* NULL when it is absent. */
static const struct scan_value *
find(const struct arguments *a, const char *name)
{
	for (size_t i = 0; i < a->row->nparams; i++) {
		if (strcmp(a->row->params[i].name, name) == 0)
			return a->values[i].raw.n > 0 ? &a->values[i] : NULL;
	}
	return NULL;
}

const char *
arguments_text(struct arguments *a, const char *name)
{
	const struct scan_value *v = find(a, name);
	struct bytes text = { 0 };

	if (v == NULL || scan_text(v, &text, NULL) < 0) {
		bytes_free(&text);
		return NULL;
	}
	a->decoded = xrealloc(a->decoded, a->ndecoded + 1, sizeof(char *));
	a->decoded[a->ndecoded] = bytes_give(&text);
	return a->decoded[a->ndecoded++];
}

int64_t
arguments_integer(const struct arguments *a, const char *name, int64_t otherwise)
{
	const struct scan_value *v = find(a, name);
	int64_t number;

	if (v == NULL || scan_integer(v, INT64_MIN, INT64_MAX, &number, NULL) < 0)
		return otherwise;
	return number;
}

struct span
arguments_raw(const struct arguments *a, const char *name)
{
	const struct scan_value *v = find(a, name);

	return v == NULL ? (struct span){ NULL, 0 } : v->raw;
}

void
arguments_forget(struct arguments *a)
{
	a->text = xrealloc(a->text, a->id.n + 1, 1);
	a->id.p = a->text;
	a->params = (struct span){ NULL, 0 };
	for (size_t i = 0; i < a->row->nparams; i++)
		a->values[i].raw = (struct span){ NULL, 0 };
}

void
arguments_free(struct arguments *a)
{
	for (size_t i = 0; i < a->ndecoded; i++)
		free(a->decoded[i]);
	free(a->decoded);
	free(a->values);
	free(a->text);
	*a = (struct arguments){ 0 };
}
