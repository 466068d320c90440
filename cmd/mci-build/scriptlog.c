#include "scriptlog.h"

#include <fcntl.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"

#define BUDGET (1024 * 1024) /* moved before the loop looks at others */

static void
pipe_end(struct scriptlog *l)
{
	loop_forget(l->loop, l->pipe);
	close(l->pipe);
	l->pipe = -1;
}

/* When the file cannot be written the script goes on; the log's index says that bytes are missing. */
static void
drain(struct scriptlog *l, int64_t budget)
{
	enum logfile_result got = LOGFILE_ERROR;

	while (got == LOGFILE_ERROR) {
		got = logfile_drain(&l->log, l->pipe, 0, budget, -1, NULL);
		if (got == LOGFILE_EOF)
			pipe_end(l);
	}
}

static void
ready(void *arg, uint32_t events)
{
	(void)events;
	drain(arg, BUDGET);
}

/* What comes out of a pipe goes into the log; the other end. */
static int
pipe_open(struct scriptlog *l, struct error *e)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_sys(e, "pipe");
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	if (loop_watch(l->loop, ends[0], EPOLLIN, ready, l, e) < 0) {
		close(ends[0]);
		close(ends[1]);
		return -1;
	}
	l->pipe = ends[0];
	return ends[1];
}

static int
masked_open(struct scriptlog *l, const char *folder, int run, struct mask *mask, struct error *e)
{
	l->dir = kernel.open(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY, 0);
	if (l->dir < 0)
		return error_sys(e, "%s", folder);
	if (logfile_open(&l->log, l->dir, "script", run, e) < 0)
		return -1;
	l->log.mask = mask;
	return pipe_open(l, e);
}

int
scriptlog_open(struct scriptlog *l, const char *folder, int run, struct mask *mask,
    struct loop *loop, struct error *e)
{
	AUTO_BYTES path = { 0 };
	int fd;

	*l = (struct scriptlog){ .loop = loop, .pipe = -1, .dir = -1, .log.fd = -1, .log.index = -1 };
	if (!mask_empty(mask))
		return masked_open(l, folder, run, mask, e);
	bytes_format(&path, "%s/", folder);
	logfile_name(&path, "script", run, "log");
	fd = kernel.open(AT_FDCWD, bytes_string(&path), O_WRONLY | O_CREAT | O_APPEND, 0666);
	return fd < 0 ? error_sys(e, "%s", path.data) : fd;
}

static void
log_opened(void *arg, const int fds[2], const struct error *why)
{
	struct scriptlog *l = arg;
	struct mask *mask = l->log.mask;
	struct error e = *why;
	int fd = -1;

	l->asked = NULL;
	if (e.code == ERROR_NONE && logfile_adopt(&l->log, fds[0], fds[1], "script", &e) == 0) {
		l->log.mask = mask;
		fd = pipe_open(l, &e);
	}
	l->opened(l->arg, fd, &e);
}

int
scriptlog_ask(struct scriptlog *l, struct logservice *service, struct mask *mask, struct loop *loop,
    void (*opened)(void *arg, int fd, struct error *e), void *arg, struct error *e)
{
	*l = (struct scriptlog){ .loop = loop, .pipe = -1, .dir = -1, .service = service,
		.opened = opened, .arg = arg, .log = { .fd = -1, .index = -1, .mask = mask } };
	l->asked = logservice_open(service, NULL, 1, log_opened, l, e);
	return l->asked == NULL ? -1 : 0;
}

static void
log_stored(void *arg, const struct error *why)
{
	struct scriptlog *l = arg;

	l->asked = NULL;
	l->stored(l->arg, why);
}

/* Of what is in the pipe, and in the log. */
static void
end(struct scriptlog *l, struct error *e)
{
	scriptlog_drain(l);
	if (l->pipe >= 0)
		pipe_end(l);
	if (l->log.name != NULL)
		logfile_close(&l->log, e);
}

void
scriptlog_store(struct scriptlog *l, void (*stored)(void *arg, const struct error *e))
{
	if (l->service == NULL || l->log.name == NULL) {
		scriptlog_drain(l);
		return;
	}
	end(l, NULL);
	l->stored = stored;
	l->asked = logservice_close(l->service, NULL, 1, log_stored, l);
}

bool
scriptlog_asks(const struct scriptlog *l)
{
	return l->asked != NULL;
}

void
scriptlog_drain(struct scriptlog *l)
{
	if (l->pipe >= 0)
		drain(l, BUDGET);
}

void
scriptlog_close(struct scriptlog *l)
{
	if (l->asked != NULL)
		logservice_cancel(l->asked);
	l->asked = NULL;
	end(l, NULL);
	if (l->dir >= 0)
		close(l->dir);
	l->dir = -1;
}
