/*
 * spec: a job as somebody wrote it, read from one JSON object (mci-script(5)) and checked key by key.
 * Keys may be written in kebab, camel or snake case, and container/KEY, only under .monkeyci (SPEC_MONKEY).
 */
#ifndef MCI_SPEC_H
#define MCI_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "specvalue.h"

#define SPEC_ID_LIMIT 128
#define SPEC_NAME_LIMIT 256 /* bytes */

/* How a spec is read. */
#define SPEC_MONKEY 1u /* the original's reading: timeouts in milliseconds, 20 minutes by default,
                        * a shell a line, key case free, no id needed, ids made from any text */
#define SPEC_ATTEMPT 2u /* mci-job's own: graph keys are refused, "attempt" is allowed */

/* One bit a key, in the order of the table in spec.c; see spec_has. */
enum spec_key {
	SPEC_ID, SPEC_SCRIPT, SPEC_ARGV, SPEC_SHELL, SPEC_SHELL_PER, SPEC_ENV, SPEC_DIR, SPEC_TIMEOUT,
	SPEC_LABELS, SPEC_RUNNER, SPEC_STDIN, SPEC_SPLIT, SPEC_PTY, SPEC_PARAMS, SPEC_IMAGE,
	SPEC_DEPENDS_ON, SPEC_WHEN, SPEC_MATRIX, SPEC_RETRY, SPEC_ALLOW_FAILURE, SPEC_BLOCKED,
	SPEC_CACHES, SPEC_SAVE_ARTIFACTS, SPEC_RESTORE_ARTIFACTS, SPEC_SIZE, SPEC_ARCH, SPEC_MEMORY,
	SPEC_CPUS, SPEC_EXPOSE, SPEC_NAME, SPEC_ATTEMPT_NUMBER, SPEC_TYPE_IGNORED, SPEC_NKEYS
};

struct spec {
	uint64_t keys;           /* which keys were there, 1 << enum spec_key */
	char *id;                /* NULL only under SPEC_MONKEY */
	char *name;              /* what people call it; NULL: its id */
	char **script;           /* entries, nscript of them */
	size_t nscript;
	char **argv;             /* NULL-terminated, nargv words; NULL when script is used */
	size_t nargv;
	char *shell;             /* NULL: sh */
	bool shell_per_line;     /* "shell-per":"line": each entry its own shell, without -e */
	struct spec_pair *env;
	size_t nenv;
	char *dir;               /* relative to the build's folder; never with ".." or absolute */
	int64_t timeout;         /* nanoseconds, 0 none */
	struct spec_pair *labels;
	size_t nlabels;
	char *runner;
	char *stdin_text;        /* given to the job's standard input */
	bool split, pty;
	char **params;           /* names */
	size_t nparams;
	char *image;
	int attempt;             /* SPEC_ATTEMPT: from 1 */
	/* the graph's keys */
	char **depends;
	size_t ndepends;
	struct span when, matrix; /* raw JSON inside the line that was read; checked by mci-build */
	int retries;             /* how many times again, 0 to 100 */
	int *retry_codes;        /* on which exit codes; none: any failure */
	size_t nretry_codes;
	int64_t retry_delay;     /* first back-off, doubled each time */
	bool allow_failure;
	bool blocked;
	struct bytes kept;       /* caches ... expose: raw members that are only read and written again */
};

/*
 * Reads one object. 0, or -1 with an error that names the field by its path ("script[2]: expected a
 * string, found a number") and suggests the nearest key for an unknown one. The spans point into line.
 */
int spec_read(struct spec *s, const char *line, size_t n, unsigned flags, struct error *e);
void spec_free(struct spec *s);
bool spec_has(const struct spec *s, enum spec_key key);
/* The name of a key as written in specs ("depends-on"). */
const char *spec_key_name(enum spec_key key);

/* Whether text is a job id: 1 to 128 of A-Za-z0-9._+,- , first a letter or digit. */
bool spec_id_ok(const char *text, size_t n);


/*
 * Writes the spec again as one normal line (with newline), values as they are now. With for_attempt the
 * graph's keys are left out and attempt is put in, which is what mci-job reads.
 */
void spec_write(struct bytes *into, const struct spec *s, bool for_attempt);

#endif
