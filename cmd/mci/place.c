#include "place.h"

#include <stdlib.h>

#include "buildfind.h"
#include "memory.h"
#include "option.h"
#include "remote.h"

char *
place_project(void)
{
	char *project = state_project(".");

	return project != NULL ? project : realpath(".", NULL);
}

int
place_build(struct state_build *b, const char *text, struct error *e)
{
	AUTO_FREE char *project = place_project();

	return buildfind_build(b, text == NULL ? "@" : text, project, e);
}

int
place_job(struct state_build *b, char **job, const char *text, struct error *e)
{
	AUTO_FREE char *project = place_project();

	return buildfind_job(b, job, text == NULL ? "@" : text, project, e);
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
