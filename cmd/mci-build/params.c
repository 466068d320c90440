#include "params.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "secrets.h"

#define FILE_LIMIT (1024 * 1024)

/* Keeps the first value of a name: the command line is read before the file. */
static int
take(struct params *p, const char *text, struct error *e)
{
	const char *equals = strchr(text, '=');
	size_t n = equals == NULL ? 0 : (size_t)(equals - text);

	if (equals == NULL || !value_name_ok(text, n))
		return error_set(e, ERROR_USAGE,
		    "'%.*s': expected NAME=VALUE, NAME of letters, digits "
		    "and _", (int)(equals == NULL ? strcspn(text, "\n") : n), text);
	for (size_t i = 0; i < p->n; i++) {
		if (strncmp(p->pairs[i].name, text, n) == 0 && p->pairs[i].name[n] == '\0')
			return 0;
	}
	p->pairs = xrealloc(p->pairs, p->n + 1, sizeof(*p->pairs));
	p->pairs[p->n].name = xmemdup(text, n);
	p->pairs[p->n].value = xstrdup(equals + 1);
	p->n++;
	return 0;
}

static int
file_read(struct params *p, const char *path, struct error *e)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	ssize_t n;
	long total = 0;
	int result = 0;

	if (f == NULL)
		return error_sys(e, "--param-file %s", path);
	for (unsigned row = 1; result == 0 && (n = getline(&line, &size, f)) > 0; row++) {
		total += n;
		if (line[n - 1] == '\n')
			line[--n] = '\0';
		if (n == 0 || line[0] == '#')
			continue;
		if (total > FILE_LIMIT || strlen(line) != (size_t)n)
			result = error_set(e, ERROR_INPUT, "too long, or a NUL byte in it");
		else
			result = take(p, line, e);
		if (result < 0)
			error_before(e, "%s:%u: ", path, row);
	}
	free(line);
	fclose(f);
	return result;
}

int
params_load(struct params *p, const struct option_list *given, const char *file, struct error *e)
{
	*p = (struct params){ 0 };
	/* from the last on: of two -p the later wins */
	for (size_t i = given->n; i-- > 0;) {
		if (take(p, given->items[i], e) < 0)
			return error_before(e, "-p ");
	}
	return file == NULL ? 0 : file_read(p, file, e);
}

const char *
params_find(const struct params *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++) {
		if (strcmp(p->pairs[i].name, name) == 0)
			return p->pairs[i].value;
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
		free(p->pairs[i].name);
		free(p->pairs[i].value);
	}
	free(p->pairs);
	*p = (struct params){ 0 };
}
