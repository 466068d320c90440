/*
 * workspace: the places of a build: its state folder, after which it is named, the folder of its jobs'
 * logs, and where it works: the project, or a clean checkout of it.
 */
#ifndef MCI_BUILD_WORKSPACE_H
#define MCI_BUILD_WORKSPACE_H

#include "error.h"
#include "identity.h"
#include "order.h"
#include "state.h"

struct workspace {
	struct state_build folder; /* locked as long as a part of the build lives */
	struct identity identity;
	char *logs;     /* the folder of the jobs' logs */
	char *dir;      /* the folder that jobs run in; NULL: there is none yet */
	char *checkout; /* a clean one, removed at the end; NULL in place */
	char *own, *own_inside; /* a copy for jobs with a workspace of their own, and where in it what is
	                         * built stands; NULL: none was made */
	bool ordered;   /* who ordered the build looks after its folder */
};

void workspace_init(struct workspace *w);
/* Gives the build its number and its folder. log_dir: where the logs go instead, or NULL. 0 or -1. */
int workspace_open(struct workspace *w, const char *project, const char *log_dir, struct error *e);
/* The folder is the order's, made if it is not there. Its lock is tried: 1, 0 a part of the run before
 * still lives (try again), -1. */
int workspace_take(struct workspace *w, const struct order *order, struct error *e);
/* The same of a build that is in the folder, and was killed. */
int workspace_resume(struct workspace *w, const char *folder, struct error *e);
/* Its run (from 2 on) begins; log_dir as in workspace_open. 0 or -1. */
int workspace_go_on(struct workspace *w, int run, const char *log_dir, struct error *e);
/* It works in the folder itself. */
void workspace_enter(struct workspace *w, const char *project);
/* It works in a checkout that a run before has made; dir is the folder in it that stands for the
 * project. */
void workspace_return(struct workspace *w, const char *dir);
/* It works in a clean checkout of rev, or, when that is NULL, of what is staged. What is missing there is
 * told to note. 0 or -1. */
int workspace_check_out(struct workspace *w, const char *project, const char *rev,
    void (*note)(void *arg, const char *text), void *arg, struct error *e);
/* Makes the copy from which jobs get a workspace of their own, when there is none yet. Blocks. 0 or -1. */
int workspace_copy(struct workspace *w, struct error *e);
/* Removes the checkout and copies, and from time to time, what older builds of the folder have left. */
void workspace_close(struct workspace *w);

#endif
