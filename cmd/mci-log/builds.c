#include "builds.h"

#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "memory.h"
#include "state.h"

static void
name_sources(struct builds *r)
{
	bool several = false;

	for (size_t i = 1; i < r->n; i++)
		several = several || strcmp(r->all[i].folder.name, r->all[0].folder.name) != 0;
	for (size_t i = 0; i < r->n; i++)
		r->all[i].prefix = several;
}

int
builds_open(struct builds *r, int argc, char **argv, int64_t attempt, const struct build_where *where,
    struct error *e)
{
	static char *latest[] = { "@", NULL };
	AUTO_FREE char *project = state_project(".");
	struct build_where found = *where;

	*r = (struct builds){ 0 };
	if (archive_folder(where->archive, &found.archive, e) < 0)
		return -1;
	if (argc == 0) {
		argv = latest;
		argc = 1;
	}
	/* builds of a script or of specs are those of the folder that they were started in */
	if (project == NULL)
		project = realpath(".", NULL);
	r->all = xmalloc((size_t)argc * sizeof(*r->all));
	while (r->n < (size_t)argc) {
		struct build *run = &r->all[r->n++];

		if (build_open(run, argv[r->n - 1], project, &found, e) < 0)
			return -1;
		if (attempt > 0)
			run->attempt = (int)attempt;
	}
	name_sources(r);
	return 0;
}

int
builds_read(struct builds *r, struct error *e)
{
	for (size_t i = 0; i < r->n; i++) {
		struct build *run = &r->all[i];

		if (build_read(run, e) < 0)
			return -1;
		if (run->only != NULL && run->n == 0)
			return build_nothing(run, e);
	}
	return 0;
}

void
builds_close(struct builds *r)
{
	for (size_t i = 0; i < r->n; i++)
		build_free(&r->all[i]);
	free(r->all);
	*r = (struct builds){ 0 };
}
