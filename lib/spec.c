#include "spec.h"

#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "emit.h"
#include "memory.h"
#include "message.h"
#include "nearest.h"
#include "scan.h"
#include "specwords.h"

#define MONKEY_TIMEOUT (INT64_C(20) * 60 * SECOND)

static int
id_check(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)v;
	if (spec_id_ok(s->id, strlen(s->id)))
		return 0;
	if (flags & SPEC_MONKEY && s->name == NULL && spec_name_ok(s->id))
		s->name = xstrdup(s->id);
	if (!(flags & SPEC_MONKEY) || !spec_id_adopt(&s->id))
		return error_set(e, ERROR_INPUT, ": '%.64s%s' is not a job id: 1 to 128 of "
		    "A-Z a-z 0-9 . _ + , - beginning with a letter or digit", s->id,
		    strlen(s->id) > 64 ? "..." : "");
	return 0;
}

static int
name_check(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)v;
	(void)flags;
	if (!spec_name_ok(s->name))
		return error_set(e, ERROR_INPUT, ": expected one line of at most %d bytes",
		    SPEC_NAME_LIMIT);
	return 0;
}

static int
script_check(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)v;
	(void)flags;
	return s->nscript > 0 ? 0 : error_set(e, ERROR_INPUT, ": expected at least one entry");
}

static int
finally_check(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)v;
	(void)flags;
	return s->nfinally > 0 ? 0 : error_set(e, ERROR_INPUT, ": expected at least one entry");
}

static int
argv_check(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)v;
	(void)flags;
	if (s->nargv > 0 && s->argv[0][0] != '\0')
		return 0;
	return error_set(e, ERROR_INPUT, ": expected a program and its arguments");
}

static int
shell_check(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)v;
	(void)flags;
	return s->shell[0] != '\0' ? 0 :
	    error_set(e, ERROR_INPUT, ": expected the name of a shell, such as bash");
}

static int
dir_check(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)v;
	(void)flags;
	if (value_path_inside(s->dir))
		return 0;
	return error_set(e, ERROR_INPUT, s->dir[0] == '/' || s->dir[0] == '\0' ?
	    ": '%.200s' is not a path relative to the build's folder" :
	    ": '%.200s' leaves the build's folder", s->dir);
}

static int
workspace_check(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)v;
	if (flags & SPEC_ATTEMPT && s->workspace[0] == '/')
		return 0;
	if (strcmp(s->workspace, "own") != 0)
		return error_set(e, ERROR_INPUT, ": expected \"own\"");
	return !(flags & SPEC_ATTEMPT) ? 0 : error_set(e, ERROR_INPUT,
	    ": mci-job has nothing to copy; give the jobs to 'mci-build -'");
}

static int
network_check(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)v;
	(void)flags;
	if (strcmp(s->network, "none") == 0 || strcmp(s->network, "host") == 0)
		return 0;
	return error_set(e, ERROR_INPUT, ": expected \"none\" or \"host\"");
}

static int
timeout_check(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)v;
	(void)flags;
	return s->timeout > 0 ? 0 : error_set(e, ERROR_INPUT, ": expected more than nothing");
}

static int
toolchain_check(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)v;
	(void)flags;
	return s->toolchain[0] != '\0' ? 0 :
	    error_set(e, ERROR_INPUT, ": expected a text that is another one when the programs are others");
}

static int
quiet_check(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)v;
	(void)flags;
	return s->quiet_timeout > 0 ? 0 : error_set(e, ERROR_INPUT, ": expected more than nothing");
}

static int
depends_check(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)v;
	for (size_t i = 0; i < s->ndepends; i++) {
		struct spec_wait *w = &s->depends[i];

		if (spec_id_ok(w->id, strlen(w->id)))
			continue;
		w->glob = spec_id_glob(w->id);
		if (w->glob && w->nsame > 0)
			return error_set(e, ERROR_INPUT, "[%zu].same: asks for the matrix of one job, and "
			    "'%.64s' may be several", i, w->id);
		if (!w->glob && (!(flags & SPEC_MONKEY) || !spec_id_adopt(&w->id)))
			return error_set(e, ERROR_INPUT, "[%zu]: '%.64s' is not a job id", i, w->id);
	}
	return 0;
}

static int
when_check_type(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)s;
	(void)flags;
	if (v->type == SCAN_OBJECT || v->type == SCAN_STRING || v->type == SCAN_ARRAY)
		return 0;
	return value_expected(v, "an object, a list of objects, or \"always\" or \"failure\"", e);
}

static int
matrix_check_type(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	(void)s;
	(void)flags;
	return v->type == SCAN_OBJECT || v->type == SCAN_ARRAY ? 0 :
	    value_expected(v, "an object of lists, or a list of objects", e);
}

static int
pull_check(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	static const char *const policies[] = { "always", "missing", "never", "newer" };

	(void)v;
	(void)flags;
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		if (strcmp(s->pull, policies[i]) == 0)
			return 0;
	}
	return error_set(e, ERROR_INPUT, ": '%.64s' is none of always, missing, never and newer", s->pull);
}

static int
arch_check(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e)
{
	static const char *const names[] = { "amd", "amd64", "arm", "arm64" };

	(void)v;
	(void)flags;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(s->arch, names[i]) == 0)
			return 0;
	}
	return error_set(e, ERROR_INPUT, ": '%.64s' is none of amd64 and arm64", s->arch);
}

static int
per_read(void *at, size_t *n, const struct scan_value *v, unsigned how, struct error *e)
{
	bool *line = at;

	(void)n;
	(void)how;
	*line = scan_text_is(v, "line");
	return *line || scan_text_is(v, "job") ? 0 :
	    error_set(e, ERROR_INPUT, ": expected \"line\" or \"job\"");
}

static void
per_write(struct bytes *b, const char *key, const void *at, size_t n)
{
	(void)n;
	if (*(const bool *)at)
		emit_text(b, key, "line");
}

static const struct value_type type_per = { "line or job", per_read, per_write, NULL, NULL };

static int
parallel_read(void *at, size_t *n, const struct scan_value *v, unsigned how, struct error *e)
{
	int64_t count;

	(void)n;
	(void)how;
	if (scan_integer(v, 1, SPEC_PARALLEL_LIMIT, &count, e) < 0)
		return error_before(e, ": ");
	*(int *)at = (int)count;
	return 0;
}

static void
parallel_write(struct bytes *b, const char *key, const void *at, size_t n)
{
	(void)n;
	emit_integer(b, key, *(const int *)at);
}

static const struct value_type type_parallel = { "number", parallel_read, parallel_write, NULL, NULL };

static int
attempt_read(void *at, size_t *n, const struct scan_value *v, unsigned how, struct error *e)
{
	int64_t attempt;

	(void)n;
	(void)how;
	if (scan_integer(v, 1, 1000, &attempt, e) < 0)
		return error_before(e, ": ");
	*(int *)at = (int)attempt;
	return 0;
}

static void
attempt_write(struct bytes *b, const char *key, const void *at, size_t n)
{
	(void)n;
	if (*(const int *)at > 1)
		emit_integer(b, key, *(const int *)at);
}

static const struct value_type type_attempt = { "number", attempt_read, attempt_write, NULL, NULL };

#define KEY(text) .key = { text, sizeof(text) - 1 }
#define ONE(t, field) .type = &(t), .offset = offsetof(struct spec, field)
#define MANY(t, field) ONE(t, field), .count = offsetof(struct spec, n##field)
#define RAW(field) ONE(value_type_raw, field)

const struct spec_row spec_rows[SPEC_NKEYS] = {
	[SPEC_ID] = { KEY("id"), ONE(value_type_text, id), .check = id_check },
	[SPEC_NAME] = { KEY("name"), ONE(value_type_text, name), .check = name_check,
	    .flags = SPEC_ROW_BUILD },
	[SPEC_SCRIPT] = { KEY("script"), MANY(value_type_script, script), .check = script_check },
	[SPEC_ARGV] = { KEY("argv"), MANY(value_type_texts, argv), .check = argv_check },
	[SPEC_FINALLY] = { KEY("finally"), MANY(value_type_script, finally), .check = finally_check },
	[SPEC_SHELL] = { KEY("shell"), ONE(value_type_text, shell), .check = shell_check },
	[SPEC_SHELL_PER] = { KEY("shell-per"), ONE(type_per, shell_per_line) },
	[SPEC_ENV] = { KEY("env"), MANY(value_type_variables, env), .plain = SPEC_PLAIN_VALUE },
	[SPEC_DIR] = { KEY("dir"), .original = "work-dir", ONE(value_type_text, dir), .check = dir_check },
	[SPEC_WORKSPACE] = { KEY("workspace"), ONE(value_type_text, workspace), .check = workspace_check },
	[SPEC_TIMEOUT] = { KEY("timeout"), ONE(value_type_duration, timeout), .check = timeout_check,
	    .plain = SPEC_PLAIN_WORD },
	[SPEC_QUIET_TIMEOUT] = { KEY("quiet-timeout"), ONE(value_type_duration, quiet_timeout),
	    .check = quiet_check, .plain = SPEC_PLAIN_WORD },
	[SPEC_LABELS] = { KEY("labels"), MANY(value_type_pairs, labels), .flags = SPEC_ROW_BUILD,
	    .plain = SPEC_PLAIN_VALUE },
	[SPEC_RUNNER] = { KEY("runner"), ONE(value_type_text, runner) },
	[SPEC_STDIN] = { KEY("stdin"), ONE(value_type_text, stdin_text) },
	[SPEC_SPLIT] = { KEY("split"), ONE(value_type_flag, split), .plain = SPEC_PLAIN_WORD },
	[SPEC_PTY] = { KEY("pty"), ONE(value_type_flag, pty), .plain = SPEC_PLAIN_WORD },
	[SPEC_PARAMS] = { KEY("params"), MANY(value_type_params, params) },
	[SPEC_SECRETS] = { KEY("secrets"), MANY(value_type_secrets, secrets) },
	[SPEC_LIMITS] = { KEY("limits"), ONE(value_type_limits, limits), .plain = SPEC_PLAIN_WORD },
	[SPEC_IMAGE] = { KEY("image"), .original = "container", ONE(value_type_text, image),
	    .service = SPEC_MACHINE, .note = "no container is used" },
	[SPEC_CMD] = { KEY("cmd"), MANY(value_type_words, cmd),
	    .service = SPEC_MACHINE, .note = "no container is used" },
	[SPEC_ARGS] = { KEY("args"), MANY(value_type_words, args),
	    .service = SPEC_MACHINE, .note = "no container is used" },
	[SPEC_ENTRYPOINT] = { KEY("entrypoint"), MANY(value_type_words, entrypoint),
	    .service = SPEC_MACHINE, .note = "no container is used" },
	[SPEC_MOUNTS] = { KEY("mounts"), MANY(value_type_mounts, mounts),
	    .service = SPEC_MACHINE, .note = "no container is used" },
	[SPEC_PLATFORM] = { KEY("platform"), ONE(value_type_text, platform),
	    .service = SPEC_MACHINE, .note = "the machine is what it is" },
	[SPEC_USER] = { KEY("user"), ONE(value_type_text, user), .plain = SPEC_PLAIN_TEXT,
	    .service = SPEC_MACHINE, .note = "the job is whoever runs it" },
	[SPEC_PULL] = { KEY("pull"), ONE(value_type_text, pull), .check = pull_check,
	    .service = SPEC_MACHINE, .note = "no container is used" },
	[SPEC_SERVICES] = { KEY("services"), MANY(value_type_services, services) },
	[SPEC_DEPENDS_ON] = { KEY("depends-on"), .synonym = "dependencies",
	    MANY(value_type_waits, depends), .check = depends_check, .flags = SPEC_ROW_GRAPH,
	    .word = "optional" },
	[SPEC_WHEN] = { KEY("when"), RAW(when), .check = when_check_type, .flags = SPEC_ROW_GRAPH },
	[SPEC_MATRIX] = { KEY("matrix"), RAW(matrix), .check = matrix_check_type, .flags = SPEC_ROW_GRAPH,
	    .word = "max" },
	[SPEC_PARALLEL] = { KEY("parallel"), ONE(type_parallel, parallel), .flags = SPEC_ROW_GRAPH,
	    .plain = SPEC_PLAIN_WORD },
	[SPEC_RETRY] = { KEY("retry"), ONE(value_type_retry, retry), .flags = SPEC_ROW_GRAPH,
	    .plain = SPEC_PLAIN_WORD },
	[SPEC_ALLOW_FAILURE] = { KEY("allow-failure"), ONE(value_type_allow, allow),
	    .flags = SPEC_ROW_GRAPH, .plain = SPEC_PLAIN_WORD },
	[SPEC_SKIP_CODE] = { KEY("skip-code"), ONE(value_type_code, skip_code), .flags = SPEC_ROW_GRAPH,
	    .plain = SPEC_PLAIN_WORD },
	[SPEC_BLOCKED] = { KEY("blocked"), ONE(value_type_flag, blocked), .flags = SPEC_ROW_GRAPH,
	    .plain = SPEC_PLAIN_WORD },
	[SPEC_INPUTS] = { KEY("inputs"), ONE(value_type_inputs, inputs), .flags = SPEC_ROW_BUILD },
	[SPEC_TOOLCHAIN] = { KEY("toolchain"), ONE(value_type_text, toolchain), .check = toolchain_check,
	    .flags = SPEC_ROW_BUILD },
	[SPEC_CACHES] = { KEY("caches"), MANY(value_type_caches, caches), .flags = SPEC_ROW_BUILD,
	    .service = SPEC_IN_PLACE, .note = "left alone, the build runs in place" },
	[SPEC_SAVE_ARTIFACTS] = { KEY("save-artifacts"), MANY(value_type_saves, save_artifacts),
	    .flags = SPEC_ROW_BUILD, .service = SPEC_IN_PLACE,
	    .note = "left alone, the build runs in place" },
	[SPEC_RESTORE_ARTIFACTS] = { KEY("restore-artifacts"), MANY(value_type_restores, restore_artifacts),
	    .flags = SPEC_ROW_BUILD, .service = SPEC_IN_PLACE, .word = "optional",
	    .note = "left alone, the build runs in place" },
	[SPEC_SIZE] = { KEY("size"), ONE(value_type_cores, size), .plain = SPEC_PLAIN_WORD },
	[SPEC_ARCH] = { KEY("arch"), ONE(value_type_text, arch), .check = arch_check,
	    .plain = SPEC_PLAIN_WORD, .service = SPEC_MACHINE, .note = "the machine is what it is" },
	[SPEC_MEMORY] = { KEY("memory"), ONE(value_type_memory, memory), .plain = SPEC_PLAIN_WORD },
	[SPEC_CPUS] = { KEY("cpus"), ONE(value_type_cpus, cpus), .plain = SPEC_PLAIN_WORD },
	[SPEC_EXPOSE] = { KEY("expose"), MANY(value_type_ports, expose), .plain = SPEC_PLAIN_WORD,
	},
	[SPEC_STAGED] = { KEY("staged"), ONE(value_type_flag, staged), .flags = SPEC_ROW_INNER },
	[SPEC_NETWORK] = { KEY("network"), ONE(value_type_text, network), .check = network_check },
	[SPEC_API] = { KEY("api"), ONE(value_type_text, api), .flags = SPEC_ROW_INNER },
	[SPEC_REPLAY] = { KEY("replay"), ONE(value_type_flag, replay), .flags = SPEC_ROW_INNER },
	[SPEC_ATTEMPT_NUMBER] = { KEY("attempt"), ONE(type_attempt, attempt), .flags = SPEC_ROW_INNER },
	[SPEC_TYPE_IGNORED] = { KEY("type"), RAW(type), .flags = SPEC_ROW_ORIGINAL | SPEC_ROW_GRAPH },
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

		if (c >= 'A' && c <= 'Z')
			bytes_char(into, '-');
		bytes_char(into, c == '_' ? '-' : c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c);
	}
}

static const struct spec_row *
row_called(struct span key, unsigned flags)
{
	for (size_t i = 0; i < SPEC_NKEYS; i++) {
		const struct spec_row *row = &spec_rows[i];

		if ((row->flags & SPEC_ROW_ORIGINAL && !(flags & SPEC_MONKEY)) ||
		    (row->flags & SPEC_ROW_INNER && !(flags & SPEC_ATTEMPT)))
			continue;
		if (row->key.n == key.n && memcmp(row->key.p, key.p, key.n) == 0)
			return row;
		if (row->synonym != NULL && span_is(key, row->synonym))
			return row;
		if (row->original != NULL && flags & SPEC_MONKEY && span_is(key, row->original))
			return row;
	}
	return NULL;
}

const struct spec_row *
spec_row_find(struct span written, unsigned flags)
{
	const struct spec_row *row = row_called(written, flags);
	AUTO_BYTES name = { 0 };

	if (row != NULL || !(flags & SPEC_MONKEY))
		return row;
	kebab(&name, written);
	return row_called((struct span){ name.data, name.len }, flags);
}

static int
unknown_key(struct span key, struct error *e)
{
	const char *names[SPEC_NKEYS];
	AUTO_FREE char *word = xmemdup(key.p, key.n > 64 ? 64 : key.n);
	const char *near;
	size_t n = 0;

	for (size_t i = 0; i < SPEC_NKEYS; i++) {
		if (!(spec_rows[i].flags & (SPEC_ROW_INNER | SPEC_ROW_ORIGINAL)))
			names[n++] = spec_rows[i].key.p;
	}
	if (spec_words_advice(word) != NULL)
		return error_set(e, ERROR_INPUT, "%s: unknown key; %s", word, spec_words_advice(word));
	near = nearest_word(word, names, n);
	return error_set(e, ERROR_INPUT, "%s: unknown key%s%s%s", word,
	    near != NULL ? "; did you mean '" : "", near != NULL ? near : "", near != NULL ? "'?" : "");
}

static void *
field(struct spec *s, const struct spec_row *row)
{
	return (char *)s + row->offset;
}

static size_t *
count_field(struct spec *s, const struct spec_row *row)
{
	return row->count == 0 ? NULL : (size_t *)(void *)((char *)s + row->count);
}

static size_t
count(const struct spec *s, const struct spec_row *row)
{
	return row->count == 0 ? 0 : *(const size_t *)(const void *)((const char *)s + row->count);
}

/* Whether a key is for a filter: NAME/KEY. container/KEY is the original's. */
static bool
is_foreign(struct span key)
{
	const char *slash = memchr(key.p, '/', key.n);
	size_t n = slash == NULL ? 0 : (size_t)(slash - key.p);

	return n > 0 && n + 1 < key.n && spec_id_ok(key.p, n) &&
	    !span_is((struct span){ key.p, n }, "container");
}

static int
foreign_take(struct spec *s, const struct scan_member *m, unsigned flags, struct error *e)
{
	struct span all = { m->from, (size_t)(m->value.raw.p + m->value.raw.n - m->from) };

	if (!(flags & SPEC_FILTERED))
		return error_set(e, ERROR_INPUT, "%.*s: unknown key: no filter has taken it (see through in "
		    "mci-script(5))", (int)(m->key.n > 64 ? 64 : m->key.n), m->key.p);
	s->foreign = xrealloc(s->foreign, s->nforeign + 1, sizeof(*s->foreign));
	s->foreign[s->nforeign++] = all;
	return 0;
}

static int
member_read(struct spec *s, const struct scan_member *m, unsigned flags, struct error *e)
{
	const struct spec_row *row = spec_row_find(m->key, flags);
	unsigned how = flags & SPEC_MONKEY ? VALUE_MILLISECONDS : 0;
	enum spec_key key;

	if (row == NULL)
		return is_foreign(m->key) ? foreign_take(s, m, flags, e) : unknown_key(m->key, e);
	key = (enum spec_key)(row - spec_rows);
	if (spec_has(s, key))
		return error_set(e, ERROR_INPUT, "%s: the key comes twice", row->key.p);
	spec_set(s, key, true);
	if (row->flags & SPEC_ROW_GRAPH && flags & SPEC_ATTEMPT)
		return error_set(e, ERROR_INPUT,
		    "%s: mci-job knows no graph; give the jobs to 'mci-build -'", row->key.p);
	if (row->type->read(field(s, row), count_field(s, row), &m->value, how, e) < 0 ||
	    (row->check != NULL && row->check(s, &m->value, flags, e) < 0))
		return error_before(e, "%s", row->key.p);
	return 0;
}

static int
whole_check(struct spec *s, unsigned flags, struct error *e)
{
	if (flags & SPEC_FILTERED)
		return 0;
	if (s->id == NULL && !(flags & SPEC_MONKEY))
		return error_set(e, ERROR_INPUT, "id: missing; every job needs one");
	if (s->script != NULL && s->argv != NULL)
		return error_set(e, ERROR_INPUT, "argv: a job has script or argv, not both");
	if (s->script == NULL && s->argv == NULL && !s->blocked && s->image == NULL)
		return error_set(e, ERROR_INPUT, "script: missing; a job needs script or argv");
	if (s->finally != NULL && s->script == NULL && s->argv == NULL)
		return error_set(e, ERROR_INPUT, "finally: runs behind script or argv, and there is neither");
	if (s->argv != NULL && (s->shell != NULL || spec_has(s, SPEC_SHELL_PER)))
		return error_set(e, ERROR_INPUT, "%s: argv is run without a shell",
		    s->shell != NULL ? "shell" : "shell-per");
	if (s->pty && s->split)
		return error_set(e, ERROR_INPUT, "split: a pty has one stream");
	if (s->pty && s->stdin_text != NULL)
		return error_set(e, ERROR_INPUT, "stdin: a pty is the standard input already");
	return 0;
}

/* What the original means without saying it. */
static void
original_complete(struct spec *s)
{
	if (!spec_has(s, SPEC_TIMEOUT)) {
		s->timeout = MONKEY_TIMEOUT;
		spec_set(s, SPEC_TIMEOUT, true);
	}
	if (s->argv == NULL && !spec_has(s, SPEC_SHELL_PER)) {
		s->shell_per_line = true;
		spec_set(s, SPEC_SHELL_PER, true);
	}
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
			break;
	}
	/* of an id that is none */
	if (s->name != NULL)
		spec_set(s, SPEC_NAME, true);
	if (got != 0 || whole_check(s, flags, e) < 0) {
		spec_free(s);
		return -1;
	}
	if (flags & SPEC_MONKEY)
		original_complete(s);
	return 0;
}

/* The next key that is there, taken out of keys; SPEC_NKEYS at the end. */
static enum spec_key
key_next(uint64_t *keys)
{
	int key = *keys == 0 ? SPEC_NKEYS : __builtin_ctzll(*keys);

	*keys &= *keys - 1;
	return (enum spec_key)key;
}

void
spec_free(struct spec *s)
{
	enum spec_key key;

	for (uint64_t keys = s->keys; (key = key_next(&keys)) != SPEC_NKEYS;) {
		const struct spec_row *row = &spec_rows[key];

		if (row->type->free != NULL)
			row->type->free(field(s, row), count(s, row));
	}
	free(s->foreign);
	*s = (struct spec){ 0 };
}

void
spec_copy(struct spec *to, const struct spec *from)
{
	enum spec_key key;

	*to = *from;
	for (uint64_t keys = to->keys; (key = key_next(&keys)) != SPEC_NKEYS;) {
		const struct spec_row *row = &spec_rows[key];

		if (row->type->copy != NULL)
			row->type->copy(field(to, row), count(to, row));
	}
	if (to->nforeign > 0) {
		to->foreign = xmalloc(to->nforeign * sizeof(*to->foreign));
		memcpy(to->foreign, from->foreign, to->nforeign * sizeof(*to->foreign));
	}
}

void
spec_write(struct bytes *into, const struct spec *s, bool for_attempt)
{
	enum spec_key key;

	emit_open(into);
	for (uint64_t keys = s->keys; (key = key_next(&keys)) != SPEC_NKEYS;) {
		const struct spec_row *row = &spec_rows[key];

		if (!for_attempt ? !(row->flags & (SPEC_ROW_INNER | SPEC_ROW_ORIGINAL)) :
		    !(row->flags & (SPEC_ROW_GRAPH | SPEC_ROW_BUILD)))
			row->type->write(into, row->key.p, (const char *)s + row->offset, count(s, row));
	}
	for (size_t i = 0; i < s->nforeign && !for_attempt; i++) {
		if (into->data[into->len - 1] != '{')
			bytes_char(into, ',');
		bytes_add(into, s->foreign[i].p, s->foreign[i].n);
	}
	emit_line(into);
}

bool
spec_has(const struct spec *s, enum spec_key key)
{
	return (s->keys >> key & 1) != 0;
}

void
spec_set(struct spec *s, enum spec_key key, bool there)
{
	s->keys = (s->keys & ~(UINT64_C(1) << key)) | (uint64_t)there << key;
}

struct limits
spec_limits(const struct spec *s)
{
	struct limits l = s->limits;

	if (l.of[LIMIT_CPUS] == 0)
		l.of[LIMIT_CPUS] = s->cpus != 0 ? s->cpus : s->size * 1000;
	if (l.of[LIMIT_MEMORY] == 0)
		l.of[LIMIT_MEMORY] = s->memory != 0 ? s->memory : s->size * (INT64_C(2) << 30);
	l.of[LIMIT_TIMEOUT] = s->timeout;
	return l;
}

int
spec_demands(const struct spec *s, bool host, uint64_t serves,
    void (*note)(void *arg, const struct spec_row *row), void *arg, struct error *e)
{
	enum spec_key key;

	for (uint64_t keys = s->keys; (key = key_next(&keys)) != SPEC_NKEYS;) {
		const struct spec_row *row = &spec_rows[key];

		if (row->service == SPEC_SERVED || (row->service == SPEC_MACHINE && serves >> key & 1))
			continue;
		if (row->service == SPEC_UNSERVED)
			return error_set(e, ERROR_INPUT, "%s: %s", row->key.p, row->note);
		if (row->service == SPEC_MACHINE && !host)
			return error_set(e, ERROR_INPUT, "%s: needs a runner that is not here yet; "
			    "--runner host runs the job on this machine as it is", row->key.p);
		if (note != NULL)
			note(arg, row);
	}
	return 0;
}
