#include "params.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "secrets.h"
#include "textfile.h"

#define FILE_LIMIT ((size_t)1024 * 1024)

static struct param *
find(const struct params *p, const char *name, size_t n)
{
	for (size_t i = 0; i < p->n; i++) {
		if (strncmp(p->list[i].name, name, n) == 0 && p->list[i].name[n] == '\0')
			return &p->list[i];
	}
	return NULL;
}

/* The last value of a name stays. */
static int
take(struct params *p, const char *text, bool typed, struct error *e)
{
	size_t n = strcspn(text, "=");
	struct param *old;

	if (text[n] == '\0' || !value_name_ok(text, n))
		return error_set(e, ERROR_USAGE, "'%.*s': expected NAME=VALUE, NAME of letters, digits "
		    "and _", (int)n, text);
	old = find(p, text, n);
	if (old == NULL) {
		p->list = xrealloc(p->list, p->n + 1, sizeof(*p->list));
		old = &p->list[p->n++];
		*old = (struct param){ .name = xmemdup(text, n) };
	}
	free(old->value);
	old->value = xstrdup(text + n + 1);
	old->typed |= typed;
	return 0;
}

static int
line_take(struct params *p, struct span line, struct error *e)
{
	AUTO_FREE char *text = xmemdup(line.p, line.n);

	if (strlen(text) != line.n)
		return error_set(e, ERROR_INPUT, "a NUL byte");
	return text[0] == '\0' || text[0] == '#' ? 0 : take(p, text, false, e);
}

static int
file_take(struct params *p, const char *path, struct error *e)
{
	AUTO_BYTES text = { 0 };
	struct textfile_lines lines;
	struct span line;

	if (textfile_read(&text, path, FILE_LIMIT, e) < 0)
		return error_before(e, "--param-file ");
	lines = (struct textfile_lines){ .rest = { text.data, text.len } };
	while (textfile_line(&lines, &line)) {
		if (line_take(p, line, e) < 0)
			return error_before(e, "%s:%zu: ", path, lines.number);
	}
	return 0;
}

int
params_load(struct params *p, const struct option_list *given, const char *file, struct error *e)
{
	*p = (struct params){ 0 };
	if (file != NULL && file_take(p, file, e) < 0)
		return -1;
	for (size_t i = 0; i < given->n; i++) {
		if (take(p, given->items[i], true, e) < 0)
			return error_before(e, "param ");
	}
	return 0;
}

const char *
params_find(const struct params *p, const char *name)
{
	const struct param *found = find(p, name, strlen(name));

	return found == NULL ? NULL : found->value;
}

const char *
params_use(struct params *p, const char *name)
{
	struct param *found = find(p, name, strlen(name));

	if (found == NULL)
		return NULL;
	found->used = true;
	return found->value;
}

void
params_named(struct params *p, const struct spec *s)
{
	for (size_t i = 0; i < s->nparams; i++)
		params_use(p, s->params[i]);
}

const struct param *
params_unused(const struct params *p, const struct param *after)
{
	for (size_t i = after == NULL ? 0 : (size_t)(after - p->list) + 1; i < p->n; i++) {
		if (p->list[i].typed && !p->list[i].used)
			return &p->list[i];
	}
	return NULL;
}

static bool
sets_itself(const struct spec *s, const char *name)
{
	for (size_t i = 0; i < s->nenv; i++) {
		if (strcmp(s->env[i].name, name) == 0)
			return true;
	}
	return false;
}

int
params_apply(const struct params *p, const struct secrets *secrets, struct spec *s,
    struct error *e)
{
	for (size_t i = 0; i < s->nparams; i++) {
		const char *value = params_find(p, s->params[i]);

		if (value == NULL && secrets_have(secrets, s->params[i]))
			continue;
		if (value == NULL)
			return error_set(e, ERROR_INPUT,
			    "params[%zu]: '%s' was not given; add -p %s=VALUE, or --secret %s", i,
			    s->params[i], s->params[i], s->params[i]);
		if (sets_itself(s, s->params[i]))
			continue;
		s->env = xrealloc(s->env, s->nenv + 1, sizeof(*s->env));
		s->env[s->nenv].name = xstrdup(s->params[i]);
		s->env[s->nenv++].value = xstrdup(value);
	}
	return 0;
}

void
params_free(struct params *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->list[i].name);
		free(p->list[i].value);
	}
	free(p->list);
	*p = (struct params){ 0 };
}
