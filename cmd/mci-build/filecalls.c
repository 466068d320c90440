#include "filecalls.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "blobrun.h"
#include "emit.h"
#include "jobfiles.h"
#include "memory.h"
#include "message.h"
#include "specid.h"

struct filecall {
	struct filecall *next;
	struct filecalls *of;
	struct request *request; /* NULL: it is answered */
	struct blobrun *process;
	struct job *job;         /* that asks, NULL: nobody knows */
	const char *event;       /* said when it has worked; NULL: nothing is */
	const char *noun;
	const char *list;        /* the lines are answered as an array of this name; NULL: the last one is */
	struct spec_place place; /* of an artifact that is saved: its id and paths; or the id alone */
	char *from;              /* the job that saved it */
	struct bytes lines;      /* the last line, or all of them */
};

static void
call_free(struct filecall *c)
{
	struct filecall **at = &c->of->calls;

	while (*at != NULL && *at != c)
		at = &(*at)->next;
	if (*at == c)
		*at = c->next;
	blobrun_free(c->process);
	free(c->place.id);
	value_list_free(c->place.paths, c->place.npaths);
	free(c->from);
	bytes_free(&c->lines);
	free(c);
}

/* ---- the answer */

static void
members_add(struct bytes *into, struct span line, bool hit)
{
	static const char *const members[] = { "name", "digest", "files", "bytes" };
	struct scan_value v;

	if (hit && message_member(line.p, line.n, "hit", &v, NULL) > 0)
		emit_raw(into, "hit", v.raw);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (message_member(line.p, line.n, members[i], &v, NULL) > 0)
			emit_raw(into, members[i], v.raw);
	}
}

static void
tell(const struct filecall *c)
{
	struct bytes *line;

	bool workspace = strcmp(c->noun, "workspace") == 0;

	if (c->event == NULL || (c->job == NULL && !workspace))
		return;
	line = journal_begin(c->of->journal, c->event);
	if (c->job != NULL) {
		emit_text(line, "job", c->job->id);
		emit_integer(line, "attempt", c->job->attempt);
	}
	if (!workspace)
		emit_text(line, c->noun, c->place.id);
	if (c->from != NULL)
		emit_text(line, "from", c->from);
	if (strcmp(c->noun, "cache") == 0)
		emit_text(line, "key", c->place.id);
	members_add(line, (struct span){ c->lines.data, c->lines.len },
	    strcmp(c->event, "cache/restored") == 0);
	journal_end(c->of->journal);
}

static void
succeed(struct filecall *c)
{
	AUTO_BYTES result = { 0 };

	tell(c);
	if (c->event != NULL && strcmp(c->event, "artifact/saved") == 0 && c->job != NULL)
		c->job->files = jobfiles_give(c->job->files, &c->place);
	emit_open(&result);
	if (c->list != NULL) {
		emit_key(&result, c->list);
		bytes_char(&result, '[');
		bytes_add(&result, c->lines.data, c->lines.len);
		bytes_char(&result, ']');
	} else {
		members_add(&result, (struct span){ c->lines.data, c->lines.len }, true);
	}
	bytes_char(&result, '}');
	if (c->event != NULL && strcmp(c->event, "workspace/saved") == 0) {
		free(c->of->workspace);
		c->of->workspace = xmemdup(result.data, result.len);
	}
	request_reply(c->request, (struct span){ result.data, result.len });
}

static void
line_came(void *arg, struct span line)
{
	struct filecall *c = arg;

	if (c->list == NULL)
		c->lines.len = 0;
	else if (c->lines.len > 0)
		bytes_char(&c->lines, ',');
	bytes_add(&c->lines, line.p, line.n);
}

static void
done(void *arg, int status, struct span said)
{
	struct filecall *c = arg;
	AUTO_BYTES why = { 0 };

	c->process = NULL;
	mask_text(c->of->at->mask, &why, said.p, said.n);
	if (c->request == NULL)
		;
	else if (status == 0)
		succeed(c);
	else if (WIFEXITED(status) && WEXITSTATUS(status) == 1 && said.n == 0)
		request_fail(c->request, "not-found", "the store has no '%s'", c->place.id);
	else if (WIFEXITED(status) && WEXITSTATUS(status) == 1)
		request_fail(c->request, "not-found", "%s", bytes_string(&why));
	else
		request_fail(c->request, "system", "%s",
		    said.n > 0 ? bytes_string(&why) : "mci-blob was killed");
	call_free(c);
}

static const struct blobrun_events events = { .line = line_came, .done = done };

/* ---- the question */

static struct filecall *
call_new(struct filecalls *f, struct job *j, struct request *r, const char *noun, const char *event)
{
	struct filecall *c = xmalloc(sizeof(*c));

	*c = (struct filecall){ .next = f->calls, .of = f, .request = r, .job = j, .noun = noun,
		.event = event };
	f->calls = c;
	return c;
}

static void
refuse(struct filecall *c, const char *error, const struct error *e)
{
	request_fail(c->request, error, "%s", e->text);
	call_free(c);
}

/* out: as of blobrun. Its words are freed. */
static void
start(struct filecall *c, struct filewords *w, int out)
{
	struct error e;

	c->process = blobrun_start(c->of->loop, &(struct blobrun_spec){ w->list, -1, out,
	    c->of->at->workspace->folder.lock, c->of->at->mask }, &events, c, &e);
	filewords_free(w);
	if (c->process != NULL)
		return;
	if (c->request != NULL)
		request_fail(c->request, "system", "%s", e.text);
	call_free(c);
}

/* An id, or a key, becomes part of a name in the store. */
static int
id_take(struct filecall *c, struct request *r, const char *param, struct error *e)
{
	const char *id = request_text(r, param);
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+,=@-";
	size_t n = strspn(id, plain);

	/* a part of addresses, too */
	if (strcmp(param, "artifact") == 0 && !spec_id_ok(id, strlen(id)))
		return error_set(e, ERROR_INPUT, "artifact: expected at most 128 of A-Z a-z 0-9 . _ + , "
		    "and -, first a letter or digit");
	if (n == 0 || n > 512 || id[n] != '\0' || id[0] == '.')
		return error_set(e, ERROR_INPUT, "%s: expected A-Z a-z 0-9 . _ + , = @ and - , "
		    "not first a '.'", param);
	c->place.id = xstrdup(id);
	return 0;
}

/* A sandbox shows the copy that a job works in where what is built stands: the way from there; NULL: it is
 * elsewhere. */
static const char *
below_workspace(const struct filecall *c, const char *dir)
{
	const char *built = c->of->at->workspace->dir;
	size_t n = strlen(built);

	while (n > 1 && built[n - 1] == '/')
		n--;
	if (c->job == NULL || strncmp(dir, built, n) != 0 || (dir[n] != '\0' && dir[n] != '/'))
		return NULL;
	return dir + n + (dir[n] == '/');
}

/* The folder that a caller works in, which has to be where its job does: what others have is not its own. */
static int
dir_check(const struct filecall *c, const char *dir, char *top, char *below, struct error *e)
{
	const char *seen = below_workspace(c, dir);
	AUTO_BYTES root = { 0 };
	char real[PATH_MAX];
	size_t n;

	if (c->job == NULL)
		bytes_text(&root, c->of->at->workspace->dir);
	else
		filestep_root(&root, c->of->at, c->job);
	if (realpath(bytes_string(&root), top) == NULL)
		return error_sys(e, "%s", root.data);
	if (seen != NULL && strlen(seen) < PATH_MAX) {
		memcpy(below, seen, strlen(seen) + 1);
		return 0;
	}
	if (realpath(dir, real) == NULL)
		return error_sys(e, "dir: %s", dir);
	n = strlen(top);
	if (strncmp(real, top, n) == 0 && (real[n] == '\0' || real[n] == '/')) {
		memcpy(below, real + n + (real[n] == '/'), strlen(real + n) + (real[n] != '/'));
		return 0;
	}
	return error_set(e, ERROR_INPUT, "dir: %s is not in what the job works in, %s", dir, top);
}

/* The words of a save or a restore up to its names; -1: the caller was told. */
static int
words_open(struct filecall *c, struct filewords *w, const char *verb, const char *param)
{
	char top[PATH_MAX], below[PATH_MAX];
	struct error e;

	if (id_take(c, c->request, param, &e) < 0 ||
	    dir_check(c, request_text(c->request, "dir"), top, below, &e) < 0) {
		refuse(c, "invalid-params", &e);
		return -1;
	}
	filewords_begin(w, c->of->at, verb);
	filewords_option(w, "-C", top);
	filewords_option(w, "--below", *below == '\0' ? NULL : below);
	return 0;
}

static int
texts_add(struct filecall *c, struct filewords *w, const char *param, const char *option)
{
	struct span raw = request_raw(c->request, param);
	struct scan_value v = { SCAN_ARRAY, raw };
	struct error e;
	char **list = NULL;
	size_t n = 0;

	if (raw.n > 0 && value_list(&list, &n, &v, false, &e) < 0) {
		value_list_free(list, n);
		refuse(c, "invalid-params", &e);
		return -1;
	}
	for (size_t i = 0; i < n; i++) {
		if (option != NULL)
			filewords_option(w, option, list[i]);
		else
			filewords_add(w, list[i]);
	}
	value_list_free(list, n);
	return 0;
}

static void
artifact_name(const struct filecall *c, struct bytes *b, const char *job)
{
	bytes_text(b, "artifact/");
	filestep_build(b, c->of->at->workspace->identity.name, true);
	bytes_format(b, "/%s/%s", job, c->place.id);
}

static void
cache_name(const struct filecall *c, struct bytes *b, const char *key)
{
	bytes_text(b, "cache/");
	filestep_build(b, c->of->at->workspace->identity.name, false);
	bytes_format(b, "/%s", key);
}

/* The paths are kept with the artifact, so that a job behind this one finds it as one of its spec. */
static int
paths_keep(struct filecall *c)
{
	struct span raw = request_raw(c->request, "path");
	struct scan_value v = { SCAN_ARRAY, raw };
	struct error e;

	if (value_list(&c->place.paths, &c->place.npaths, &v, false, &e) == 0 && c->place.npaths > 0)
		return 0;
	if (c->place.npaths == 0)
		error_set(&e, ERROR_INPUT, "path: expected at least one");
	refuse(c, "invalid-params", &e);
	return -1;
}

void
filecalls_artifact_save(struct filecalls *f, struct job *j, struct request *r)
{
	struct filecall *c = call_new(f, j, r, "artifact", "artifact/saved");
	AUTO_FILEWORDS w = { 0 };
	AUTO_BYTES name = { 0 };

	if (j == NULL) {
		struct error e;

		error_set(&e, ERROR_INPUT, "job: an artifact is a job's, and this build has none of that id");
		refuse(c, "invalid-params", &e);
		return;
	}
	if (words_open(c, &w, "save", "artifact") < 0 || texts_add(c, &w, "exclude", "--exclude") < 0 ||
	    paths_keep(c) < 0)
		return;
	artifact_name(c, &name, j->id);
	filewords_add(&w, "--");
	filewords_add(&w, bytes_string(&name));
	for (size_t i = 0; i < c->place.npaths; i++)
		filewords_add(&w, c->place.paths[i]);
	start(c, &w, -1);
}

/* Which job before this one saved the artifact; else that of the id "job-of", in any order. */
static int
saver_find(struct filecall *c, struct error *e)
{
	const struct graph *g = c->of->at->graph;
	const char *from = request_text(c->request, "from");
	const struct job *found = NULL;

	for (uint32_t i = 0; i < g->n; i++) {
		const struct job *j = &g->jobs[i];

		if ((from != NULL && strcmp(from, j->id) != 0) ||
		    jobfiles_artifact(j->files, c->place.id) == NULL)
			continue;
		if (found != NULL)
			return error_set(e, ERROR_INPUT, "%s: %s and %s have one: say which", c->place.id,
			    found->id, j->id);
		found = j;
	}
	if (found == NULL)
		return error_set(e, ERROR_NOT_FOUND, "no job%s%s saves an artifact '%s'",
		    from != NULL ? " " : "", from != NULL ? from : "", c->place.id);
	c->from = xstrdup(found->id);
	return 0;
}

void
filecalls_artifact_restore(struct filecalls *f, struct job *j, struct request *r)
{
	struct filecall *c = call_new(f, j, r, "artifact", "artifact/restored");
	AUTO_FILEWORDS w = { 0 };
	AUTO_BYTES name = { 0 };
	struct error e;

	if (words_open(c, &w, "restore", "artifact") < 0)
		return;
	if (saver_find(c, &e) < 0) {
		refuse(c, "not-found", &e);
		return;
	}
	artifact_name(c, &name, c->from);
	filewords_add(&w, "--");
	filewords_add(&w, bytes_string(&name));
	start(c, &w, -1);
}

void
filecalls_artifact_get(struct filecalls *f, struct request *r)
{
	struct filecall *c = call_new(f, NULL, r, "artifact", NULL);
	const char *as = request_text(r, "as");
	AUTO_FILEWORDS w = { 0 };
	AUTO_BYTES name = { 0 };
	struct error e;
	int ends[2];

	if (id_take(c, r, "artifact", &e) < 0 || saver_find(c, &e) < 0) {
		refuse(c, e.code == ERROR_NOT_FOUND ? "not-found" : "invalid-params", &e);
		return;
	}
	if (!request_carries_fds(r) || pipe2(ends, O_CLOEXEC) < 0) {
		error_set(&e, ERROR_REFUSED, "its bytes come on a descriptor, which this link has not");
		refuse(c, "refused", &e);
		return;
	}
	artifact_name(c, &name, c->from);
	filewords_begin(&w, f->at, "get");
	if (as != NULL)
		filewords_add(&w, strcmp(as, "zip") == 0 ? "--zip" : "--tar");
	filewords_add(&w, "--");
	filewords_add(&w, bytes_string(&name));
	request_reply_fds(r, (struct span){ "{}", 2 }, ends, 1);
	c->request = NULL;
	close(ends[0]);
	start(c, &w, ends[1]);
	close(ends[1]);
}

/* The names that begin so. */
static void
list(struct filecall *c, const char *beginning, const char *as)
{
	AUTO_FILEWORDS w = { 0 };

	c->list = as;
	c->place.id = xstrdup(beginning);
	filewords_begin(&w, c->of->at, "ls");
	filewords_add(&w, "--");
	filewords_add(&w, beginning);
	start(c, &w, -1);
}

void
filecalls_artifact_list(struct filecalls *f, struct request *r)
{
	struct filecall *c = call_new(f, NULL, r, "artifact", NULL);
	const char *job = request_text(r, "job");
	AUTO_BYTES name = { 0 };

	bytes_text(&name, "artifact/");
	filestep_build(&name, f->at->workspace->identity.name, true);
	bytes_char(&name, '/');
	if (job != NULL)
		bytes_format(&name, "%s/", job);
	list(c, bytes_string(&name), "artifacts");
}

void
filecalls_cache_save(struct filecalls *f, struct job *j, struct request *r)
{
	struct filecall *c = call_new(f, j, r, "cache", "cache/saved");
	AUTO_FILEWORDS w = { 0 };
	AUTO_BYTES name = { 0 };

	if (words_open(c, &w, "save", "key") < 0 || texts_add(c, &w, "exclude", "--exclude") < 0 ||
	    paths_keep(c) < 0)
		return;
	cache_name(c, &name, c->place.id);
	filewords_add(&w, "--");
	filewords_add(&w, bytes_string(&name));
	for (size_t i = 0; i < c->place.npaths; i++)
		filewords_add(&w, c->place.paths[i]);
	start(c, &w, -1);
}

void
filecalls_cache_restore(struct filecalls *f, struct job *j, struct request *r)
{
	struct filecall *c = call_new(f, j, r, "cache", "cache/restored");
	AUTO_FILEWORDS w = { 0 };
	AUTO_FILEWORDS more = { 0 };
	AUTO_BYTES name = { 0 };

	if (words_open(c, &w, "restore", "key") < 0 || texts_add(c, &more, "fallback", NULL) < 0)
		return;
	filewords_add(&w, "--");
	cache_name(c, &name, c->place.id);
	filewords_add(&w, bytes_string(&name));
	for (size_t i = 0; i < more.n; i++) {
		name.len = 0;
		cache_name(c, &name, more.list[i]);
		filewords_add(&w, bytes_string(&name));
	}
	start(c, &w, -1);
}

void
filecalls_cache_list(struct filecalls *f, struct request *r)
{
	AUTO_BYTES name = { 0 };
	struct filecall *c = call_new(f, NULL, r, "cache", NULL);

	cache_name(c, &name, "");
	list(c, bytes_string(&name), "caches");
}

/* "workspace/ORG/REPO/N" */
static void
workspace_name(const struct filecalls *f, struct bytes *b)
{
	bytes_text(b, "workspace/");
	filestep_build(b, f->at->workspace->identity.name, true);
	bytes_string(b);
}

void
filecalls_workspace_save(struct filecalls *f, struct job *j, struct request *r)
{
	struct filecall *c;
	AUTO_FILEWORDS w = { 0 };
	AUTO_BYTES name = { 0 };

	(void)j;
	if (f->workspace != NULL) {
		request_reply(r, (struct span){ f->workspace, strlen(f->workspace) });
		return;
	}
	c = call_new(f, NULL, r, "workspace", "workspace/saved");
	workspace_name(f, &name);
	filewords_begin(&w, f->at, "save");
	filewords_option(&w, "-C", f->at->workspace->dir);
	filewords_option(&w, "--exclude", ".git");
	filewords_add(&w, "--");
	filewords_add(&w, name.data);
	filewords_add(&w, ".");
	start(c, &w, -1);
}

void
filecalls_workspace_restore(struct filecalls *f, struct job *j, struct request *r)
{
	struct filecall *c = call_new(f, j, r, "workspace", "workspace/restored");
	char top[PATH_MAX], below[PATH_MAX];
	AUTO_FILEWORDS w = { 0 };
	AUTO_BYTES name = { 0 };
	struct error e;

	if (dir_check(c, request_text(r, "dir"), top, below, &e) < 0) {
		refuse(c, "invalid-params", &e);
		return;
	}
	workspace_name(f, &name);
	c->place.id = xstrdup(name.data);
	filewords_begin(&w, f->at, "restore");
	filewords_option(&w, "-C", top);
	filewords_option(&w, "--below", *below == '\0' ? NULL : below);
	filewords_add(&w, "--");
	filewords_add(&w, name.data);
	start(c, &w, -1);
}

void
filecalls_close(struct filecalls *f)
{
	while (f->calls != NULL)
		call_free(f->calls);
	free(f->workspace);
	f->workspace = NULL;
}
