#include "git.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"
#include "process.h"

#define ARGUMENTS 32
#define OUTPUT_LIMIT (64 * 1024 * 1024)

extern char **environ;

/* Reads both pipes until they end, the larger first: git's messages are short and fit the pipe. */
static int
read_all(int fd, struct bytes *out, struct error *e)
{
	ssize_t n;

	do {
		n = kernel.read(fd, bytes_reserve(out, 16384), 16384);
		if (n > 0)
			out->len += (size_t)n;
		if (out->len > OUTPUT_LIMIT)
			return error_set(e, ERROR_LIMIT, "git: it says more than 64 MiB");
	} while (n > 0);
	return n < 0 ? error_sys(e, "git: read") : 0;
}

/* The first line of what git said, without its "fatal: ". */
static void
complaint(struct bytes *said, struct error *e)
{
	const char *text = bytes_string(said);

	if (strncmp(text, "fatal: ", 7) == 0)
		text += 7;
	error_set(e, ERROR_INPUT, "git: %.*s", (int)strcspn(text, "\n"), text);
}

static int
collect(pid_t pid, int out, int err, struct bytes *result, struct error *e)
{
	AUTO_BYTES said = { 0 };
	AUTO_BYTES ignored = { 0 };
	int status, failed;

	failed = read_all(out, result != NULL ? result : &ignored, e) < 0 || read_all(err, &said, e) < 0;
	while (waitpid(pid, &status, 0) < 0)
		;
	if (failed)
		return -1;
	if (status != 0) {
		complaint(&said, e);
		return -1;
	}
	return 0;
}

static char **
environment(const char *pair)
{
	size_t n = 0;
	char **env;

	while (environ[n] != NULL)
		n++;
	env = xmalloc((n + 2) * sizeof(char *));
	memcpy(env, environ, n * sizeof(char *));
	if (pair != NULL)
		env[n] = (char *)(uintptr_t)pair;
	return env;
}

int
git_run_env(const char *dir, const char *pair, const char *const *arguments, struct bytes *out,
    struct error *e)
{
	const char *argv[ARGUMENTS] = { "git" };
	AUTO_FREE char **env = environment(pair);
	struct process_spec spec = { .path = "git", .env = env, .dir = dir, .in = -1 };
	int pipes[2][2], result = -1;
	pid_t pid;

	for (size_t i = 0; arguments[i] != NULL && i + 2 < ARGUMENTS; i++)
		argv[i + 1] = arguments[i];
	spec.argv = (char *const *)(uintptr_t)argv;
	if (pipe2(pipes[0], O_CLOEXEC) < 0)
		return error_sys(e, "pipe");
	if (pipe2(pipes[1], O_CLOEXEC) < 0) {
		close(pipes[0][0]);
		close(pipes[0][1]);
		return error_sys(e, "pipe");
	}
	spec.out = pipes[0][1];
	spec.err = pipes[1][1];
	result = process_spawn(&pid, &spec, e);
	close(pipes[0][1]);
	close(pipes[1][1]);
	if (result == 0)
		result = collect(pid, pipes[0][0], pipes[1][0], out, e);
	close(pipes[0][0]);
	close(pipes[1][0]);
	return result;
}

int
git_run(const char *dir, const char *const *arguments, struct bytes *out, struct error *e)
{
	return git_run_env(dir, NULL, arguments, out, e);
}
