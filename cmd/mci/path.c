#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fold.h"
#include "logfile.h"
#include "memory.h"
#include "place.h"
#include "tails.h"
#include "verbs.h"

/* The log of the job's last attempt. */
static char *
log_path(const struct state_build *b, const char *job, struct error *e)
{
	AUTO_FREE char *events = xformat("%s/events.ndjson", b->path);
	AUTO_FREE char *logs = NULL;
	AUTO_BYTES name = { 0 };
	struct fold f;
	const struct fold_job *j;
	char *path = NULL;

	fold_init(&f);
	if (fold_file(&f, events, e) == 0) {
		j = fold_find(&f, job, strlen(job));
		logfile_name(&name, job, j == NULL ? 1 : j->attempt, "log");
		logs = tails_path(&f, b->path);
		path = xformat("%s/%s", logs, bytes_string(&name));
		if (access(path, F_OK) < 0) {
			if (j == NULL)
				error_set(e, ERROR_NOT_FOUND, "%s has no job '%s'", b->name, job);
			else if (f.log == NULL)
				error_set(e, ERROR_NOT_FOUND, "job '%s' of %s has no log", job, b->name);
			else
				error_set(e, ERROR_NOT_FOUND, "the log of job '%s' of %s is kept by the log "
				    "server %s", job, b->name, f.log);
			memory_free(&path);
			path = NULL;
		}
	}
	fold_free(&f);
	return path;
}

static int
run(void *options, int argc, char **argv)
{
	struct state_build b;
	AUTO_FREE char *job = NULL;
	AUTO_FREE char *path = NULL;
	struct error e;
	int status = 0;

	(void)options;
	if (place_job(&b, &job, argc == 1 ? argv[0] : NULL, &e) < 0 || place_here(&b, &e) < 0)
		status = place_complain(&e);
	else if (job == NULL)
		printf("%s\n", b.path);
	else if ((path = log_path(&b, job, &e)) == NULL)
		status = place_complain(&e);
	else
		printf("%s\n", path);
	state_build_free(&b);
	return status;
}

const struct command path_command = {
	.program = "mci",
	.verb = "path",
	.operands = "[BUILD[/JOB]]",
	.summary = "print the path of a build's folder, or of a job's log",
	.max_operands = 1,
	.complete = "jobs",
	.run = run,
};
