#include "spec.h"

#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "emit.h"
#include "memory.h"
#include "message.h"
#include "nearest.h"
#include "number.h"
#include "scan.h"
#include "specvalue.h"

#define MONKEY_TIMEOUT (INT64_C(20) * 60 * SECOND)

typedef int key_reader(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e);

/* What the original takes for an id as one of ours, with '_' between the parts that an id may hold. Caller
 * frees. */
static char *
id_make(const char *text)
{
	char *id = xmalloc(strlen(text) + 1);
	bool gap = false;
	size_t n = 0;

	for (const char *p = text; *p != '\0'; p++) {
		const char two[] = { 'x', *p };

		if (!spec_id_ok(n == 0 ? p : two, n == 0 ? 1 : 2)) {
			gap = n > 0;
			continue;
		}
		if (gap)
			id[n++] = '_';
		id[n++] = *p;
		gap = false;
	}
	return id;
}

/* Puts into *id, which is not one of ours, one that is made from it; false when there is nothing left of it. */
static bool
id_adopt(char **id)
{
	char *made = id_make(*id);

	if (!spec_id_ok(made, strlen(made))) {
		free(made);
		return false;
	}
	free(*id);
	*id = made;
	return true;
}

static int
id_read(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	if (value_text_into(&s->id, v, e) < 0)
		return -1;
	if (spec_id_ok(s->id, strlen(s->id)))
		return 0;
	if (flags & SPEC_MONKEY && s->name == NULL)
		s->name = xstrdup(s->id);
	if (!(flags & SPEC_MONKEY) || !id_adopt(&s->id))
		return error_set(e, ERROR_INPUT, ": '%.64s%s' is not a job id: 1 to 128 of "
		    "A-Z a-z 0-9 . _ + , - beginning with a letter or digit", s->id,
		    strlen(s->id) > 64 ? "..." : "");
	return 0;
}

/* One line that people are shown. */
static int
name_read(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)flags;
	if (value_text_into(&s->name, v, e) < 0)
		return -1;
	if (s->name[0] == '\0' || strlen(s->name) > SPEC_NAME_LIMIT || strchr(s->name, '\n') != NULL)
		return error_set(e, ERROR_INPUT, ": expected one line of at most %d bytes", SPEC_NAME_LIMIT);
	return 0;
}

static int
script_read(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)flags;
	if (value_list(&s->script, &s->nscript, v, true, e) < 0)
		return -1;
	return s->nscript > 0 ? 0 : error_set(e, ERROR_INPUT, ": expected at least one entry");
}

static int
argv_read(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)flags;
	if (value_list(&s->argv, &s->nargv, v, false, e) < 0)
		return -1;
	if (s->nargv == 0 || s->argv[0][0] == '\0')
		return error_set(e, ERROR_INPUT, ": expected a program and its arguments");
	return 0;
}

static int
shell_read(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)flags;
	if (value_text_into(&s->shell, v, e) < 0)
		return -1;
	return s->shell[0] != '\0' ? 0 :
	    error_set(e, ERROR_INPUT, ": expected the name of a shell, such as bash");
}

static int
shell_per_read(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)flags;
	s->shell_per_line = scan_text_is(v, "line");
	if (!s->shell_per_line && !scan_text_is(v, "job"))
		return error_set(e, ERROR_INPUT, ": expected \"line\" or \"job\"");
	return 0;
}

static int
env_read(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)flags;
	return value_pairs(&s->env, &s->nenv, v, true, e);
}

/* A folder below the build's: no way out by ".." or "/". */
static int
dir_read(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	const char *p;

	(void)flags;
	if (value_text_into(&s->dir, v, e) < 0)
		return -1;
	if (s->dir[0] == '/' || s->dir[0] == '\0')
		return error_set(e, ERROR_INPUT, ": '%.200s' is not a path relative to the "
		    "build's folder", s->dir);
	for (p = s->dir; p != NULL; p = strchr(p, '/')) {
		p += *p == '/';
		if (strncmp(p, "..", 2) == 0 && (p[2] == '/' || p[2] == '\0'))
			return error_set(e, ERROR_INPUT, ": '%.200s' leaves the build's folder", s->dir);
	}
	return 0;
}

static int
timeout_read(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	if (value_duration(&s->timeout, v, flags & SPEC_MONKEY, e) < 0)
		return -1;
	return s->timeout > 0 ? 0 : error_set(e, ERROR_INPUT, ": expected more than nothing");
}

static int
labels_read(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)flags;
	return value_pairs(&s->labels, &s->nlabels, v, false, e);
}

static int
runner_read(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)flags;
	return value_text_into(&s->runner, v, e);
}

static int
stdin_read(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)flags;
	return value_text_into(&s->stdin_text, v, e);
}

static int
split_read(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)flags;
	return value_bool(&s->split, v, e);
}

static int
pty_read(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)flags;
	return value_bool(&s->pty, v, e);
}

static int
params_read(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)flags;
	if (value_list(&s->params, &s->nparams, v, false, e) < 0)
		return -1;
	for (size_t i = 0; i < s->nparams; i++) {
		if (!value_name_ok(s->params[i], strlen(s->params[i])))
			return error_set(e, ERROR_INPUT,
			    "[%zu]: '%.64s' is not a name of letters, digits and _",
			    i, s->params[i]);
	}
	return 0;
}

static int
image_read(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)flags;
	return value_text_into(&s->image, v, e);
}

static int
depends_read(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)flags;
	if (value_list(&s->depends, &s->ndepends, v, true, e) < 0)
		return -1;
	for (size_t i = 0; i < s->ndepends; i++) {
		if (!spec_id_ok(s->depends[i], strlen(s->depends[i])) &&
		    (!(flags & SPEC_MONKEY) || !id_adopt(&s->depends[i])))
			return error_set(e, ERROR_INPUT, "[%zu]: '%.64s' is not a job id", i, s->depends[i]);
	}
	return 0;
}

static int
when_read(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)flags;
	s->when = v->raw;
	if (v->type != SCAN_OBJECT && v->type != SCAN_STRING)
		return value_expected(v, "an object or \"always\" or \"failure\"", e);
	return 0;
}

static int
matrix_read(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)flags;
	s->matrix = v->raw;
	return v->type == SCAN_OBJECT ? 0 : value_expected(v, "an object of lists", e);
}

static int
retry_codes_read(struct spec *s, const struct scan_value *v, struct error *e)
{
	struct scan list;
	struct scan_member m;
	int64_t code;
	int got;

	if (v->type != SCAN_ARRAY)
		return value_expected(v, "a list of exit codes", e);
	scan_open(&list, v->raw.p, v->raw.n, e);
	while ((got = scan_next(&list, &m, e)) > 0) {
		if (s->nretry_codes == 256)
			return error_set(e, ERROR_LIMIT, ": more than 256 codes");
		if (scan_integer(&m.value, 1, 255, &code, e) < 0)
			return error_before(e, "[%zu]: ", s->nretry_codes);
		s->retry_codes = xrealloc(s->retry_codes, s->nretry_codes + 1, sizeof(int));
		s->retry_codes[s->nretry_codes++] = (int)code;
	}
	return got;
}

static int
retry_member_read(struct spec *s, const struct scan_member *m, unsigned flags, struct error *e)
{
	int64_t count;

	if (span_is(m->key, "count")) {
		if (scan_integer(&m->value, 0, 100, &count, e) < 0)
			return error_before(e, ".count: ");
		s->retries = (int)count;
		return 0;
	}
	if (span_is(m->key, "exit"))
		return retry_codes_read(s, &m->value, e) < 0 ? error_before(e, ".exit") : 0;
	if (span_is(m->key, "delay"))
		return value_duration(&s->retry_delay, &m->value, flags & SPEC_MONKEY, e) < 0 ?
		    error_before(e, ".delay") : 0;
	return error_set(e, ERROR_INPUT, ".%.*s: unknown key; known are count, exit and delay",
	    (int)(m->key.n > 64 ? 64 : m->key.n), m->key.p);
}

static int
retry_read(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	struct scan object;
	struct scan_member m;
	int64_t count;
	int got;

	if (v->type == SCAN_NUMBER) {
		if (scan_integer(v, 0, 100, &count, e) < 0)
			return error_before(e, ": ");
		s->retries = (int)count;
		return 0;
	}
	if (v->type != SCAN_OBJECT)
		return value_expected(v, "a number or an object with count, exit and delay", e);
	s->retries = 1;
	scan_open(&object, v->raw.p, v->raw.n, e);
	while ((got = scan_next(&object, &m, e)) > 0) {
		if (retry_member_read(s, &m, flags, e) < 0)
			return -1;
	}
	return got;
}

static int
allow_failure_read(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)flags;
	return value_bool(&s->allow_failure, v, e);
}

static int
blocked_read(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)flags;
	return value_bool(&s->blocked, v, e);
}

static int
attempt_read(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	int64_t attempt;

	(void)flags;
	if (scan_integer(v, 1, 1000, &attempt, e) < 0)
		return error_before(e, ": ");
	s->attempt = (int)attempt;
	return 0;
}

/* Artifacts and caches: a list of objects with an id and a path (the original's form). */
static int
places_read(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	struct scan list;
	struct scan_member m;
	struct scan_value member;
	size_t n = 0;
	int got;

	(void)s;
	(void)flags;
	if (v->type != SCAN_ARRAY)
		return value_expected(v, "a list of objects with id and path", e);
	scan_open(&list, v->raw.p, v->raw.n, e);
	for (; (got = scan_next(&list, &m, e)) > 0; n++) {
		static const char *const keys[] = { "id", "path" };

		if (m.value.type != SCAN_OBJECT) {
			value_expected(&m.value, "an object with id and path", e);
			return error_before(e, "[%zu]", n);
		}
		for (size_t k = 0; k < 2; k++) {
			if (message_member(m.value.raw.p, m.value.raw.n, keys[k], &member, e) > 0 &&
			    member.type == SCAN_STRING)
				continue;
			return error_set(e, ERROR_INPUT, "[%zu].%s: expected a string", n, keys[k]);
		}
	}
	return got;
}

/* Keys that no part serves yet: the value only has to be there. */
static int
any_read(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)s;
	(void)flags;
	return v->type != SCAN_NULL ? 0 : value_expected(v, "a value", e);
}

#define GRAPH 1u  /* refused by mci-job */
#define MONKEY 2u /* only under .monkeyci */
#define INNER 4u  /* only from mci-build to mci-job */

static const struct row {
	const char *name;
	key_reader *read;
	unsigned flags;
} rows[SPEC_NKEYS] = {
	[SPEC_ID] = { "id", id_read, 0 },
	[SPEC_SCRIPT] = { "script", script_read, 0 },
	[SPEC_ARGV] = { "argv", argv_read, 0 },
	[SPEC_SHELL] = { "shell", shell_read, 0 },
	[SPEC_SHELL_PER] = { "shell-per", shell_per_read, 0 },
	[SPEC_ENV] = { "env", env_read, 0 },
	[SPEC_DIR] = { "dir", dir_read, 0 },
	[SPEC_TIMEOUT] = { "timeout", timeout_read, 0 },
	[SPEC_LABELS] = { "labels", labels_read, 0 },
	[SPEC_RUNNER] = { "runner", runner_read, 0 },
	[SPEC_STDIN] = { "stdin", stdin_read, 0 },
	[SPEC_SPLIT] = { "split", split_read, 0 },
	[SPEC_PTY] = { "pty", pty_read, 0 },
	[SPEC_PARAMS] = { "params", params_read, 0 },
	[SPEC_IMAGE] = { "image", image_read, 0 },
	[SPEC_DEPENDS_ON] = { "depends-on", depends_read, GRAPH },
	[SPEC_WHEN] = { "when", when_read, GRAPH },
	[SPEC_MATRIX] = { "matrix", matrix_read, GRAPH },
	[SPEC_RETRY] = { "retry", retry_read, GRAPH },
	[SPEC_ALLOW_FAILURE] = { "allow-failure", allow_failure_read, GRAPH },
	[SPEC_BLOCKED] = { "blocked", blocked_read, GRAPH },
	[SPEC_CACHES] = { "caches", places_read, 0 },
	[SPEC_SAVE_ARTIFACTS] = { "save-artifacts", places_read, 0 },
	[SPEC_RESTORE_ARTIFACTS] = { "restore-artifacts", places_read, 0 },
	[SPEC_SIZE] = { "size", any_read, 0 },
	[SPEC_ARCH] = { "arch", any_read, 0 },
	[SPEC_MEMORY] = { "memory", any_read, 0 },
	[SPEC_CPUS] = { "cpus", any_read, 0 },
	[SPEC_EXPOSE] = { "expose", any_read, 0 },
	[SPEC_NAME] = { "name", name_read, 0 },
	[SPEC_ATTEMPT_NUMBER] = { "attempt", attempt_read, INNER },
	[SPEC_TYPE_IGNORED] = { "type", any_read, MONKEY },
};

static const struct {
	const char *name;
	enum spec_key key;
	unsigned flags;
} aliases[] = {
	{ "dependencies", SPEC_DEPENDS_ON, 0 },
	{ "work-dir", SPEC_DIR, MONKEY },
	{ "container", SPEC_IMAGE, MONKEY },
};

/* Under .monkeyci saveArtifacts and save_artifacts are save-artifacts, and container/env is env. */
static void
kebab(struct bytes *into, struct span key)
{
	static const char space[] = "container/";

	if (key.n > sizeof(space) - 1 && memcmp(key.p, space, sizeof(space) - 1) == 0) {
		key.p += sizeof(space) - 1;
		key.n -= sizeof(space) - 1;
	}
	for (size_t i = 0; i < key.n; i++) {
		char c = key.p[i];

		if (c == '_') {
			bytes_char(into, '-');
		} else if (c >= 'A' && c <= 'Z') {
			bytes_char(into, '-');
			bytes_char(into, (char)(c | 0x20));
		} else {
			bytes_char(into, c);
		}
	}
}

static int
key_find(struct span key, unsigned flags)
{
	for (size_t i = 0; i < SPEC_NKEYS; i++) {
		if (span_is(key, rows[i].name))
			return (rows[i].flags & MONKEY && !(flags & SPEC_MONKEY)) ||
			    (rows[i].flags & INNER && !(flags & SPEC_ATTEMPT)) ? -1 : (int)i;
	}
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
		if (span_is(key, aliases[i].name) &&
		    (!(aliases[i].flags & MONKEY) || flags & SPEC_MONKEY))
			return (int)aliases[i].key;
	}
	return -1;
}

static int
unknown_key(struct span key, struct error *e)
{
	const char *names[SPEC_NKEYS];
	AUTO_FREE char *word = xmemdup(key.p, key.n > 64 ? 64 : key.n);
	const char *near;

	for (size_t i = 0; i < SPEC_NKEYS; i++)
		names[i] = rows[i].name;
	near = nearest_word(word, names, SPEC_ATTEMPT_NUMBER);
	return error_set(e, ERROR_INPUT, "%s: unknown key%s%s%s", word,
	    near != NULL ? "; did you mean '" : "", near != NULL ? near : "", near != NULL ? "'?" : "");
}

static int
member_read(struct spec *s, const struct scan_member *m, unsigned flags, struct error *e)
{
	AUTO_BYTES name = { 0 };
	struct span written = m->key;
	int key;

	if (flags & SPEC_MONKEY) {
		kebab(&name, m->key);
		written = (struct span){ name.data, name.len };
	}
	key = key_find(written, flags);
	if (key < 0)
		return unknown_key(m->key, e);
	if (s->keys & UINT64_C(1) << key)
		return error_set(e, ERROR_INPUT, "%s: the key comes twice", rows[key].name);
	s->keys |= UINT64_C(1) << key;
	if (rows[key].flags & GRAPH && flags & SPEC_ATTEMPT)
		return error_set(e, ERROR_INPUT,
		    "%s: mci-job knows no graph; give the jobs to 'mci-build -'", rows[key].name);
	if (rows[key].read(s, &m->value, flags, e) < 0)
		return error_before(e, "%s", rows[key].name);
	if (key >= SPEC_CACHES && key <= SPEC_EXPOSE) {
		bytes_format(&s->kept, "%s\"%s\":", s->kept.len > 0 ? "," : "", rows[key].name);
		bytes_add(&s->kept, m->value.raw.p, m->value.raw.n);
	}
	return 0;
}

static int
whole_check(struct spec *s, unsigned flags, struct error *e)
{
	if (s->id == NULL && !(flags & SPEC_MONKEY))
		return error_set(e, ERROR_INPUT, "id: missing; every job needs one");
	if (s->script != NULL && s->argv != NULL)
		return error_set(e, ERROR_INPUT, "argv: a job has script or argv, not both");
	if (s->script == NULL && s->argv == NULL && !s->blocked && (s->image == NULL || flags & SPEC_ATTEMPT))
		return error_set(e, ERROR_INPUT, "script: missing; a job needs script or argv");
	if (s->argv != NULL && (s->shell != NULL || spec_has(s, SPEC_SHELL_PER)))
		return error_set(e, ERROR_INPUT, "%s: argv is run without a shell",
		    s->shell != NULL ? "shell" : "shell-per");
	if (s->pty && s->split)
		return error_set(e, ERROR_INPUT, "split: a pty has one stream");
	if (s->pty && s->stdin_text != NULL)
		return error_set(e, ERROR_INPUT, "stdin: a pty is the standard input already");
	return 0;
}

int
spec_read(struct spec *s, const char *line, size_t n, unsigned flags, struct error *e)
{
	struct scan scan;
	struct scan_member m;
	int got;

	*s = (struct spec){ .attempt = 1 };
	if (scan_open(&scan, line, n, e) < 0)
		return -1;
	if (scan.close != '}')
		return error_set(e, ERROR_INPUT, "expected a job (a JSON object), found an array");
	while ((got = scan_next(&scan, &m, e)) > 0) {
		if (member_read(s, &m, flags, e) < 0)
			goto bad;
	}
	if (got < 0 || whole_check(s, flags, e) < 0)
		goto bad;
	if (flags & SPEC_MONKEY) {
		if (!spec_has(s, SPEC_TIMEOUT))
			s->timeout = MONKEY_TIMEOUT;
		s->shell_per_line = s->argv == NULL && !spec_has(s, SPEC_SHELL_PER);
	}
	return 0;
bad:
	spec_free(s);
	return -1;
}

void
spec_free(struct spec *s)
{
	free(s->id);
	free(s->name);
	value_list_free(s->script, s->nscript);
	value_list_free(s->argv, s->nargv);
	free(s->shell);
	value_pairs_free(s->env, s->nenv);
	free(s->dir);
	value_pairs_free(s->labels, s->nlabels);
	free(s->runner);
	free(s->stdin_text);
	value_list_free(s->params, s->nparams);
	free(s->image);
	value_list_free(s->depends, s->ndepends);
	free(s->retry_codes);
	bytes_free(&s->kept);
	*s = (struct spec){ 0 };
}

bool
spec_has(const struct spec *s, enum spec_key key)
{
	return (s->keys >> key & 1) != 0;
}

const char *
spec_key_name(enum spec_key key)
{
	return rows[key].name;
}

static bool
alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool
spec_id_ok(const char *text, size_t n)
{
	if (n == 0 || n > SPEC_ID_LIMIT || !alnum(text[0]))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!alnum(text[i]) && (text[i] == '\0' || strchr("._+,-", text[i]) == NULL))
			return false;
	}
	return true;
}

static void
list_write(struct bytes *b, const char *key, char *const *list, size_t n)
{
	if (n > 0)
		emit_list(b, key, (const char *const *)list, n);
}

static void
text_write(struct bytes *b, const char *key, const char *text)
{
	if (text != NULL)
		emit_text(b, key, text);
}

static void
flag_write(struct bytes *b, const char *key, bool flag)
{
	if (flag)
		emit_bool(b, key, true);
}

static void
pairs_write(struct bytes *b, const char *key, const struct spec_pair *pairs, size_t n)
{
	if (n == 0)
		return;
	emit_key(b, key);
	emit_open(b);
	for (size_t i = 0; i < n; i++)
		emit_text(b, pairs[i].name, pairs[i].value);
	bytes_char(b, '}');
}

static void
duration_member(struct bytes *b, const char *key, int64_t ns)
{
	if (ns == 0)
		return;
	emit_key(b, key);
	bytes_char(b, '"');
	duration_write(b, ns);
	bytes_char(b, '"');
}

static void
retry_write(struct bytes *b, const struct spec *s)
{
	emit_key(b, "retry");
	emit_open(b);
	emit_integer(b, "count", s->retries);
	if (s->nretry_codes > 0) {
		emit_key(b, "exit");
		bytes_char(b, '[');
		for (size_t i = 0; i < s->nretry_codes; i++) {
			if (i > 0)
				bytes_char(b, ',');
			bytes_number(b, s->retry_codes[i]);
		}
		bytes_char(b, ']');
	}
	duration_member(b, "delay", s->retry_delay);
	bytes_char(b, '}');
}

static void
graph_write(struct bytes *b, const struct spec *s)
{
	list_write(b, "depends-on", s->depends, s->ndepends);
	if (s->when.n > 0)
		emit_raw(b, "when", s->when);
	if (s->matrix.n > 0)
		emit_raw(b, "matrix", s->matrix);
	if (s->retries > 0)
		retry_write(b, s);
	flag_write(b, "allow-failure", s->allow_failure);
	flag_write(b, "blocked", s->blocked);
	if (s->kept.len > 0) {
		bytes_char(b, ',');
		bytes_add(b, s->kept.data, s->kept.len);
	}
}

void
spec_write(struct bytes *into, const struct spec *s, bool for_attempt)
{
	emit_open(into);
	text_write(into, "id", s->id);
	if (!for_attempt)
		text_write(into, "name", s->name);
	list_write(into, "script", s->script, s->nscript);
	list_write(into, "argv", s->argv, s->nargv);
	text_write(into, "shell", s->shell);
	if (s->shell_per_line)
		emit_text(into, "shell-per", "line");
	pairs_write(into, "env", s->env, s->nenv);
	text_write(into, "dir", s->dir);
	duration_member(into, "timeout", s->timeout);
	if (!for_attempt)
		pairs_write(into, "labels", s->labels, s->nlabels);
	text_write(into, "runner", s->runner);
	text_write(into, "stdin", s->stdin_text);
	flag_write(into, "split", s->split);
	flag_write(into, "pty", s->pty);
	list_write(into, "params", s->params, s->nparams);
	text_write(into, "image", s->image);
	if (for_attempt) {
		if (s->attempt > 1)
			emit_integer(into, "attempt", s->attempt);
	} else {
		graph_write(into, s);
	}
	emit_line(into);
}
