/* A build's folder made of an input, and commands run on it: what they print goes nowhere. The first bytes of the
 * input say where it parts into the folder's files. */
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "option.h"

#define BUILD "o/r/1"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static char state[] = "/tmp/mci-fuzz-state.XXXXXX", builds[sizeof(state) + 64];
static FILE *nowhere;

/* In the order in which the input has them; the last gets the rest. */
static const char *const files[] = { "events.ndjson", "logs/a.idx", "logs/a.log", "logs/a@2.log", "script.log",
	"plan.ndjson", "control" };
#define NFILES (sizeof(files) / sizeof(files[0]))

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void
end(void)
{
	nftw(state, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void
expect(int truth)
{
	if (!truth)
		abort();
}

static void
make(const char *below)
{
	char path[256];

	snprintf(path, sizeof(path), "%s%s", state, below);
	expect(mkdir(path, 0700) == 0);
}

static void
begin(void)
{
	expect(mkdtemp(state) != NULL && (nowhere = fopen("/dev/null", "w")) != NULL);
	atexit(end);
	setenv("XDG_STATE_HOME", state, 1);
	setenv("HOME", state, 1);
	make("/mci");
	make("/mci/builds");
	make("/mci/builds/o");
	make("/mci/builds/o/r");
	make("/mci/builds/o/r/1");
	make("/mci/builds/o/r/1/logs");
	snprintf(builds, sizeof(builds), "%s/mci/builds/" BUILD, state);
}

static void
write_files(const uint8_t *data, size_t n)
{
	const uint8_t *cuts = data;
	size_t left = n < NFILES ? 0 : n - NFILES;

	data += n - left;
	for (size_t i = 0; i < NFILES; i++) {
		size_t some = i == NFILES - 1 || left == 0 ? left : left * cuts[i] / 255;
		char path[256];
		FILE *f;

		snprintf(path, sizeof(path), "%s/%s", builds, files[i]);
		f = fopen(path, "w");
		expect(f != NULL && fwrite(data, 1, some, f) == some && fclose(f) == 0);
		data += some;
		left -= some;
	}
}

/* Runs a verb as its program does; the words are what stands behind it. */
static void
run(const struct command *c, char **words)
{
	char *argv[8] = { "program" };
	void *options = calloc(1, c->size + 1);
	int argc = 1, status;

	for (; words[argc - 1] != NULL; argc++)
		argv[argc] = words[argc - 1];
	option_parse(c, &argc, argv, options);
	status = c->run(options, argc, argv);
	expect(status >= 0 && status < 256);
	fflush(stdout);
	free(options);
}

/* Writes the files and calls the commands; what they print goes nowhere, and what the sanitizers say to
 * descriptor 2 itself. */
static void
with_folder(const uint8_t *data, size_t n, void (*commands)(void))
{
	FILE *out = stdout, *err = stderr;
	int kept;

	if (nowhere == NULL)
		begin();
	write_files(data, n);
	fflush(stdout);
	kept = dup(STDOUT_FILENO);
	expect(kept >= 0 && dup2(fileno(nowhere), STDOUT_FILENO) >= 0);
	stdout = stderr = nowhere;
	commands();
	stdout = out;
	stderr = err;
	dup2(kept, STDOUT_FILENO);
	close(kept);
}
#define RUN(command, ...) run(&(command), (char *[]){ __VA_ARGS__, NULL })
