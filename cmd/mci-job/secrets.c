#include "secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "kernel.h"
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

static void
variable_give(struct spec *spec, const char *name, const char *value)
{
	if (find(spec->env, spec->nenv, name) != NULL)
		return;
	add(&spec->env, &spec->nenv, name, value);
	spec_set(spec, SPEC_ENV, true);
}

static int
file_give(struct spec *spec, const char *folder, const char *name, const char *value, struct error *e)
{
	AUTO_FREE char *path = xformat("%s/%s", folder, name);
	AUTO_CLOSE int fd = -1;

	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return error_sys(e, "create %s", folder);
	fd = kernel.open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
	if (fd < 0 || kernel_write_all(fd, value, strlen(value)) < 0)
		return error_sys(e, "%s", path);
	variable_give(spec, name, path);
	return 0;
}

bool
secrets_files(const struct spec *spec)
{
	for (size_t i = 0; i < spec->nsecrets; i++) {
		if (spec->secrets[i].as == SPEC_PARAM_FILE)
			return true;
	}
	return false;
}

int
secrets_apply(const struct secrets *s, struct spec *spec, const char *folder, struct error *e)
{
	for (size_t i = 0; i < spec->nparams; i++) {
		const struct spec_param *param = &spec->params[i];
		const struct spec_pair *secret = find(s->pairs, s->n, spec_param_from(param));

		if (secret != NULL)
			variable_give(spec, param->name, secret->value);
	}
	for (size_t i = 0; i < spec->nsecrets; i++) {
		const struct spec_param *param = &spec->secrets[i];
		const struct spec_pair *secret = find(s->pairs, s->n, spec_param_from(param));

		if (secret == NULL)
			return error_set(e, ERROR_INPUT, "secrets[%zu]: %s has no value", i,
			    spec_param_from(param));
		if (param->as == SPEC_PARAM_ENV)
			variable_give(spec, param->name, secret->value);
		else if (param->as == SPEC_PARAM_FILE &&
		    file_give(spec, folder, param->name, secret->value, e) < 0)
			return -1;
	}
	return 0;
}

void
secrets_free(struct secrets *s)
{
	value_pairs_free(s->pairs, s->n);
	*s = (struct secrets){ 0 };
}
