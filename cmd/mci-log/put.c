#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "call.h"
#include "logdir.h"
#include "duration.h"
#include "emit.h"
#include "kernel.h"
#include "logfile.h"
#include "memory.h"
#include "outage.h"
#include "spool.h"
#include "state.h"
#include "verbs.h"

/* How long a server is waited for that is to hear of a log that could not be written. */
#define PATIENCE (5 * SECOND)

struct options {
	const char *address, *dir, *full;
	int64_t attempt, cap;
	bool resume;
};

static const struct option options[] = {
	{ .letter = 'a', .name = "address", .value = "ADDRESS", .help = "the log server (default: $MCI_LOG)",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, address) },
	{ .name = "dir", .value = "DIR", .help = "a folder of logs, without a server",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, dir) },
	{ .name = "attempt", .value = "N", .help = "which attempt of the job this is",
	  .kind = OPTION_NUMBER, .offset = offsetof(struct options, attempt), .min = 1,
	  .max = INT32_MAX },
	{ .name = "cap", .value = "BYTES", .help = "store so many bytes and read the others away",
	  .kind = OPTION_NUMBER, .offset = offsetof(struct options, cap), .min = 1, .max = INT64_MAX },
	{ .name = "full", .value = "WHAT", .help = "what to do when the disk is full (stop)",
	  .kind = OPTION_CHOICE, .choices = "stop|drop", .offset = offsetof(struct options, full) },
	{ .name = "resume", .help = "go on with a log that was cut", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, resume) },
};

/* All of standard input; 0, or -1 when it must not go on. */
static int
copy(const struct put *p, struct logfile_writer *w, struct error *e)
{
	/* somebody may have made it non-blocking */
	struct pollfd input = { STDIN_FILENO, POLLIN, 0 };

	w->cap = p->cap;
	for (;;) {
		enum logfile_result got = logfile_drain(w, STDIN_FILENO, 0, 0, -1, e);

		if (got == LOGFILE_EOF)
			return 0;
		/* once the log has refused bytes the others are only counted */
		if (got == LOGFILE_ERROR && !(p->drop && w->dropped > 0))
			return -1;
		if (got == LOGFILE_MORE)
			poll(&input, 1, -1);
	}
}

/* Waits and says so until the server has stored and closed the log. */
static int
close_at(const struct put *p, struct error *e)
{
	AUTO_BYTES params = { 0 };
	struct outage o = { .address = p->address, .quiet = p->quiet };

	logname_open(&params, &p->name);
	bytes_char(&params, '}');
	return call_insist(p->address, "log/close", (struct span){ params.data, params.len },
	    &outage_events, &o, e);
}

/* Copies and ends the log in these files, which are taken over. What cannot be stored is told behind the
 * end, so that the log says where it was cut; a log without one says so too. */
static int
fill(const struct put *p, int log, int index, struct error *e)
{
	struct logfile_writer w;
	struct error after = { 0 };
	bool cut;
	int result;

	if (logfile_adopt(&w, log, index, p->name.job, e) < 0)
		return -1;
	result = copy(p, &w, e);
	spool_stop_reading();
	if (result < 0 && w.dropped == 0)
		w.dropped = 1;
	cut = w.dropped > 0;
	if (logfile_close(&w, &after) < 0 && !cut) {
		*e = after;
		result = -1;
	}
	return result;
}

/* Whether a link to there is one Unix socket. */
static bool
is_socket(const char *text)
{
	struct address a;
	bool socket;

	if (address_parse(&a, text, NULL) < 0)
		return false;
	socket = a.kind == ADDRESS_UNIX;
	address_free(&a);
	return socket;
}

static int
put_server(struct put *p, struct error *e)
{
	AUTO_BYTES params = { 0 };
	AUTO_BYTES ended = { 0 };
	int fds[2], nfds = 2;

	if (!is_socket(p->address))
		return spool_run(p, e);
	logname_open(&params, &p->name);
	emit_bool(&params, "resume", p->resume);
	emit_bool(&params, "files", true);
	bytes_char(&params, '}');
	if (call_fds(p->address, "log/open", (struct span){ params.data, params.len }, -1, NULL, fds,
	    &nfds, e) < 0)
		return -1;
	if (nfds != 2) {
		/* somebody between us and the server passes lines only */
		p->resume = true;
		return spool_run(p, e);
	}
	if (fill(p, fds[0], fds[1], e) == 0)
		return close_at(p, e);
	/* the server ends a log whose writer is gone; it is only asked to do so now */
	logname_open(&ended, &p->name);
	emit_bool(&ended, "truncated", true);
	bytes_char(&ended, '}');
	(void)call_once(p->address, "log/close", (struct span){ ended.data, ended.len }, PATIENCE, NULL,
	    NULL);
	return -1;
}

static int
put_folder(struct put *p, const char *dir, struct error *e)
{
	struct logdir logdir;
	struct logdir_files f;
	int result;

	if (logdir_open(&logdir, dir, true, false, e) < 0)
		return -1;
	if (p->name.run == 0)
		p->name.run = logdir_newest(&logdir, p->name.build);
	result = logdir_admits(&logdir, &p->name, e);
	if (result == 0)
		result = logdir_write(&logdir, &p->name, p->resume, &f, e);
	if (result == 0)
		result = fill(p, f.log, f.index, e);
	logdir_close(&logdir);
	return result;
}

/* BUILD/JOB as people write it for the builds of a folder: with the folder they are in. */
static int
local_name(struct put *p, const char *text, char **dir, struct error *e)
{
	AUTO_FREE char *project = state_project(".");
	AUTO_FREE char *job = NULL;
	struct state_build b;
	int result = -1;

	if (project == NULL)
		project = realpath(".", NULL);
	if (state_job_find(&b, &job, text, project, e) < 0)
		return -1;
	*dir = state_builds(e);
	if (*dir != NULL && job == NULL)
		error_set(e, ERROR_USAGE, "'%s': expected BUILD/JOB", text);
	else if (*dir != NULL)
		result = logname_set(&p->name, b.name, 0, job, 0, e);
	state_build_free(&b);
	return result;
}

static int
put(const struct options *o, const char *text, struct error *e)
{
	const char *known = o->dir != NULL ? NULL : o->address != NULL ? o->address : getenv("MCI_LOG");
	struct put p = { .address = known, .cap = o->cap, .resume = o->resume, .quiet = option_common.quiet,
		.drop = o->full != NULL && strcmp(o->full, "drop") == 0 };
	AUTO_FREE char *dir = o->dir == NULL ? NULL : xstrdup(o->dir);
	int result;

	if (dir == NULL && p.address == NULL)
		result = local_name(&p, text, &dir, e);
	else
		result = logname_parse(&p.name, text, e);
	if (result == 0 && p.name.job == NULL)
		result = error_set(e, ERROR_USAGE, "'%s': expected BUILD/JOB", text);
	if (result == 0 && o->attempt > 0)
		p.name.attempt = (int)o->attempt;
	if (result == 0 && p.name.attempt == 0)
		p.name.attempt = 1;
	if (result == 0)
		result = p.address != NULL ? put_server(&p, e) : put_folder(&p, dir, e);
	logname_free(&p.name);
	return result;
}

static int
run(void *arg, int argc, char **argv)
{
	struct error e;

	(void)argc;
	if (put(arg, argv[0], &e) == 0)
		return 0;
	option_complain(PROGRAM, &e);
	return error_status(&e);
}

const struct command log_put_command = {
	.program = PROGRAM, .verb = "put", .operands = "BUILD/JOB",
	.summary = "store standard input as a job's log", .options = options,
	.noptions = sizeof(options) / sizeof(options[0]), .min_operands = 1, .max_operands = 1,
	.complete = "jobs", .run = run, .size = sizeof(struct options),
};
