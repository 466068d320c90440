#include "filestep.h"

#include <stdlib.h>
#include <string.h>

#include "blobrun.h"
#include "jobfiles.h"
#include "keytemplate.h"
#include "memory.h"

const struct filestep_kind filestep_kinds[] = {
	[STEP_COPY] = { "workspace", NULL, NULL, true, false },
	[STEP_CACHE_RESTORE] = { "cache", "restore", "cache/restored", false, false },
	[STEP_ARTIFACT_RESTORE] = { "artifact", "restore", "artifact/restored", true, false },
	[STEP_ARTIFACT_SAVE] = { "artifact", "save", "artifact/saved", true, false },
	[STEP_CACHE_SAVE] = { "cache", "save", "cache/saved", false, false },
	[STEP_REMOVE] = { "workspace", NULL, NULL, false, false },
	[STEP_INPUTS] = { "inputs", NULL, NULL, true, true },
	[STEP_LAST] = { "inputs", "restore", NULL, false, true },
	[STEP_SEAL_FIND] = { "result", "restore", NULL, true, true },
	[STEP_SEAL_SAVE] = { "result", "save", NULL, true, true },
	[STEP_KEY] = { "inputs", NULL, NULL, true, true },
	[STEP_FIND] = { "result", "restore", NULL, false, true },
	[STEP_RESULT_RESTORE] = { "result", "restore", NULL, false, true },
	[STEP_RESULT_LOG] = { "result", NULL, NULL, false, true },
	[STEP_RESULT_KEEP] = { "result", "save", NULL, false, true },
	[STEP_RESULT_SAVE] = { "result", "save", NULL, false, true },
	[STEP_LIST_SAVE] = { "result", "save", NULL, false, true },
	[STEP_BRING] = { "artifact", "restore", NULL, true, true },
};

static bool
saves(enum filestep_type kind)
{
	const char *verb = filestep_kinds[kind].verb;

	return verb != NULL && strcmp(verb, "save") == 0;
}

void
filesteps_add(struct filestep **steps, size_t *n, struct filestep step)
{
	*steps = xrealloc(*steps, *n + 1, sizeof(**steps));
	(*steps)[(*n)++] = step;
}

void
filestep_build(struct bytes *b, const char *build, bool number)
{
	bytes_add(b, build, number ? strlen(build) : (size_t)(strrchr(build, '/') - build));
}

/* ---- where an artifact comes from */

/* Whether a job is what "job" of an artifact names: itself, or one of a matrix. */
static bool
is_named(const struct graph *g, const struct job *j, const char *name)
{
	return name == NULL || strcmp(j->id, name) == 0 ||
	    (j->matrix != NO_JOB && strcmp(g->jobs[j->matrix].id, name) == 0);
}

/* The jobs before this one that keep the artifact, the nearest first; of one, or of one matrix. */
void
filesteps_artifact(struct filestep **steps, size_t *nsteps, const struct filestep_site *at, uint32_t job,
    const struct spec_place *p)
{
	const struct graph *g = at->graph;
	AUTO_FREE bool *seen = xmalloc(g->n * sizeof(*seen));
	AUTO_FREE uint32_t *queue = xmalloc(g->n * sizeof(*queue));
	uint32_t n = 0, matrix = NO_JOB;
	bool found = false;

	memset(seen, 0, g->n * sizeof(*seen));
	queue[n++] = job;
	for (uint32_t i = 0; i < n; i++) {
		const struct job *j = &g->jobs[queue[i]];
		const struct spec_place *saved = i == 0 ? NULL : jobfiles_artifact(j->files, p->id);

		if (saved != NULL && is_named(g, j, p->job) && (!found || (matrix != NO_JOB &&
		    matrix == j->matrix))) {
			filesteps_add(steps, nsteps, (struct filestep){ STEP_ARTIFACT_RESTORE, p, saved,
			    queue[i] });
			matrix = j->matrix;
			found = true;
		}
		for (uint32_t k = j->needs; k != NO_JOB; k = g->edges[k].next) {
			uint32_t on = g->edges[k].job;

			if (!seen[on])
				queue[n++] = on;
			seen[on] = true;
		}
	}
	if (!found)
		filesteps_add(steps, nsteps, (struct filestep){ STEP_ARTIFACT_RESTORE, p, NULL, NO_JOB });
}

/* ---- places */

/* The folder from which a path is kept: all in front of its last word, up to the first wildcard. */
static size_t
base_length(const char *path)
{
	size_t n = strlen(path), plain = strcspn(path, "*?[");

	while (n > 0 && path[n - 1] == '/')
		n--;
	if (plain < n)
		n = plain;
	while (n > 0 && path[n - 1] != '/')
		n--;
	return n;
}

/* Its last word, without slashes behind it. */
static struct span
last_word(const char *path)
{
	size_t base = base_length(path), n = strlen(path);

	while (n > base && path[n - 1] == '/')
		n--;
	return (struct span){ path + base, n - base };
}

static bool
same_word(const char *a, const char *b)
{
	struct span one = last_word(a), other = last_word(b);

	return one.n == other.n && memcmp(one.p, other.p, one.n) == 0;
}

/* Where it is kept from, or comes back to, below where the job works. One path is kept by its last word, so
 * that it can come back elsewhere; several as they are. */
static void
folder_add(struct bytes *b, const struct filestep *s)
{
	const struct spec_place *kept = s->saved != NULL ? s->saved : s->place;
	const char *path = s->place->npaths > 0 ? s->place->paths[0] : NULL;

	if (kept->npaths > 1 || s->kind == STEP_CACHE_RESTORE || s->kind == STEP_CACHE_SAVE) {
		if (s->saved != NULL && path != NULL)
			bytes_text(b, path);
		return;
	}
	if (path == NULL)
		path = kept->paths[0];
	if (s->saved == NULL || same_word(path, kept->paths[0]))
		bytes_add(b, path, base_length(path));
	else
		bytes_text(b, path);
}

/* mci-job calls it so (copy.h there). */
char *
filestep_stage(const struct filestep_site *at, const struct job *j)
{
	return xformat("%s/own/%s@%d", at->workspace->folder.path, j->id, j->attempt);
}

void
filestep_root(struct bytes *b, const struct filestep_site *at, const struct job *j)
{
	bool content = j->files != NULL && j->files->content != NULL;
	AUTO_FREE char *stage = j->own || content ? filestep_stage(at, j) : NULL;

	if (stage != NULL)
		bytes_format(b, "%s/%s", stage, content ? "" : at->workspace->own_inside);
	else
		bytes_text(b, at->workspace->dir);
}

/* ---- names in the store */

static void
artifact_name(const struct filestep_site *at, const struct job *j, const struct filestep *s, struct bytes *b)
{
	const struct job *by = s->kind == STEP_ARTIFACT_SAVE ? j : &at->graph->jobs[s->from];

	bytes_text(b, "artifact/");
	filestep_build(b, by->files->origin != NULL ? by->files->origin : at->workspace->identity.name, true);
	bytes_format(b, "/%s/%s", by->id, s->place->id);
}

/* Appends the name that a key stands for. The words of a hash that is not known yet, or NULL. */
static char *
cache_name(const struct filestep_site *at, const struct job *j, struct bytes *b, const char *text)
{
	const struct keytemplate_facts facts = { j->id, j->files->hashes, j->files->nhashes };

	bytes_text(b, "cache/");
	filestep_build(b, at->workspace->identity.name, false);
	bytes_char(b, '/');
	return keytemplate_expand(b, text, &facts);
}

/* ---- the command line of a step */

static void
word_give(struct filewords *w, char *word)
{
	w->list = xrealloc(w->list, w->n + 2, sizeof(char *));
	w->list[w->n++] = word;
	w->list[w->n] = NULL;
}

void
filewords_add(struct filewords *w, const char *word)
{
	word_give(w, xstrdup(word));
}

void
filewords_option(struct filewords *w, const char *name, const char *value)
{
	if (value == NULL)
		return;
	filewords_add(w, name);
	filewords_add(w, value);
}

void
filewords_free(struct filewords *w)
{
	value_list_free(w->list, w->n);
	*w = (struct filewords){ 0 };
}

void
filewords_begin(struct filewords *w, const struct filestep_site *at, const char *verb)
{
	const struct identity *build = &at->workspace->identity;
	AUTO_FREE char *run = xformat("%d", build->run);

	filewords_add(w, "mci-blob");
	filewords_add(w, verb);
	if (strcmp(verb, "get") != 0)
		filewords_add(w, "--json");
	filewords_option(w, "--blob", at->address);
	filewords_option(w, "--scope", at->scope);
	if (strcmp(verb, "save") != 0)
		return;
	filewords_option(w, "--build", build->name);
	filewords_option(w, "--run", run);
	if (!mask_empty(at->mask))
		filewords_option(w, "--mask-fd", BLOBRUN_MASK);
}

/* The folder in which what is built stands, and the way from there, through no link that a job has made. */
static void
folder_options(struct filewords *w, const struct filestep_site *at, const struct job *j,
    const struct filestep *s)
{
	const char *dir = j->files->dir;
	AUTO_BYTES root = { 0 };
	AUTO_BYTES below = { 0 };

	if (s != NULL && s->kind == STEP_BRING)
		bytes_text(&root, at->workspace->dir);
	else
		filestep_root(&root, at, j);
	if (dir != NULL)
		bytes_format(&below, "%s/", dir);
	if (s != NULL)
		folder_add(&below, s);
	filewords_option(w, "-C", bytes_string(&root));
	filewords_option(w, "--below", below.len > 0 ? bytes_string(&below) : NULL);
}

static void
paths_add(struct filewords *w, const struct filestep *s)
{
	const struct spec_place *p = s->place;

	for (size_t i = 0; i < p->npaths; i++) {
		size_t base = s->kind != STEP_CACHE_SAVE && p->npaths == 1 ? base_length(p->paths[i]) : 0;

		filewords_add(w, p->paths[i] + base);
	}
}

/* Adds the names; the words of a hash that is needed first, or NULL. */
static char *
names_add(const struct filestep_site *at, const struct job *j, const struct filestep *s, struct filewords *w,
    char **key)
{
	const char *own = s->place->key != NULL ? s->place->key : s->place->id;
	bool artifact = s->kind == STEP_ARTIFACT_RESTORE || s->kind == STEP_ARTIFACT_SAVE;
	AUTO_BYTES name = { 0 };
	char *missing = NULL;

	if (artifact)
		artifact_name(at, j, s, &name);
	else
		missing = cache_name(at, j, &name, own);
	if (missing != NULL)
		return missing;
	filewords_add(w, bytes_string(&name));
	free(*key);
	/* behind cache/ORG/REPO/ */
	*key = artifact ? NULL : xstrdup(strchr(strchr(name.data + sizeof("cache/") - 1, '/') + 1, '/') + 1);
	for (size_t i = 0; s->kind == STEP_CACHE_RESTORE && i < s->place->nfallback; i++) {
		name.len = 0;
		missing = cache_name(at, j, &name, s->place->fallback[i]);
		if (missing != NULL)
			return missing;
		filewords_add(w, bytes_string(&name));
	}
	return NULL;
}

/* What a staged job works in is made, or taken away. */
static void
stage_words(const struct filestep_site *at, const struct job *j, const struct filestep *s,
    struct filewords *w)
{
	bool copies = s->kind == STEP_COPY;

	filewords_add(w, copies ? "cp" : "rm");
	filewords_add(w, copies ? "-aT" : "-rf");
	if (copies)
		filewords_add(w, "--reflink=auto");
	filewords_add(w, "--");
	if (copies)
		filewords_add(w, at->workspace->own);
	word_give(w, filestep_stage(at, j));
}

/* Up to the names. */
static void
place_begin(const struct filestep_site *at, const struct job *j, const struct filestep *s,
    struct filewords *w)
{
	filewords_begin(w, at, filestep_kinds[s->kind].verb);
	folder_options(w, at, j, s);
	for (size_t i = 0; saves(s->kind) && i < s->place->nexclude; i++)
		filewords_option(w, "--exclude", s->place->exclude[i]);
	filewords_add(w, "--");
}

void
filestep_place_words(const struct filestep_site *at, const struct job *j, const struct filestep *s,
    const char *name, struct filewords *w)
{
	AUTO_BYTES own = { 0 };

	place_begin(at, j, s, w);
	if (s->kind == STEP_BRING)
		artifact_name(at, j, &(struct filestep){ STEP_ARTIFACT_SAVE, s->place, NULL, NO_JOB }, &own);
	filewords_add(w, s->kind == STEP_BRING ? bytes_string(&own) : name);
	if (saves(s->kind))
		paths_add(w, s);
}

char *
filestep_words(const struct filestep_site *at, uint32_t job, const struct filestep *s, struct filewords *w,
    char **key)
{
	const struct job *j = &at->graph->jobs[job];
	char *missing;

	if (filestep_kinds[s->kind].verb == NULL) {
		stage_words(at, j, s, w);
		return NULL;
	}
	place_begin(at, j, s, w);
	missing = names_add(at, j, s, w, key);
	if (saves(s->kind))
		paths_add(w, s);
	return missing;
}

void
filestep_hash_words(const struct filestep_site *at, uint32_t job, const char *files, struct filewords *w)
{
	const struct job *j = &at->graph->jobs[job];
	AUTO_FREE char *copy = xstrdup(files);
	char *rest = NULL;

	filewords_add(w, "mci-blob-hash");
	filewords_add(w, "--json");
	folder_options(w, at, j, NULL);
	filewords_add(w, "--");
	for (char *file = strtok_r(copy, " \t", &rest); file != NULL; file = strtok_r(NULL, " \t", &rest))
		filewords_add(w, file);
}
