#include "external.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emit.h"
#include "kernel.h"
#include "memory.h"
#include "message.h"
#include "names.h"

struct external {
	char *program; /* its path */
	char *spec;    /* path of the file that holds the spec */
	char **argv, **env;
};

/* What would make the program itself run what the job says, before or beside what it does: the loader's, and
 * what shells read when they begin. They are in the spec's env. */
static bool
is_hook(const char *pair)
{
	return strncmp(pair, "LD_", 3) == 0 || strncmp(pair, "BASH_ENV=", 9) == 0 ||
	    strncmp(pair, "ENV=", 4) == 0;
}

static char *
program_of(const struct settings *settings, const struct spec *spec)
{
	AUTO_FREE char *name = xformat("mci-runner-%s", runners_choose(spec, settings->runner));

	return process_kit(name);
}

static void
external_free(struct external *x)
{
	if (x->spec != NULL)
		(void)names_remove(AT_FDCWD, x->spec, NULL);
	free(x->program);
	free(x->spec);
	free(x->argv);
	free(x->env);
	free(x);
}

/* The spec as mci-job has read it, and what the program cannot know. */
static int
spec_file(const struct runner_job *job, const char *path, struct error *e)
{
	AUTO_CLOSE int fd = kernel.open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	AUTO_BYTES line = { 0 };
	AUTO_BYTES own = { 0 };
	AUTO_BYTES whole = { 0 };

	spec_write(&line, job->spec, true);
	emit_open(&own);
	emit_text(&own, "folder", job->folder);
	emit_text(&own, "scratch", job->scratch);
	emit_text(&own, "output", job->output);
	message_splice(&whole, (struct span){ own.data + 1, own.len - 1 }, line.data, line.len);
	if (fd < 0 || kernel_write_all(fd, whole.data, whole.len) < 0)
		return error_sys(e, "write %s", path);
	return 0;
}

static size_t
words(char *const *argv)
{
	size_t n = 0;

	while (argv[n] != NULL)
		n++;
	return n;
}

static void
environment_take(struct external *x, char *const *env)
{
	size_t n = 0;

	x->env = xrealloc(x->env, words(env) + 1, sizeof(*x->env));
	for (; *env != NULL; env++) {
		if (!is_hook(*env))
			x->env[n++] = *env;
	}
	x->env[n] = NULL;
}

int
external_prepare(struct runner_job *job, struct process_spec *p, struct error *e)
{
	struct external *x = job->own;
	size_t n = words(p->argv);

	if (x == NULL) {
		job->own = x = xmalloc(sizeof(*x));
		*x = (struct external){ .program = program_of(job->settings, job->spec),
			.spec = xformat("%s/%s.spec", job->scratch != NULL ? job->scratch : "SCRATCH",
			    job->name) };
		if (job->scratch != NULL && spec_file(job, x->spec, e) < 0)
			return -1;
	}
	x->argv = xrealloc(x->argv, n + 4, sizeof(*x->argv));
	x->argv[0] = x->program;
	x->argv[1] = (char *)(uintptr_t)"run";
	x->argv[2] = x->spec;
	memcpy(x->argv + 3, p->argv, (n + 1) * sizeof(*x->argv));
	x->argv[3] = (char *)(uintptr_t)p->path;
	environment_take(x, p->env);
	p->argv = x->argv;
	p->env = x->env;
	p->path = x->program;
	return 0;
}

void
external_over(struct runner_job *job)
{
	if (job->own != NULL)
		external_free(job->own);
}
