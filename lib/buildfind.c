#include "buildfind.h"

#include <stdlib.h>
#include <string.h>

#include "buildname.h"
#include "memory.h"

#define LOCAL "local/"

bool
buildfind_is_local(const char *text)
{
	return strncmp(text, LOCAL, strlen(LOCAL)) == 0;
}

/* ORG/REPO/N, and /JOB behind it where job is not NULL. */
static bool
is_elsewhere(struct state_build *b, char **job, const char *text)
{
	const char *end = text;
	size_t n;

	if (buildfind_is_local(text))
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
buildfind_build(struct state_build *b, const char *text, const char *project, struct error *e)
{
	struct error why;

	if (state_build_find(b, text, project, &why) == 0 ||
	    (why.code == ERROR_NOT_FOUND && is_elsewhere(b, NULL, text)))
		return 0;
	if (e != NULL)
		*e = why;
	return -1;
}

int
buildfind_job(struct state_build *b, char **job, const char *text, const char *project, struct error *e)
{
	struct error why;

	if (state_job_meant(b, job, text, project, &why) == 0 ||
	    (why.code == ERROR_NOT_FOUND && is_elsewhere(b, job, text)))
		return 0;
	if (e != NULL)
		*e = why;
	return -1;
}
