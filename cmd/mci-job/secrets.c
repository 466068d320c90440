#include "secrets.h"

#include <stdlib.h>
#include <string.h>

#include "mask.h"
#include "memory.h"

static struct spec_pair *
find(struct spec_pair *pairs, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(pairs[i].name, name) == 0)
			return &pairs[i];
	}
	return NULL;
}

static void
add(struct spec_pair **pairs, size_t *n, const char *name, const char *value)
{
	*pairs = xrealloc(*pairs, *n + 1, sizeof(**pairs));
	(*pairs)[*n] = (struct spec_pair){ xstrdup(name), xstrdup(value) };
	++*n;
}

int
secrets_set(struct secrets *s, const char *name, const char *value, struct error *e)
{
	struct spec_pair *old = find(s->pairs, s->n, name);

	if (!spec_param_name_ok(name, strlen(name)))
		return error_set(e, ERROR_INPUT, "name: expected letters, digits, _ - and .");
	if (old != NULL) {
		free(old->value);
		old->value = xstrdup(value);
		return 0;
	}
	if (s->n == MASK_SECRETS)
		return error_set(e, ERROR_LIMIT, "there may be %d named secrets", MASK_SECRETS);
	add(&s->pairs, &s->n, name, value);
	return 0;
}

void
secrets_apply(const struct secrets *s, struct spec *spec)
{
	for (size_t i = 0; i < spec->nparams; i++) {
		const struct spec_param *param = &spec->params[i];
		const struct spec_pair *secret = find(s->pairs, s->n, spec_param_from(param));

		if (secret == NULL || find(spec->env, spec->nenv, param->name) != NULL)
			continue;
		add(&spec->env, &spec->nenv, param->name, secret->value);
		spec_set(spec, SPEC_ENV, true);
	}
}

void
secrets_free(struct secrets *s)
{
	value_pairs_free(s->pairs, s->n);
	*s = (struct secrets){ 0 };
}
