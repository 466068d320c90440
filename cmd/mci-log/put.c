/* put: standard input as a job's log: into a folder, to a server's files, or over a link. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "call.h"
#include "client.h"
#include "connect.h"
#include "duration.h"
#include "emit.h"
#include "kernel.h"
#include "logdir.h"
#include "logfile.h"
#include "logsend.h"
#include "loop.h"
#include "memory.h"
#include "remote.h"
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

/* What mci-log put was asked to do. */
struct put {
	struct logname name;
	const char *address; /* of a server, or NULL */
	int64_t cap;         /* bytes to store at most, 0: no bound */
	bool resume;         /* go on with what is there */
	bool drop;           /* go on reading when the disk is full */
	bool quiet;
};

/*
 * The spool: standard input goes to a nameless file at once, from which it is sent (logsend.h), and given
 * back to the disk when it is stored.
 */
#define PIECE (256 * 1024)           /* read at once */
#define GIVE_BACK (16 * 1024 * 1024) /* stored bytes that the file may still hold */

struct spool {
	const struct put *put;
	struct loop *loop;
	struct client *client;
	struct logsend *send;
	struct logfile_writer writer;
	int log, index;           /* our own, for reading */
	int64_t given_back;       /* bytes of the file that are a hole now */
	bool file;                /* standard input is always ready */
	bool eof, stopped;        /* nothing more comes; stopped: because of a full disk */
	struct outage outage;
	struct bytes buffer;      /* one piece */
	struct error why, *e;     /* why is of a disk that was full */
	int result;
};

static void
spool_stored(void *arg, int64_t n)
{
	struct spool *s = arg;
	int64_t more = n - s->given_back;

	if (more < GIVE_BACK)
		return;
	/* it is only room that is lost when this fails */
	(void)fallocate(s->writer.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, s->given_back, more);
	s->given_back = n;
}

static void
spool_outage(void *arg, const struct error *why)
{
	struct spool *s = arg;

	outage_told(&s->outage, why);
}

static void
spool_over(void *arg, const struct error *why)
{
	struct spool *s = arg;

	s->result = why->code == ERROR_NONE ? 0 : -1;
	if (s->result < 0)
		*s->e = *why;
	loop_stop(s->loop, 0);
}

/* One read, which does not wait: standard input is shared with others and stays blocking. */
static enum logfile_result
take_input(struct spool *s)
{
	ssize_t got = kernel.read(STDIN_FILENO, s->buffer.data, PIECE);

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return LOGFILE_MORE;
	if (got == 0)
		return LOGFILE_EOF;
	if (got < 0) {
		error_sys(&s->why, "read standard input");
		return LOGFILE_ERROR;
	}
	if (logfile_write(&s->writer, s->buffer.data, (size_t)got, 0, &s->why) == 0 || s->put->drop)
		return LOGFILE_MORE;
	return LOGFILE_ERROR;
}

/* Whoever writes to standard input gets a broken pipe from now on, while what was read is seen to. */
static void
stop_reading(void)
{
	AUTO_CLOSE int null = kernel.open(AT_FDCWD, "/dev/null", O_RDONLY, 0);

	if (null >= 0)
		dup2(null, STDIN_FILENO);
}

static void
input_ready(void *arg, uint32_t events)
{
	struct spool *s = arg;
	enum logfile_result got = take_input(s);

	(void)events;
	if (got != LOGFILE_MORE) {
		s->eof = true;
		s->stopped = got == LOGFILE_ERROR;
		if (!s->file)
			loop_forget(s->loop, STDIN_FILENO);
		stop_reading();
		/* so that the times of the last pieces are known */
		(void)logfile_flush(&s->writer, NULL);
		logsend_finish(s->send, s->writer.dropped > 0 || s->stopped);
	} else {
		logsend_feed(s->send);
	}
}

static void
input_turn(void *arg)
{
	struct spool *s = arg;

	input_ready(s, 0);
	if (!s->eof)
		loop_after(s->loop, 0, input_turn, s);
}

/* A log and its index without names. */
static int
files_open(struct spool *s, struct error *e)
{
	const char *folder = getenv("TMPDIR");
	int fds[2] = { -1, -1 };

	if (folder == NULL || folder[0] == '\0')
		folder = "/tmp";
	for (int i = 0; i < 2; i++) {
		AUTO_FREE char *self = NULL;

		fds[i] = kernel.open(AT_FDCWD, folder, O_TMPFILE | O_RDWR | O_APPEND, 0600);
		if (fds[i] < 0) {
			error_sys(e, "spool in %s", folder);
			memory_close(&fds[0]);
			return -1;
		}
		self = xformat("/proc/self/fd/%d", fds[i]);
		*(i == 0 ? &s->log : &s->index) = kernel.open(AT_FDCWD, self, O_RDONLY, 0);
	}
	return logfile_adopt(&s->writer, fds[0], fds[1], "spool", e);
}

static int
spool_fill(struct spool *s, struct error *e)
{
	static const struct logsend_events events = { .stored = spool_stored, .outage = spool_outage,
		.over = spool_over };
	AUTO_BYTES name = { 0 };

	s->client = client_open(s->loop, s->put->address, NULL, NULL, e);
	if (s->client == NULL || files_open(s, e) < 0)
		return -1;
	s->writer.cap = s->put->cap;
	logname_open(&name, &s->put->name);
	s->send = logsend_new(s->loop, &(struct logsend_wish){ .client = s->client,
		.name = { name.data + 1, name.len - 1 }, .log = s->log, .index = s->index,
		.resume = s->put->resume }, &events, s);
	if (loop_watch(s->loop, STDIN_FILENO, EPOLLIN, input_ready, s, NULL) < 0) {
		s->file = true;
		loop_after(s->loop, 0, input_turn, s);
	}
	if (loop_run(s->loop, e) < 0)
		return -1;
	if (s->result == 0 && s->stopped) {
		*e = s->why;
		return -1;
	}
	return s->result;
}

/* Runs until the log is stored and closed. When the first connect fails it does not wait: -1 with
 * ERROR_DISCONNECTED. 0 or -1. */
static int
spool_run(const struct put *p, struct error *e)
{
	struct spool s = { .put = p, .loop = loop_new(e), .log = -1, .index = -1, .e = e,
		.writer = { .fd = -1, .index = -1 },
		.outage = { .address = p->address, .quiet = p->quiet } };
	int result = -1;

	if (s.loop == NULL)
		return -1;
	bytes_reserve(&s.buffer, PIECE);
	result = spool_fill(&s, e);
	logsend_free(s.send);
	client_close(s.client);
	connect_reap(s.loop);
	logfile_leave(&s.writer);
	memory_close(&s.log);
	memory_close(&s.index);
	bytes_free(&s.buffer);
	loop_free(s.loop);
	return result;
}

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
	stop_reading();
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
	struct outage o = { .address = p->address, .quiet = p->quiet };
	int fds[2], nfds = 2, result;

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
	result = fill(p, fds[0], fds[1], e);
	logname_open(&ended, &p->name);
	if (result < 0)
		emit_bool(&ended, "truncated", true);
	bytes_char(&ended, '}');
	/* waits and says so until the server has stored and closed the log */
	if (result == 0)
		return call_insist(p->address, "log/close", (struct span){ ended.data, ended.len },
		    &outage_events, &o, e);
	/* the server ends a log whose writer is gone; it is only asked to do so now */
	(void)call_once(p->address, "log/close", (struct span){ ended.data, ended.len }, PATIENCE, NULL,
	    NULL);
	return -1;
}

static int
put_folder(struct put *p, const char *dir, struct error *e)
{
	struct logdir logdir;
	struct stored f;
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
