#include "resultstep.h"

#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "folder.h"
#include "jobfiles.h"
#include "logfile.h"
#include "memory.h"
#include "names.h"

char *
resultstep_path(const struct filestep_site *at, const struct job *j, const char *name)
{
	return xformat("%s/own/%s.result%s%s", at->workspace->folder.path, j->id, *name == '\0' ? "" : "/",
	    name);
}

int
resultstep_folders(const struct filestep_site *at, const struct job *j, struct error *e)
{
	static const char *const names[] = { "now", "last", "seal", "found", "keep" };
	AUTO_FREE char *all = resultstep_path(at, j, "");
	AUTO_FREE char *stage = filestep_stage(at, j);

	(void)names_remove_tree(all, NULL);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		AUTO_FREE char *path = resultstep_path(at, j, names[i]);

		if (folder_make(path, e) < 0)
			return -1;
	}
	return folder_make(stage, e);
}

static void
path_option(struct filewords *w, const char *option, const struct filestep_site *at, const struct job *j,
    const char *name)
{
	AUTO_FREE char *path = resultstep_path(at, j, name);

	filewords_option(w, option, path);
}

/* What the job is made from goes into the folder that it will work in. */
static void
inputs_words(const struct filestep_site *at, const struct job *j, struct filewords *w)
{
	const struct spec_inputs *in = j->files->content->inputs;
	AUTO_FREE char *stage = filestep_stage(at, j);

	filewords_add(w, "mci-blob-hash");
	filewords_add(w, "--json");
	filewords_option(w, "-C", at->workspace->dir);
	filewords_option(w, "--into", stage);
	for (size_t i = 0; i < in->nexclude; i++)
		filewords_option(w, "--exclude", in->exclude[i]);
	filewords_add(w, "--");
	for (size_t i = 0; i < in->npaths; i++)
		filewords_add(w, in->paths[i]);
}

static void
key_words(const struct filestep_site *at, const struct job *j, struct filewords *w)
{
	AUTO_FREE char *stage = filestep_stage(at, j);

	filewords_add(w, "mci-blob-hash");
	filewords_add(w, "--json");
	filewords_add(w, "--facts");
	filewords_option(w, "-C", stage);
	path_option(w, "--list", at, j, "now/inputs");
	path_option(w, "--last", at, j, "last/inputs");
	if (j->files->content->secret)
		path_option(w, "--key", at, j, "seal/key");
	filewords_add(w, "--");
	filewords_add(w, ".");
}

/* "inputs/ORG/REPO/JOB" */
static char *
list_name(const struct filestep_site *at, const struct job *j)
{
	AUTO_BYTES name = { 0 };

	bytes_text(&name, "inputs/");
	filestep_build(&name, at->workspace->identity.name, false);
	bytes_format(&name, "/%s", j->id);
	bytes_string(&name);
	return bytes_give(&name);
}

/* "KIND/ORG/-": what all repositories of an organisation share, where others have the repository's name. */
static void
shared_name(const struct filestep_site *at, struct bytes *into, const char *kind)
{
	const char *build = at->workspace->identity.name;

	bytes_format(into, "%s/%.*s/-", kind, (int)strcspn(build, "/"), build);
}

/* What one artifact of the result is called; p NULL: the result itself. */
static char *
result_name(const struct filestep_site *at, const struct job *j, const struct spec_place *p)
{
	AUTO_BYTES name = { 0 };

	shared_name(at, &name, "result");
	bytes_format(&name, "/%s", j->files->content->key);
	if (p != NULL)
		bytes_format(&name, "/%s", p->id);
	bytes_string(&name);
	return bytes_give(&name);
}

/* Of the key that stands for secrets in those of results. */
static char *
seal_name(const struct filestep_site *at)
{
	AUTO_BYTES name = { 0 };

	shared_name(at, &name, "key");
	bytes_text(&name, "/results");
	bytes_string(&name);
	return bytes_give(&name);
}

static void
kit_words(const struct filestep_site *at, const struct job *j, struct filewords *w, const char *verb,
    const char *folder, const char *name, const char *path)
{
	filewords_begin(w, at, verb);
	path_option(w, "-C", at, j, folder);
	filewords_add(w, "--");
	filewords_add(w, name);
	if (path != NULL)
		filewords_add(w, path);
}

/* The log of the attempt, as it is kept: masked. */
static void
log_words(const struct filestep_site *at, const struct job *j, struct filewords *w)
{
	AUTO_FREE char *number = xformat("%d", j->attempt);
	AUTO_FREE char *name = xformat("%s/%s", at->workspace->identity.name, j->id);
	AUTO_FREE char *to = resultstep_path(at, j, "keep/log");
	AUTO_BYTES path = { 0 };

	if (at->log != NULL) {
		filewords_add(w, "mci-log");
		filewords_add(w, "cat");
		filewords_option(w, "-a", at->log);
		filewords_option(w, "--attempt", number);
		filewords_add(w, "--");
		filewords_add(w, name);
		return;
	}
	bytes_format(&path, "%s/", at->workspace->logs);
	logfile_name(&path, j->id, j->attempt, "log");
	filewords_add(w, "cp");
	filewords_add(w, "--");
	filewords_add(w, bytes_string(&path));
	filewords_add(w, to);
}

void
resultstep_words(const struct filestep_site *at, uint32_t job, const struct filestep *s, struct filewords *w)
{
	const struct job *j = &at->graph->jobs[job];
	AUTO_FREE char *list = list_name(at, j), *seal = seal_name(at);
	AUTO_FREE char *name = j->files->content->key == NULL ? NULL : result_name(at, j, s->place);

	switch (s->kind) {
	case STEP_INPUTS:
		inputs_words(at, j, w);
		break;
	case STEP_LAST:
		kit_words(at, j, w, "restore", "last", list, NULL);
		break;
	case STEP_SEAL_FIND:
		kit_words(at, j, w, "restore", "seal", seal, NULL);
		break;
	case STEP_SEAL_SAVE:
		kit_words(at, j, w, "save", "seal", seal, "key");
		break;
	case STEP_KEY:
		key_words(at, j, w);
		break;
	case STEP_FIND:
		kit_words(at, j, w, "restore", "found", name, NULL);
		break;
	case STEP_RESULT_LOG:
		log_words(at, j, w);
		break;
	case STEP_RESULT_SAVE:
		kit_words(at, j, w, "save", "keep", name, ".");
		break;
	case STEP_LIST_SAVE:
		kit_words(at, j, w, "save", "now", list, "inputs");
		break;
	default: /* files of the job, by another name */
		filestep_place_words(at, j, s, name, w);
		break;
	}
}

char *
resultstep_replay(const struct filestep_site *at, const struct job *j)
{
	AUTO_FREE char *log = resultstep_path(at, j, "found/log");
	const char *const argv[] = { "cat", log };
	AUTO_BYTES line = { 0 };

	emit_open(&line);
	emit_text(&line, "id", j->id);
	emit_list(&line, "argv", argv, 2);
	emit_bool(&line, "replay", true);
	bytes_char(&line, '}');
	bytes_string(&line);
	return bytes_give(&line);
}
