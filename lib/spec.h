/*
 * spec: a job as somebody wrote it, read from one JSON object (mci-script(5)) and checked key by key.
 * What is known of a key stands in one row: its spellings, the type of its value, who serves it. To add one
 * is a row, a field and a place in the enum.
 */
#ifndef MCI_SPEC_H
#define MCI_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "speccontainer.h"
#include "specentries.h"
#include "specid.h"
#include "specinputs.h"
#include "speclimits.h"
#include "specparam.h"
#include "specplace.h"
#include "specvalue.h"
#include "specwait.h"

#define SPEC_PARALLEL_LIMIT 256

/* How a spec is read. */
#define SPEC_MONKEY 1u /* the original's reading: timeouts in milliseconds, 20 minutes by default, a shell
                        * a line, keys in kebab, camel or snake case and as container/KEY, no id needed,
                        * ids made from any text */
#define SPEC_FILTERED 4u /* filters come before it is a job: their keys, NAME/KEY, are let through, and
			  * what is missing may come from them */
#define SPEC_ATTEMPT 2u /* mci-job's own: graph keys are refused, "attempt" is allowed */

/* One bit a key, in the order in which they are written; see spec_has. */
enum spec_key {
	SPEC_ID, SPEC_NAME, SPEC_SCRIPT, SPEC_ARGV, SPEC_FINALLY, SPEC_SHELL, SPEC_SHELL_PER, SPEC_ENV,
	SPEC_DIR, SPEC_WORKSPACE, SPEC_TIMEOUT, SPEC_QUIET_TIMEOUT, SPEC_LABELS, SPEC_RUNNER,
	SPEC_STDIN, SPEC_SPLIT,
	SPEC_PTY, SPEC_PARAMS, SPEC_SECRETS, SPEC_LIMITS, SPEC_IMAGE, SPEC_CMD, SPEC_ARGS, SPEC_ENTRYPOINT,
	SPEC_MOUNTS, SPEC_PLATFORM, SPEC_USER, SPEC_PULL, SPEC_SERVICES, SPEC_DEPENDS_ON, SPEC_WHEN,
	    SPEC_MATRIX,
	SPEC_PARALLEL,
	SPEC_RETRY, SPEC_ALLOW_FAILURE, SPEC_SKIP_CODE, SPEC_BLOCKED,
	SPEC_INPUTS, SPEC_TOOLCHAIN,
	SPEC_CACHES, SPEC_SAVE_ARTIFACTS, SPEC_RESTORE_ARTIFACTS, SPEC_SIZE, SPEC_ARCH, SPEC_MEMORY,
	SPEC_CPUS, SPEC_EXPOSE, SPEC_NETWORK, SPEC_API, SPEC_STAGED, SPEC_REPLAY, SPEC_ATTEMPT_NUMBER,
	SPEC_TYPE_IGNORED, SPEC_NKEYS
};

struct spec {
	uint64_t keys;           /* which keys are there, 1 << enum spec_key */
	char *id;                /* NULL only under SPEC_MONKEY */
	char *name;              /* what people call it; NULL: its id */
	struct spec_entry *script; /* nscript of them; NULL when argv is used */
	size_t nscript;
	char **argv;             /* NULL-terminated, nargv words; NULL when script is used */
	size_t nargv;
	struct spec_entry *finally; /* run behind either of them, nfinally of them */
	size_t nfinally;
	char *shell;             /* NULL: sh */
	bool shell_per_line;     /* "shell-per":"line": each entry its own shell, without -e */
	struct spec_pair *env;
	size_t nenv;
	char *dir;               /* relative to the build's folder; never with ".." or absolute */
	char *workspace;         /* "own"; SPEC_ATTEMPT: absolute path of what is copied; or NULL */
	int64_t timeout;         /* nanoseconds, 0 none */
	int64_t quiet_timeout;   /* the same, without output */
	struct spec_pair *labels;
	size_t nlabels;
	char *runner;
	char *stdin_text;        /* given to the job's standard input */
	bool split, pty;
	struct spec_param *params;
	size_t nparams;
	struct spec_param *secrets;
	size_t nsecrets;
	struct limits limits;
	/* the original's limits: so many CPUs and twice as many G; see spec_limits */
	int64_t size, memory, cpus;
	char *image;
	/* NULL-terminated: in place of what the image says, and behind it */
	char **cmd, **args, **entrypoint;
	size_t ncmd, nargs, nentrypoint;
	struct spec_mount *mounts;
	size_t nmounts;
	char *platform, *user, *pull, *arch;
	struct spec_server *services;
	size_t nservices;
	int *expose;             /* ports */
	size_t nexpose;
	bool staged;             /* SPEC_ATTEMPT: who gave the job has made the copy, and takes it away */
	char *network;           /* "none" or "host", or NULL: the default of the place */
	char *api;               /* inner: path of its own socket of the build's API, or NULL */
	bool replay;             /* SPEC_ATTEMPT: no job, but what prints the log of one, on host */
	int attempt;             /* SPEC_ATTEMPT: from 1 */
	/* the graph's keys */
	struct spec_wait *depends;
	size_t ndepends;
	int parallel;            /* so many jobs alike, 1 to SPEC_PARALLEL_LIMIT; 0: one without a number */
	struct value_retry retry;
	struct value_allow allow;
	int skip_code;           /* 0: none */
	bool blocked;
	/* what it is made from, all of it; NULL: nobody says */
	struct spec_inputs *inputs;
	char *toolchain;         /* what stands for the programs that it uses; NULL */
	/* files that outlive the job */
	struct spec_place *caches, *save_artifacts, *restore_artifacts;
	size_t ncaches, nsave_artifacts, nrestore_artifacts;
	/* raw JSON inside the line that was read: when and matrix are checked by mci-build, the others only
	 * written again */
	struct span when, matrix;
	struct span type;        /* SPEC_MONKEY: passed over */
	struct span *foreign;    /* SPEC_FILTERED: members for filters, with their keys */
	size_t nforeign;
};

/* Who serves a key. */
enum spec_service {
	SPEC_SERVED,   /* whatever runs the job */
	SPEC_MACHINE,  /* a runner that gives it; --runner host runs the job without it */
	SPEC_IN_PLACE, /* means nothing where the sources are the user's own: checked and left alone */
	SPEC_UNSERVED, /* nothing yet: an error, never ignored */
};

/* How YAML's plain scalars below a key are read. */
enum spec_plain {
	SPEC_PLAIN_TEXT,  /* as they stand; nothing at all is null */
	SPEC_PLAIN_VALUE, /* the same, but nothing is an empty text */
	SPEC_PLAIN_WORD,  /* by the core schema: true, 5, null */
};

/* Who else reads or writes a key. */
#define SPEC_ROW_GRAPH 1u    /* refused by mci-job, and so not written for it */
#define SPEC_ROW_BUILD 2u    /* not written for mci-job, which passes it over */
#define SPEC_ROW_ORIGINAL 4u /* only under .monkeyci */
#define SPEC_ROW_INNER 8u    /* only from mci-build to mci-job */

struct spec_row {
	struct span key;            /* as errors call it and specs are written: "depends-on" */
	const char *synonym;        /* accepted as well, or NULL */
	const char *original;       /* the same under .monkeyci only */
	const struct value_type *type;
	size_t offset, count;       /* of its field in struct spec, and of the number beside it, or 0 */
	/* What the type does not know; errors begin with what follows the key. NULL: nothing. */
	int (*check)(struct spec *s, const struct scan_value *v, unsigned flags, struct error *e);
	unsigned flags;             /* SPEC_ROW_... */
	enum spec_plain plain;
	const char *word;           /* a member below the key that is read as a word all the same, or NULL */
	enum spec_service service;
	const char *note;           /* behind the key: what becomes of it where it is not served */
};
extern const struct spec_row spec_rows[SPEC_NKEYS];

/* The row of a key as somebody wrote it, under these flags; NULL when there is none. */
const struct spec_row *spec_row_find(struct span written, unsigned flags);

/*
 * Reads one object. 0, or -1 with an error that names the field by its path ("script[2]: expected a
 * string, found a number") and suggests the nearest key for an unknown one. The spans point into line.
 */
int spec_read(struct spec *s, const char *line, size_t n, unsigned flags, struct error *e);
void spec_free(struct spec *s);
bool spec_has(const struct spec *s, enum spec_key key);
/* Says that a field was filled in, or emptied, by hand. */
void spec_set(struct spec *s, enum spec_key key, bool there);
/* A copy, freed by itself; its spans point where those of the other do. */
void spec_copy(struct spec *to, const struct spec *from);

/*
 * Holds what a spec asks for against what there is: 0, or -1 with an error that begins with the key. serves
 * has the bits of keys of SPEC_MACHINE that the runner gives. With host the job runs on this machine as it
 * is. What lets it pass without serving it is handed to note, which may be NULL.
 */
int spec_demands(const struct spec *s, bool host, uint64_t serves,
    void (*note)(void *arg, const struct spec_row *row), void *arg, struct error *e);
/* What the spec says of limits, by whatever keys. */
struct limits spec_limits(const struct spec *s);

/*
 * Writes the spec again as one normal line (with newline), values as they are now. With for_attempt what
 * only mci-build knows is left out, which is what mci-job reads.
 */
void spec_write(struct bytes *into, const struct spec *s, bool for_attempt);

#endif
