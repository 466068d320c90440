#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api.h"
#include "build.h"
#include "buildfind.h"
#include "kernel.h"
#include "logname.h"
#include "memory.h"
#include "state.h"

/* The last three parts of a build's path are its name, wherever the folder of all builds is. */
static int
open_archive(struct build *b, const char *archive, struct error *e)
{
	const char *at = b->folder.path + strlen(b->folder.path);
	AUTO_FREE char *path = NULL;

	for (int slashes = 0; at > b->folder.path && slashes < 3;)
		slashes += *--at == '/';
	path = xformat("%s/%s", archive, at[0] == '/' ? at + 1 : at);
	return folders_open(&b->folders.own.archive, AT_FDCWD, path, e);
}

/* A build of a folder that a server or mci-log put filled. */
static int
find_in(struct build *b, const char *text, const struct build_where *where, struct error *e)
{
	AUTO_FREE char *dir = realpath(where->dir, NULL);
	struct logname n;

	if (logname_parse(&n, text, e) < 0)
		return -1;
	b->locks = true;
	b->only = n.job;
	b->run_named = n.run > 0;
	b->run = n.run;
	b->attempt = n.job != NULL ? n.attempt : 0;
	b->folder.name = n.build;
	b->folder.lock = -1;
	if (dir == NULL)
		return error_sys(e, "open %s", where->dir);
	b->folder.path = xformat("%s/%s", dir, n.build);
	return 0;
}

/* A build of a server; one that is not this user's knows builds by their whole names alone. */
static int
find_there(struct build *b, const char *text, const struct build_where *where, struct error *e)
{
	struct logname n;

	b->ours = where->server == NULL;
	if (b->ours)
		return (b->server = api_address(e)) == NULL ? -1 : 0;
	if (logname_parse(&n, text, e) < 0)
		return -1;
	b->server = xstrdup(where->server);
	b->folder = (struct state_build){ .name = n.build, .lock = -1 };
	b->only = n.job;
	b->attempt = n.job != NULL ? n.attempt : 0;
	return 0;
}

/* Finds the build (and job) that text names. */
static int
find_build(struct build *b, const char *text, const char *project, const struct build_where *where,
    struct error *e)
{
	if (where->dir != NULL)
		return find_in(b, text, where, e);
	if (where->server == NULL && buildfind_job(&b->folder, &b->only, text, project, e) < 0)
		return -1;
	return b->folder.path == NULL ? find_there(b, text, where, e) : 0;
}

/* Opens the folder of the build (and job) that text names, if it is here. */
static int
open_build(struct build *b, const char *text, const char *project, const struct build_where *where,
    struct error *e)
{
	struct log_folders *own = &b->folders.own;
	struct error why;

	b->folders = (struct folders)FOLDERS_NONE;
	b->events = -1;
	b->had = -1;
	b->dirty = true;
	fold_init(&b->fold);
	if (find_build(b, text, project, where, e) < 0)
		return -1;
	if (b->server != NULL) {
		b->run = 1;
		return 0;
	}
	own->live = kernel.open(AT_FDCWD, b->folder.path, O_RDONLY | O_DIRECTORY, 0);
	if (own->live < 0 && (errno != ENOENT || !b->locks))
		return error_sys(e, "open %s", b->folder.path);
	if (own->live >= 0)
		b->events = kernel_open_file(own->live, "events.ndjson");
	if (b->events < 0 && errno != ENOENT)
		return error_sys(e, "open %s/events.ndjson", b->folder.path);
	if (where->archive != NULL && open_archive(b, where->archive, e) < 0)
		return error_before(e, "%s: ", b->folder.path);
	if (b->run == 0)
		b->run = b->events < 0 ? folders_newest(&b->folders) : 1;
	(void)folders_logs(&b->folders, b->run, &why);
	if (why.code != ERROR_NONE) {
		*e = why;
		return error_before(e, "%s: ", b->folder.path);
	}
	return 0;
}

int
builds_open(struct builds *builds, int argc, char **argv, int64_t attempt, const struct build_where *where,
    struct error *e)
{
	static char *latest[] = { "@", NULL };
	AUTO_FREE char *project = state_project(".");
	struct build_where found = *where;
	bool several = false;

	*builds = (struct builds){ 0 };
	if (stored_archive(where->archive, &found.archive, e) < 0)
		return -1;
	if (argc == 0) {
		argv = latest;
		argc = 1;
	}
	/* builds of a script or of specs are those of the folder that they were started in */
	if (project == NULL)
		project = realpath(".", NULL);
	builds->all = xmalloc((size_t)argc * sizeof(*builds->all));
	while (builds->n < (size_t)argc) {
		struct build *b = &builds->all[builds->n++];

		if (open_build(b, argv[builds->n - 1], project, &found, e) < 0)
			return -1;
		if (attempt > 0)
			b->attempt = (int)attempt;
		several = several || strcmp(b->folder.name, builds->all[0].folder.name) != 0;
	}
	for (size_t i = 0; i < builds->n; i++)
		builds->all[i].prefix = several;
	return 0;
}
