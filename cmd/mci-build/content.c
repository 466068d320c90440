#include "content.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "emit.h"
#include "kernel.h"
#include "memory.h"
#include "message.h"
#include "scan.h"

/* What the environment says of the commit: another one may have the same files. */
static const char *const commit[] = { "MCI_COMMIT", "MCI_BRANCH", "MCI_TAG", "MCI_EVENT", "MCI_TARGET" };
#define NCOMMIT (sizeof(commit) / sizeof(commit[0]))

static void
fact_add(struct content *c, const char *kind, const char *name, const char *value, bool secret)
{
	AUTO_FREE char *fact = xformat("%s%s%s", kind, *kind != '\0' ? " " : "", name);

	emit_open(&c->facts);
	emit_text(&c->facts, "fact", fact);
	emit_text(&c->facts, "value", value == NULL ? "" : value);
	if (secret)
		emit_bool(&c->facts, "secret", true);
	emit_line(&c->facts);
	c->secret |= secret;
}

/* Each key of the spec that mci-job is given; how long it may take makes no other result. */
static void
spec_add(struct content *c, const struct spec *s)
{
	static const char *const other[] = { "env", "timeout", "quiet-timeout", "workspace", "staged",
		"runner" };
	AUTO_BYTES line = { 0 };
	struct scan scan;
	struct scan_member m;

	spec_write(&line, s, true);
	if (scan_open(&scan, line.data, line.len, NULL) < 0)
		return;
	while (scan_next(&scan, &m, NULL) > 0) {
		AUTO_FREE char *key = xmemdup(m.key.p, m.key.n);
		AUTO_FREE char *value = xmemdup(m.value.raw.p, m.value.raw.n);
		bool listed = false;

		for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
			listed |= strcmp(key, other[i]) == 0;
		if (!listed)
			fact_add(c, "", key, value, false);
	}
	for (size_t i = 0; i < s->nenv; i++)
		fact_add(c, "env", s->env[i].name, s->env[i].value, false);
	line.len = 0;
	if (s->nsave_artifacts > 0) {
		emit_open(&line);
		spec_rows[SPEC_SAVE_ARTIFACTS].type->write(&line, "save-artifacts", &s->save_artifacts,
		    s->nsave_artifacts);
		fact_add(c, "", "save-artifacts", bytes_string(&line), false);
	}
}

static void
params_add_facts(struct content *c, const struct spec *s, struct params *params)
{
	for (size_t i = 0; i < s->nparams; i++) {
		for (size_t k = 0; k < params->n; k++) {
			const struct param *p = &params->list[k];

			if (p->secret && strcmp(p->name, spec_param_from(&s->params[i])) == 0)
				fact_add(c, "secret", p->name, p->value, true);
		}
	}
	for (size_t i = 0; i < c->inputs->nparams; i++)
		fact_add(c, "param", c->inputs->params[i], params_use(params, c->inputs->params[i]), false);
}

/* NAME=VALUE, or NAME for the value that we have. */
static void
grants_add(struct content *c, const struct option_list *env)
{
	for (size_t i = 0; i < env->n; i++) {
		const char *item = env->items[i], *equals = strchr(item, '=');
		AUTO_FREE char *name = xmemdup(item, strcspn(item, "="));

		fact_add(c, "env", name, equals != NULL ? equals + 1 : getenv(name), false);
	}
	for (size_t i = 0; i < c->inputs->nenv; i++)
		fact_add(c, "env", c->inputs->env[i], getenv(c->inputs->env[i]), false);
}

/* Where nobody says which programs there are, what the system calls itself stands for them. */
static void
toolchain_add(struct content *c, const struct spec *s)
{
	AUTO_CLOSE int fd = s->toolchain != NULL ? -1 : kernel.open(AT_FDCWD, "/etc/os-release", O_RDONLY, 0);
	char text[4096];
	ssize_t n = fd < 0 ? 0 : kernel.read(fd, text, sizeof(text) - 1);
	struct utsname machine;

	text[n > 0 ? n : 0] = '\0';
	fact_add(c, "", "toolchain", s->toolchain != NULL ? s->toolchain : text, false);
	fact_add(c, "", "machine", uname(&machine) == 0 ? machine.machine : "", false);
}

struct content *
content_of(const struct spec *s, struct params *params, const struct option_list *env, const char *runner,
    bool unsealed)
{
	struct content *c = xmalloc(sizeof(*c));

	*c = (struct content){ .inputs = spec_inputs_copy(s->inputs), .unsealed = unsealed };
	spec_add(c, s);
	params_add_facts(c, s, params);
	grants_add(c, env);
	toolchain_add(c, s);
	fact_add(c, "", "runner", runner, false);
	fact_add(c, "", "seal", unsealed ? "unsealed" : "sealed", false);
	return c;
}

static bool
is_named(const struct content *c, const struct spec *s, const char *name)
{
	for (size_t i = 0; i < c->inputs->nenv; i++) {
		if (strcmp(c->inputs->env[i], name) == 0)
			return true;
	}
	for (size_t i = 0; i < s->nenv; i++) {
		if (strcmp(s->env[i].name, name) == 0)
			return true;
	}
	return false;
}

void
content_hide(const struct content *c, struct spec *s)
{
	for (size_t i = 0; i < NCOMMIT; i++) {
		if (is_named(c, s, commit[i]))
			continue;
		s->env = xrealloc(s->env, s->nenv + 1, sizeof(*s->env));
		s->env[s->nenv++] = (struct spec_pair){ xstrdup(commit[i]), xstrdup("") };
		spec_set(s, SPEC_ENV, true);
	}
}

static char *
text_of(struct span object, const char *key)
{
	struct scan_value v;
	struct bytes text = { 0 };

	if (message_member(object.p, object.n, key, &v, NULL) <= 0 || scan_text(&v, &text, NULL) < 0) {
		bytes_free(&text);
		return NULL;
	}
	return bytes_give(&text);
}

int
content_seal(const char *path, struct error *e)
{
	AUTO_CLOSE int fd = kernel.open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	unsigned char bytes[32];

	kernel.random(bytes, sizeof(bytes));
	return fd < 0 || kernel_write_all(fd, bytes, sizeof(bytes)) < 0 ? error_sys(e, "%s", path) : 0;
}

void
content_note(struct content *c, struct span line)
{
	if (c->notes.len + line.n + 1 > CONTENT_NOTES) {
		c->acted = true;
		return;
	}
	bytes_add(&c->notes, line.p, line.n);
	bytes_char(&c->notes, '\n');
}

static int
file_read(struct bytes *into, const char *path, struct error *e)
{
	AUTO_CLOSE int fd = kernel.open(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW, 0);
	ssize_t n;

	if (fd < 0)
		return error_sys(e, "%s", path);
	while ((n = kernel.read(fd, bytes_reserve(into, 65536), 65536)) > 0)
		into->len += (size_t)n;
	return n < 0 ? error_sys(e, "%s", path) : 0;
}

static int
file_write(const char *path, const struct bytes *text, struct error *e)
{
	AUTO_CLOSE int fd = kernel.open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	return fd < 0 || kernel_write_all(fd, text->data, text->len) < 0 ? error_sys(e, "%s", path) : 0;
}

int
content_take(struct content *c, const char *result, const char *notes, struct error *e)
{
	AUTO_BYTES text = { 0 };
	struct scan_value v;
	struct span object;

	c->notes.len = 0;
	if (file_read(&text, result, e) < 0 || file_read(&c->notes, notes, e) < 0)
		return -1;
	object = (struct span){ text.data, text.len };
	c->origin = text_of(object, "build");
	if (c->origin == NULL)
		return error_set(e, ERROR_INPUT, "%s: is no result", result);
	if (message_member(object.p, object.n, "outputs", &v, NULL) > 0 && v.type == SCAN_OBJECT)
		c->outputs = xmemdup(v.raw.p, v.raw.n);
	c->warnings = message_integer(object, "warnings", 0);
	return 0;
}

int
content_keep(const struct content *c, const char *result, const char *notes, const char *build,
    const char *job, struct span outputs, struct error *e)
{
	AUTO_BYTES line = { 0 };

	emit_open(&line);
	emit_text(&line, "build", build);
	emit_text(&line, "job", job);
	if (outputs.n > 0)
		emit_raw(&line, "outputs", outputs);
	if (c->warnings > 0)
		emit_integer(&line, "warnings", c->warnings);
	emit_line(&line);
	return file_write(result, &line, e) < 0 ? -1 : file_write(notes, &c->notes, e);
}

void
content_free(struct content *c)
{
	if (c == NULL)
		return;
	if (c->facts.data != NULL)
		explicit_bzero(c->facts.data, c->facts.len);
	bytes_free(&c->facts);
	bytes_free(&c->notes);
	spec_inputs_free(c->inputs);
	free(c->key);
	free(c->changed);
	free(c->origin);
	free(c->outputs);
	free(c->replay);
	free(c);
}
