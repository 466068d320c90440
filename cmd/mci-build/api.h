/*
 * api: the build's sockets. The API at $MCI_BUILD is for its jobs and its script: params, outputs, new jobs,
 * events. Those on the host share one; any other has its own, and is known by it.
 * The control socket, whose path is in the build folder, takes cancel and unblock from people.
 */
#ifndef MCI_BUILD_API_H
#define MCI_BUILD_API_H

#include "additions.h"
#include "filecalls.h"
#include "graph.h"
#include "intake.h"
#include "journal.h"
#include "loop.h"
#include "mask.h"
#include "outcome.h"
#include "params.h"
#include "posted.h"
#include "runner.h"
#include "schedule.h"
#include "scratch.h"
#include "turn.h"
#include "workspace.h"

/* A socket for one job, or for the script. */
struct api_door;

struct api {
	/* the caller's */
	struct loop *loop;
	struct outcome *outcome;
	const struct workspace *workspace;
	const struct turn *turn;
	struct mask *mask;
	struct params *params;
	struct journal *journal;
	struct graph *graph;
	struct runner *runner;
	struct filecalls *files;
	struct schedule *schedule;
	struct intake *intake;
	const struct posted *posted;
	struct additions *additions;
	/* the room's */
	struct server *jobs, *control;
	struct scratch sockets; /* the folder of the two */
	char *path, *control_path;
	const char *asks;       /* who asks here, where that is known: a job's id; else NULL */
	bool script;            /* the script does, or a filter: neither is a job */
	struct api_door *doors;
	unsigned last_door;
};

/* Listens; path is where jobs reach it. 0 or -1. */
int api_open(struct api *a, struct error *e);
void api_close(struct api *a);
/* A socket for this job alone, by which it is known: its path, until it is closed; NULL with an error. job
 * NULL: for the script and the filters, until api_close. */
const char *api_door_open(struct api *a, const char *job, struct error *e);
void api_door_close(struct api *a, const char *job);

#endif
