#include "place.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buildname.h"
#include "memory.h"
#include "option.h"
#include "remote.h"

/* Builds of folders: no server has any of that name. */
#define LOCAL "local/"

char *
place_project(void)
{
	char *project = state_project(".");

	return project != NULL ? project : realpath(".", NULL);
}

bool
place_is_local(const char *text)
{
	return strncmp(text, LOCAL, strlen(LOCAL)) == 0;
}

/* ORG/REPO/N, and /JOB behind it where job is not NULL: what is not here is a server's. */
static bool
is_elsewhere(struct state_build *b, char **job, const char *text)
{
	const char *end = text;
	size_t n;

	if (place_is_local(text))
		return false;
	for (int slashes = 0; *end != '\0' && (*end != '/' || ++slashes < 3); end++)
		;
	n = (size_t)(end - text);
	if (buildname_check((struct span){ text, n }, NULL) < 0)
		return false;
	if (*end == '/' && (job == NULL || end[1] == '\0'))
		return false;
	*b = (struct state_build){ .name = xmemdup(text, n), .lock = -1 };
	b->number = strtol(strrchr(b->name, '/') + 1, NULL, 10);
	if (job != NULL)
		*job = *end == '/' ? xstrdup(end + 1) : NULL;
	return true;
}

int
place_build(struct state_build *b, const char *text, struct error *e)
{
	AUTO_FREE char *project = place_project();

	if (text == NULL)
		text = "@";
	if (state_build_find(b, text, project, e) == 0)
		return 0;
	return e->code == ERROR_NOT_FOUND && is_elsewhere(b, NULL, text) ? 0 : -1;
}

int
place_job(struct state_build *b, char **job, const char *text, struct error *e)
{
	AUTO_FREE char *project = place_project();

	if (text == NULL)
		text = "@";
	if (state_job_meant(b, job, text, project, e) == 0)
		return 0;
	return e->code == ERROR_NOT_FOUND && is_elsewhere(b, job, text) ? 0 : -1;
}

int
place_here(const struct state_build *b, struct error *e)
{
	return !remote_is(b) ? 0 :
	    error_set(e, ERROR_NOT_FOUND, "%s is not here: a server has its files", b->name);
}

int
place_complain(const struct error *e)
{
	return option_fail("mci", e);
}
