/*
 * state: where builds are kept and how they are named. A build is a folder
 *   $XDG_STATE_HOME/mci/builds/ORG/REPO/N     (ORG is "local" for builds of a folder)
 * with events.ndjson, plan.ndjson, command.json (how it was asked for), script.log, logs/, and control
 * (the path of its control socket).
 * Beside the numbers: "project" (absolute path of the folder it builds), "latest" (a link to the newest).
 */
#ifndef MCI_STATE_H
#define MCI_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"

/* $XDG_STATE_HOME/mci/builds, else ~/.local/state/mci/builds. Not created. Caller frees. */
char *state_builds(struct error *e);
/* The nearest folder upward from dir that holds .mci or .monkeyci, not past the top of the git work tree
 * (or /); NULL when none. Caller frees. */
char *state_project(const char *dir);

struct state_build {
	char *name;    /* "local/zlib/7" */
	char *path;    /* its folder */
	long number;
	int lock;      /* descriptor of the folder with an exclusive flock, or -1 */
	int64_t made;  /* when it began, in a list of all repos; else 0 */
};

/* Makes the next build folder of a project: a number by mkdir, the lock, logs/ inside, "latest". The
 * name is local/<base name>, with -<hash of the path> when another folder has that name. 0 or -1. */
int state_build_new(struct state_build *b, const char *project, struct error *e);
void state_build_free(struct state_build *b);

/*
 * Finds a build by what a user writes: local/DIR/N, ORG/REPO/N, N (of project), @ (the latest there),
 * @~N (N before it), @failed (the latest that failed), or the path of a build folder or of its
 * events.ndjson. project may be NULL. Fills name, path, number; takes no lock. ERROR_NOT_FOUND.
 */
int state_build_find(struct state_build *b, const char *text, const char *project, struct error *e);
/* The same with "/JOB" behind it; *job is NULL when there is none, else the caller frees it. */
int state_job_find(struct state_build *b, char **job, const char *text, const char *project,
    struct error *e);

/* The same for what is looked at: one word is a job of the latest build of project when that has one of
 * this name and the word is no build's number; a path of that name is written with ./ in front. */
int state_job_meant(struct state_build *b, char **job, const char *text, const char *project,
    struct error *e);

/* Builds, newest first. repo is "local/zlib" or NULL for those of all. -1 when a folder cannot be read;
 * what can be is in the list all the same, which the caller frees in either case. */
struct state_list {
	struct state_build *builds;
	size_t n;
};
int state_list_read(struct state_list *l, const char *repo, struct error *e);
void state_list_free(struct state_list *l);
/* "local/zlib" for a project folder that has had a build; NULL with ERROR_NOT_FOUND when it has none.
 * Caller frees. */
char *state_repo(const char *project, struct error *e);

/* Whether a process holds the build's lock: it is running. */
bool state_build_running(const struct state_build *b);

#endif
