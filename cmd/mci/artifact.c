#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api.h"
#include "call.h"
#include "door.h"
#include "duration.h"
#include "emit.h"
#include "kept.h"
#include "kernel.h"
#include "memory.h"
#include "message.h"
#include "option.h"
#include "place.h"
#include "process.h"
#include "remote.h"
#include "table.h"
#include "verbs.h"

/* A large artifact takes its time. */
#define PATIENCE (24 * 60 * 60 * SECOND)
/* Asked of a server at once. */
#define PAGE 1000

struct options {
	const char *address, *out, *from;
	struct option_list exclude, fallback;
	bool tar, zip, json;
};

#define FIELD(name) offsetof(struct options, name)
#define COMMON \
	{ .letter = 'a', .name = "address", .value = "ADDRESS", \
	  .help = "the build; that of this job by default", .kind = OPTION_TEXT, .offset = FIELD(address) }, \
	{ .name = "exclude", .value = "GLOB", .help = "save: leave out what matches", .kind = OPTION_LIST, \
	  .offset = FIELD(exclude) }, \
	{ .name = "json", .help = "one JSON object a name", .kind = OPTION_FLAG, .offset = FIELD(json) }

static const struct option artifact_options[] = {
	COMMON,
	{ .letter = 'o', .name = "output", .value = "FILE",
	  .help = "get: write its bytes to a file, or with - to standard output", .kind = OPTION_TEXT,
	  .offset = FIELD(out) },
	{ .name = "tar", .help = "get: as a tar archive", .kind = OPTION_FLAG, .offset = FIELD(tar) },
	{ .name = "zip", .help = "get: as a zip archive", .kind = OPTION_FLAG, .offset = FIELD(zip) },
	{ .name = "from", .value = "JOB", .help = "in a job: get what this one has saved",
	  .kind = OPTION_TEXT, .offset = FIELD(from) },
};

static const struct option cache_options[] = {
	COMMON,
	{ .name = "fallback", .value = "KEY", .help = "restore: else the newest whose key begins so",
	  .kind = OPTION_LIST, .offset = FIELD(fallback) },
};

/* ---- in a job */

/* Whether a build is asked, and not the store. */
static bool
in_job(const struct options *o)
{
	const char *known = getenv("MCI_BUILD");

	return o->address != NULL || (known != NULL && *known != '\0');
}

static void
asker_add(struct bytes *params)
{
	const char *job = getenv("MCI_JOB_ID");
	char cwd[PATH_MAX];

	emit_text(params, "dir", getcwd(cwd, sizeof(cwd)) == NULL ? "." : cwd);
	if (job != NULL)
		emit_text(params, "job", job);
}

static int
ask(const struct options *o, const char *method, struct bytes *params, struct bytes *result, struct error *e)
{
	const char *address = door_address(o->address, e);

	if (address == NULL)
		return -1;
	bytes_char(params, '}');
	return call_once(address, method, (struct span){ params->data, params->len }, PATIENCE, result, e);
}

/* Asks, and prints the answer if that was asked for. */
static int
ask_once(const struct options *o, const char *method, struct bytes *params, struct error *e)
{
	AUTO_BYTES result = { 0 };

	if (ask(o, method, params, &result, e) < 0)
		return -1;
	if (o->json)
		printf("%s\n", bytes_string(&result));
	return 0;
}

/* noun/save, of an id or a key. */
static int
save(const struct options *o, const char *method, const char *as, int argc, char **argv, struct error *e)
{
	AUTO_BYTES params = { 0 };

	if (argc < 2)
		return error_set(e, ERROR_USAGE, "expected save %s PATH...", strcmp(as, "key") == 0 ? "KEY" :
		    "ID");
	emit_open(&params);
	emit_text(&params, as, argv[0]);
	emit_list(&params, "path", (const char *const *)(argv + 1), (size_t)argc - 1);
	if (o->exclude.n > 0)
		emit_list(&params, "exclude", o->exclude.items, o->exclude.n);
	asker_add(&params);
	return ask_once(o, method, &params, e);
}

/* Copies what comes on the descriptor. */
static int
bytes_copy(int from, const char *path, struct error *e)
{
	bool out = strcmp(path, "-") == 0;
	AUTO_CLOSE int to = out ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3) : kernel.open(AT_FDCWD, path,
	    O_WRONLY | O_CREAT | O_TRUNC, 0666);
	AUTO_FREE char *piece = xmalloc(65536);
	ssize_t n;

	if (to < 0)
		return error_sys(e, "%s", path);
	while ((n = kernel.read(from, piece, 65536)) > 0) {
		if (kernel_write_all(to, piece, (size_t)n) < 0)
			return error_sys(e, "write %s", path);
	}
	return n < 0 ? error_sys(e, "read the artifact") : 0;
}

static const char *
archive_of(const struct options *o)
{
	return o->tar ? "tar" : o->zip ? "zip" : NULL;
}

static int
job_get_bytes(const struct options *o, const char *id, struct error *e)
{
	const char *address = door_address(o->address, e);
	AUTO_BYTES params = { 0 };
	AUTO_BYTES result = { 0 };
	int fd = -1, nfds = 1, copied;

	if (address == NULL)
		return -1;
	emit_open(&params);
	emit_text(&params, "artifact", id);
	if (o->from != NULL)
		emit_text(&params, "from", o->from);
	if (archive_of(o) != NULL)
		emit_text(&params, "as", archive_of(o));
	bytes_char(&params, '}');
	if (call_fds(address, "artifact/get", (struct span){ params.data, params.len }, PATIENCE, &result,
	    &fd, &nfds, e) < 0)
		return -1;
	if (nfds != 1)
		return error_set(e, ERROR_INTERNAL, "the build gave no bytes");
	copied = bytes_copy(fd, o->out == NULL ? "-" : o->out, e);
	close(fd);
	return copied;
}

static int
job_get(const struct options *o, const char *id, struct error *e)
{
	AUTO_BYTES params = { 0 };

	if (o->out != NULL || archive_of(o) != NULL)
		return job_get_bytes(o, id, e);
	emit_open(&params);
	emit_text(&params, "artifact", id);
	if (o->from != NULL)
		emit_text(&params, "from", o->from);
	asker_add(&params);
	return ask_once(o, "artifact/restore", &params, e);
}

/* The names in a reply's array, behind as many words of their beginning as there are slashes. */
static int
job_list(const struct options *o, const char *method, const char *array, int slashes, struct kept_list *l,
    struct error *e)
{
	AUTO_BYTES params = { 0 };
	AUTO_BYTES result = { 0 };
	AUTO_BYTES names = { 0 };

	emit_open(&params);
	if (ask(o, method, &params, &result, e) < 0 ||
	    door_member(&names, (struct span){ result.data, result.len }, array, e) < 0 ||
	    kept_read(l, (struct span){ names.data, names.len }, "", e) < 0)
		return -1;
	for (size_t i = 0; i < l->n; i++) {
		char *at = l->list[i].name;

		for (int k = 0; k < slashes && strchr(at, '/') != NULL; k++)
			at = strchr(at, '/') + 1;
		memmove(l->list[i].name, at, strlen(at) + 1);
	}
	return 0;
}

/* ---- of any build */

/* Where the store of a build is that this machine's server has; NULL: where mci-blob looks. */
static char *
store_of(const struct state_build *b, struct error *e)
{
	return remote_is(b) && getenv("MCI_BLOB") == NULL ? api_address(e) : NULL;
}

/* Those that a server knows of a build, or of one of its jobs, a page after the other. */
static int
server_list(const char *build, const char *job, struct kept_list *l, const char *beginning, struct error *e)
{
	bool more = true;

	for (int64_t from = 0; more; from = (int64_t)l->n) {
		AUTO_BYTES params = { 0 };
		AUTO_BYTES result = { 0 };
		AUTO_BYTES rows = { 0 };

		emit_open(&params);
		emit_text(&params, "build", build);
		if (job != NULL)
			emit_text(&params, "job", job);
		emit_integer(&params, "from", from);
		emit_integer(&params, "limit", PAGE);
		bytes_char(&params, '}');
		if (remote_call("artifact/list", (struct span){ params.data, params.len }, &result, e) < 0 ||
		    door_member(&rows, (struct span){ result.data, result.len }, "artifacts", e) < 0 ||
		    kept_read(l, (struct span){ rows.data, rows.len }, beginning, e) < 0)
			return -1;
		more = (int64_t)l->n > from && message_true((struct span){ result.data, result.len }, "more");
	}
	return 0;
}

/* Finds the artifacts of a build or a job, and the beginning of their names. */
static int
build_list(const char *text, struct kept_list *l, char **beginning, char **address, struct error *e)
{
	struct state_build b;
	AUTO_FREE char *job = NULL;
	int result = place_job(&b, &job, text, e);

	if (result == 0) {
		*address = store_of(&b, e);
		*beginning = xformat("artifact/%s/%s%s", b.name, job == NULL ? "" : job,
		    job == NULL ? "" : "/");
		result = remote_is(&b) ? server_list(b.name, job, l, *beginning, e) :
		    kept_ask(l, *address, *beginning, e);
	}
	if (result == 0 && job != NULL) {
		/* shown with the job all the same */
		for (size_t i = 0; i < l->n; i++) {
			char *name = xformat("%s/%s", job, l->list[i].name);

			free(l->list[i].name);
			l->list[i].name = name;
		}
		(*beginning)[strlen(*beginning) - strlen(job) - 1] = '\0';
	}
	state_build_free(&b);
	return result;
}

/* The one of that id. */
static const struct kept *
kept_find(const struct kept_list *l, const char *build, const char *id, struct error *e)
{
	const struct kept *found = NULL;

	for (size_t i = 0; i < l->n; i++) {
		const char *slash = strrchr(l->list[i].name, '/');

		if (id != NULL && strcmp(slash == NULL ? l->list[i].name : slash + 1, id) != 0)
			continue;
		if (found != NULL) {
			error_set(e, ERROR_USAGE, "%s and %s: say which, as BUILD/JOB ID", found->name,
			    l->list[i].name);
			return NULL;
		}
		found = &l->list[i];
	}
	if (found == NULL)
		error_set(e, ERROR_NOT_FOUND, "%s has no artifact%s%s", build, id == NULL ? "" : " ",
		    id == NULL ? "" : id);
	return found;
}

static int
build_get(const struct options *o, const char *build, const char *id, struct error *e)
{
	struct kept_list l = { 0 };
	AUTO_FREE char *beginning = NULL;
	AUTO_FREE char *address = NULL;
	AUTO_FREE char *name = NULL;
	const struct kept *one = NULL;
	bool stranger;
	bool bytes = o->out != NULL || archive_of(o) != NULL;
	char *argv[16];
	size_t n = 0;

	if (build_list(build, &l, &beginning, &address, e) == 0)
		one = kept_find(&l, build == NULL ? "the build" : build, id, e);
	name = one == NULL ? NULL : xstrdup(one->whole);
	stranger = one != NULL && one->stranger;
	kept_free(&l);
	if (name == NULL)
		return -1;
#define WORD(text) (char *)(uintptr_t)(text)
	argv[n++] = WORD("mci-blob");
	argv[n++] = WORD(bytes ? "get" : "restore");
	if (address != NULL) {
		argv[n++] = WORD("--blob");
		argv[n++] = address;
	}
	if (stranger) {
		argv[n++] = WORD("--scope");
		argv[n++] = WORD("stranger");
	}
	if (archive_of(o) != NULL)
		argv[n++] = WORD(o->tar ? "--tar" : "--zip");
	if (o->out != NULL) {
		argv[n++] = WORD("-o");
		argv[n++] = WORD(o->out);
	}
	argv[n++] = WORD("--");
	argv[n++] = name;
	argv[n] = NULL;
#undef WORD
	{
		AUTO_FREE char *path = process_kit("mci-blob");

		process_become(path, argv);
	}
	return error_sys(e, "mci-blob");
}

/* ---- what there is */

static void
size_cell(struct table *t, int64_t n)
{
	AUTO_FREE char *text = xformat("%lld", (long long)n);

	table_text(t, text, NULL);
}

/* The same of a build here and of a server's; a name is artifact/ORG/REPO/N/JOB/ID. */
static void
print_json(const struct kept_list *l)
{
	AUTO_BYTES out = { 0 };

	for (size_t i = 0; i < l->n; i++) {
		const struct kept *k = &l->list[i];
		const char *id = strrchr(k->whole, '/'), *job = id, *build = strchr(k->whole, '/');

		if (id == NULL || build == id)
			continue;
		while (job > build && job[-1] != '/')
			job--;
		emit_open(&out);
		if (job - 1 > build)
			emit_span(&out, "build",
			    (struct span){ build + 1, (size_t)(job - 1 - (build + 1)) });
		emit_span(&out, "job", (struct span){ job, (size_t)(id - job) });
		emit_text(&out, "artifact", id + 1);
		emit_text(&out, "name", k->whole);
		if (k->digest != NULL)
			emit_text(&out, "digest", k->digest);
		emit_integer(&out, "files", k->files);
		emit_integer(&out, "bytes", k->bytes);
		if (k->created != NULL)
			emit_text(&out, "saved", k->created);
		emit_line(&out);
	}
	fwrite(out.data, 1, out.len, stdout);
}

/* job: the names have one in front. */
static void
print(const struct kept_list *l, bool job, bool json)
{
	static const char *const artifacts[] = { "JOB", "ARTIFACT", "FILES", "BYTES", "SAVED" };
	static const char *const caches[] = { "CACHE", "FILES", "BYTES", "SAVED" };
	struct table t;

	if (json && job) {
		print_json(l);
		return;
	}
	if (json) {
		fwrite(l->json.data, 1, l->json.len, stdout);
		return;
	}
	table_open(&t, job ? artifacts : caches, job ? 5 : 4);
	for (size_t i = 0; i < l->n; i++) {
		const struct kept *k = &l->list[i];
		size_t n = job ? strcspn(k->name, "/") : 0;

		if (job)
			table_cell(&t, (struct span){ k->name, n }, NULL);
		table_text(&t, k->name + n + (job && k->name[n] != '\0'), NULL);
		size_cell(&t, k->files);
		size_cell(&t, k->bytes);
		table_text(&t, k->created == NULL ? "" : k->created, NULL);
	}
	table_close(&t);
}

static int
artifact_ls(const struct options *o, int argc, char **argv, struct error *e)
{
	struct kept_list l = { 0 };
	AUTO_FREE char *beginning = NULL;
	AUTO_FREE char *address = NULL;
	int result;

	if (argc == 0 && in_job(o))
		result = job_list(o, "artifact/list", "artifacts", 4, &l, e);
	else
		result = build_list(argc == 0 ? NULL : argv[0], &l, &beginning, &address, e);
	if (result == 0)
		print(&l, true, o->json);
	kept_free(&l);
	return result;
}

static int
artifact_get(const struct options *o, int argc, char **argv, struct error *e)
{
	if (o->tar && o->zip)
		return error_set(e, ERROR_USAGE, "--tar and --zip are two different archives");
	if (argc == 1 && in_job(o) && strpbrk(argv[0], "/@") == NULL)
		return job_get(o, argv[0], e);
	if (argc == 1 && strpbrk(argv[0], "/@") == NULL)
		return build_get(o, NULL, argv[0], e);
	if (argc == 1 || argc == 2)
		return build_get(o, argv[0], argc == 2 ? argv[1] : NULL, e);
	return error_set(e, ERROR_USAGE, "expected get [BUILD[/JOB]] ID");
}

static int
artifact_run(void *arg, int argc, char **argv)
{
	const struct options *o = arg;
	struct error e;
	int result;

	if (strcmp(argv[0], "save") == 0)
		result = save(o, "artifact/save", "artifact", argc - 1, argv + 1, &e);
	else if (strcmp(argv[0], "get") == 0)
		result = artifact_get(o, argc - 1, argv + 1, &e);
	else if (strcmp(argv[0], "ls") == 0 && argc <= 2)
		result = artifact_ls(o, argc - 1, argv + 1, &e);
	else
		result = error_set(&e, ERROR_USAGE, "artifact %s: expected artifact save, get or ls",
		    argv[0]);
	return result < 0 ? place_complain(&e) : 0;
}

static int
cache_restore(const struct options *o, int argc, char **argv, struct error *e)
{
	AUTO_BYTES params = { 0 };

	if (argc != 1)
		return error_set(e, ERROR_USAGE, "expected restore KEY");
	emit_open(&params);
	emit_text(&params, "key", argv[0]);
	if (o->fallback.n > 0)
		emit_list(&params, "fallback", o->fallback.items, o->fallback.n);
	asker_add(&params);
	return ask_once(o, "cache/restore", &params, e);
}

static int
cache_ls(const struct options *o, struct error *e)
{
	struct kept_list l = { 0 };
	int result = job_list(o, "cache/list", "caches", 3, &l, e);

	if (result == 0)
		print(&l, false, o->json);
	kept_free(&l);
	return result;
}

static int
cache_run(void *arg, int argc, char **argv)
{
	const struct options *o = arg;
	struct error e;
	int result;

	if (strcmp(argv[0], "save") == 0)
		result = save(o, "cache/save", "key", argc - 1, argv + 1, &e);
	else if (strcmp(argv[0], "restore") == 0)
		result = cache_restore(o, argc - 1, argv + 1, &e);
	else if (strcmp(argv[0], "ls") == 0 && argc == 1)
		result = cache_ls(o, &e);
	else
		result = error_set(&e, ERROR_USAGE, "cache %s: expected cache save, restore or ls", argv[0]);
	return result < 0 ? place_complain(&e) : 0;
}

const struct command artifact_command = {
	.program = "mci",
	.verb = "artifact",
	.operands = "ls [BUILD[/JOB]] | get [BUILD[/JOB]] ID | save ID PATH...",
	.summary = "list and fetch the files that jobs left; in a job: leave some",
	.options = artifact_options,
	.noptions = sizeof(artifact_options) / sizeof(artifact_options[0]),
	.min_operands = 1,
	.max_operands = SIZE_MAX,
	.complete = "jobs",
	.run = artifact_run,
	.size = sizeof(struct options),
};

const struct command cache_command = {
	.program = "mci",
	.verb = "cache",
	.operands = "save KEY PATH... | restore KEY | ls",
	.summary = "in a job: keep files for later builds, and have them back",
	.options = cache_options,
	.noptions = sizeof(cache_options) / sizeof(cache_options[0]),
	.min_operands = 1,
	.max_operands = SIZE_MAX,
	.run = cache_run,
	.size = sizeof(struct options),
};
