#include "secrets.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "secretfile.h"

bool
secrets_have(const struct secrets *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++) {
		if (strcmp(s->pairs[i].name, name) == 0)
			return true;
	}
	return false;
}

static bool
is_passed_on(const struct option_list *env, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < env->n; i++) {
		if (strncmp(env->items[i], name, n) == 0 && strchr("=", env->items[i][n]) != NULL)
			return true;
	}
	return false;
}

/* A name that only this secret has. */
static int
name_check(const struct secrets *s, const struct secrets_given *given, const struct params *params,
    const char *name, struct error *e)
{
	if (!value_name_ok(name, strlen(name)))
		return error_set(e, ERROR_USAGE, "'%s' is not a name of letters, digits and _", name);
	if (secrets_have(s, name))
		return error_set(e, ERROR_USAGE, "%s: the secret is given twice", name);
	if (params_find(params, name) != NULL)
		return error_set(e, ERROR_USAGE, "%s: is a param and a secret; every job may read a param",
		    name);
	if (is_passed_on(&given->env, name))
		return error_set(e, ERROR_USAGE, "%s: -e gives it to every job; leave that out", name);
	return 0;
}

static int
take(struct secrets *s, const char *name, const char *value, size_t n, struct mask *mask,
    struct error *e)
{
	if (strlen(value) != n)
		return error_set(e, ERROR_USAGE, "%s: no variable can hold a NUL byte", name);
	if (mask_add(mask, value, n, e) < 0) {
		e->code = ERROR_USAGE;
		return error_before(e, "%s: ", name);
	}
	s->pairs = xrealloc(s->pairs, s->n + 1, sizeof(*s->pairs));
	s->pairs[s->n++] = (struct spec_pair){ xstrdup(name), xstrdup(value) };
	return 0;
}

/* No process of ours inherits the variable, and it is not seen in /proc/PID/environ either. */
static void
wipe(const char *name, char *value)
{
	explicit_bzero(value, strlen(value));
	unsetenv(name);
}

static int
variable_take(struct secrets *s, const char *name, struct mask *mask, struct error *e)
{
	char *value = getenv(name);
	int result;

	if (value == NULL)
		return error_set(e, ERROR_USAGE,
		    "there is no variable %s; set it, or use --secret-file %s=FILE", name, name);
	result = take(s, name, value, strlen(value), mask, e);
	wipe(name, value);
	return result;
}

/* NAME=FILE, or FILE whose own name is the secret's. */
static const char *
file_split(const char *text, char **name)
{
	size_t n = strcspn(text, "=");
	const char *slash = strrchr(text, '/');

	if (text[n] == '=' && value_name_ok(text, n)) {
		*name = xmemdup(text, n);
		return text + n + 1;
	}
	*name = xstrdup(slash != NULL ? slash + 1 : text);
	return text;
}

static int
file_take(struct secrets *s, const struct secrets_given *given, const struct params *params,
    const char *text, struct mask *mask, struct error *e)
{
	AUTO_FREE char *name = NULL;
	AUTO_BYTES value = { 0 };
	const char *path = file_split(text, &name);

	if (name_check(s, given, params, name, e) < 0)
		return path == text ? error_before(e, "name it as NAME=%s: ", path) : -1;
	if (secretfile_read(&value, path, e) < 0)
		return -1;
	return take(s, name, bytes_string(&value), value.len, mask, e);
}

int
secrets_load(struct secrets *s, const struct secrets_given *given, const struct params *params,
    struct mask *mask, struct error *e)
{
	for (size_t i = 0; i < given->names.n; i++) {
		const char *name = given->names.items[i];

		if (strchr(name, '=') != NULL)
			return error_set(e, ERROR_USAGE, "--secret %.*s: a value on the command line can be "
			    "seen by others; set the variable and give its name",
			    (int)strcspn(name, "="), name);
		if (name_check(s, given, params, name, e) < 0 || variable_take(s, name, mask, e) < 0)
			return error_before(e, "--secret ");
	}
	for (size_t i = 0; i < given->files.n; i++) {
		if (file_take(s, given, params, given->files.items[i], mask, e) < 0)
			return error_before(e, "--secret-file ");
	}
	return 0;
}

void
secrets_free(struct secrets *s)
{
	value_pairs_free(s->pairs, s->n);
	*s = (struct secrets){ 0 };
}
