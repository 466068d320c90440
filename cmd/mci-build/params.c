#include "params.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "process.h"
#include "secretfile.h"
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

static struct param *
add(struct params *p, const char *name, size_t n)
{
	p->list = xrealloc(p->list, p->n + 1, sizeof(*p->list));
	p->list[p->n] = (struct param){ .name = xmemdup(name, n) };
	return &p->list[p->n++];
}

/* The last value of a name stays. */
static int
take(struct params *p, const char *text, bool typed, struct error *e)
{
	size_t n = strcspn(text, "=");
	struct param *param;

	if (text[n] == '\0' || !spec_param_name_ok(text, n))
		return error_set(e, ERROR_USAGE, "'%.*s': expected NAME=VALUE, NAME of letters, digits, "
		    "_ - and .", (int)n, text);
	param = find(p, text, n);
	if (param == NULL)
		param = add(p, text, n);
	free(param->value);
	param->value = xstrdup(text + n + 1);
	param->typed |= typed;
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
name_check(const struct params *p, const struct option_list *env, const char *name, struct error *e)
{
	const struct param *other = find(p, name, strlen(name));

	if (!spec_param_name_ok(name, strlen(name)))
		return error_set(e, ERROR_USAGE, "'%s' is not a name of letters, digits, _ - and .", name);
	if (other != NULL && other->secret)
		return error_set(e, ERROR_USAGE, "%s: the secret is given twice", name);
	if (other != NULL)
		return error_set(e, ERROR_USAGE, "%s: is a param and a secret; every job may read a param",
		    name);
	if (is_passed_on(env, name))
		return error_set(e, ERROR_USAGE, "%s: -e gives it to every job; leave that out", name);
	return 0;
}

static int
secret_take(struct params *p, const char *name, const char *value, size_t n, struct mask *mask,
    struct error *e)
{
	struct param *param;

	if (strlen(value) != n)
		return error_set(e, ERROR_USAGE, "%s: no variable can hold a NUL byte", name);
	if (mask_add(mask, value, n, e) < 0) {
		e->code = ERROR_USAGE;
		return error_before(e, "%s: ", name);
	}
	process_private();
	param = add(p, name, strlen(name));
	param->value = xstrdup(value);
	param->secret = true;
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
variable_take(struct params *p, const struct option_list *env, const char *name, struct mask *mask,
    struct error *e)
{
	char *value;
	int result;

	if (strchr(name, '=') != NULL)
		return error_set(e, ERROR_USAGE, "%.*s: a value on the command line can be seen by others; "
		    "set the variable and give its name", (int)strcspn(name, "="), name);
	if (name_check(p, env, name, e) < 0)
		return -1;
	value = getenv(name);
	if (value == NULL)
		return error_set(e, ERROR_USAGE,
		    "%s: there is no such variable; set it, or use --secret-file %s=FILE", name, name);
	result = secret_take(p, name, value, strlen(value), mask, e);
	wipe(name, value);
	return result;
}

/* NAME=FILE, or FILE whose own name is the secret's. */
static const char *
file_split(const char *text, char **name)
{
	size_t n = strcspn(text, "=");
	const char *slash = strrchr(text, '/');

	if (text[n] == '=' && spec_param_name_ok(text, n)) {
		*name = xmemdup(text, n);
		return text + n + 1;
	}
	*name = xstrdup(slash != NULL ? slash + 1 : text);
	return text;
}

static int
secret_file_take(struct params *p, const struct option_list *env, const char *text, struct mask *mask,
    struct error *e)
{
	AUTO_FREE char *name = NULL;
	AUTO_BYTES value = { 0 };
	const char *path = file_split(text, &name);

	if (name_check(p, env, name, e) < 0)
		return path == text ? error_before(e, "name it as NAME=%s: ", path) : -1;
	if (secretfile_read(&value, path, e) < 0)
		return -1;
	return secret_take(p, name, bytes_string(&value), value.len, mask, e);
}

int
params_load(struct params *p, const struct params_given *given, struct mask *mask, struct error *e)
{
	*p = (struct params){ 0 };
	if (given->file != NULL && file_take(p, given->file, e) < 0)
		return -1;
	for (size_t i = 0; i < given->params->n; i++) {
		if (take(p, given->params->items[i], true, e) < 0)
			return error_before(e, "param ");
	}
	for (size_t i = 0; i < given->secrets->n; i++) {
		if (variable_take(p, given->env, given->secrets->items[i], mask, e) < 0)
			return error_before(e, "--secret ");
	}
	for (size_t i = 0; i < given->secret_files->n; i++) {
		if (secret_file_take(p, given->env, given->secret_files->items[i], mask, e) < 0)
			return error_before(e, "--secret-file ");
	}
	return 0;
}

int
params_add(struct params *p, const struct spec_pair *params, size_t n, struct error *e)
{
	for (size_t i = 0; i < n; i++) {
		AUTO_FREE char *text = xformat("%s=%s", params[i].name, params[i].value);

		if (take(p, text, false, e) < 0)
			return error_before(e, "param ");
		find(p, params[i].name, strlen(params[i].name))->offered = true;
	}
	return 0;
}

int
params_add_secrets(struct params *p, const struct spec_pair *secrets, size_t n,
    const struct option_list *env, struct mask *mask, struct error *e)
{
	for (size_t i = 0; i < n; i++) {
		const char *name = secrets[i].name, *value = secrets[i].value;

		if (name_check(p, env, name, e) < 0 ||
		    secret_take(p, name, value, strlen(value), mask, e) < 0)
			return error_before(e, "secret ");
		find(p, name, strlen(name))->offered = true;
	}
	return 0;
}

const char *
params_use(struct params *p, const char *name)
{
	struct param *found = find(p, name, strlen(name));

	if (found == NULL || found->secret)
		return NULL;
	found->used = true;
	return found->value;
}

const char *
params_secret_value(const struct params *p, const char *name)
{
	const struct param *found = find(p, name, strlen(name));

	return found != NULL && found->secret ? found->value : NULL;
}

bool
params_secret(const struct params *p, const char *name)
{
	const struct param *found = find(p, name, strlen(name));

	return found != NULL && found->secret;
}

bool
params_has(const struct params *p, const char *name)
{
	return find(p, name, strlen(name)) != NULL;
}

void
params_default(struct params *p, const char *name, const char *value)
{
	add(p, name, strlen(name))->value = xstrdup(value);
}

void
params_named(struct params *p, const struct spec *s)
{
	for (size_t i = 0; i < s->nparams; i++)
		params_use(p, spec_param_from(&s->params[i]));
	for (size_t i = 0; i < s->nsecrets; i++)
		params_use(p, spec_param_from(&s->secrets[i]));
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
params_apply(const struct params *p, struct spec *s, struct error *e)
{
	for (size_t i = 0; i < s->nparams; i++) {
		const char *name = s->params[i].name, *from = spec_param_from(&s->params[i]);
		const struct param *param = find(p, from, strlen(from));

		if (param == NULL)
			return error_set(e, ERROR_INPUT,
			    "params[%zu]: '%s' was not given; add -p %s=VALUE, or --secret %s", i,
			    from, from, from);
		if (param->secret || sets_itself(s, name))
			continue;
		s->env = xrealloc(s->env, s->nenv + 1, sizeof(*s->env));
		s->env[s->nenv].name = xstrdup(name);
		s->env[s->nenv++].value = xstrdup(param->value);
		spec_set(s, SPEC_ENV, true);
	}
	for (size_t i = 0; i < s->nsecrets; i++) {
		const char *from = spec_param_from(&s->secrets[i]);

		if (!params_secret(p, from))
			return error_set(e, ERROR_INPUT,
			    "secrets[%zu]: '%s' was not given; add --secret %s", i, from, from);
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
