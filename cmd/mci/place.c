#include "place.h"

#include <stdlib.h>
#include <unistd.h>

#include "memory.h"
#include "option.h"

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

	return state_build_find(b, text == NULL ? "@" : text, project, e);
}

int
place_job(struct state_build *b, char **job, const char *text, struct error *e)
{
	AUTO_FREE char *project = place_project();

	return state_job_meant(b, job, text == NULL ? "@" : text, project, e);
}

int
place_complain(const struct error *e)
{
	return option_fail("mci", e);
}
