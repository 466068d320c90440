#include "pump.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"

/* Read at once where the kernel cannot copy. */
#define CHUNK (64 * 1024)
/* Copied in one call where nobody waits for a turn. */
#define COPY_STEP (16 * 1024 * 1024)

/* After a call that gave nothing. */
static void
refused(struct pump *p)
{
	if (errno == EINTR)
		return;
	if (errno == EAGAIN || errno == EWOULDBLOCK) {
		p->blocked = true;
		return;
	}
	p->left = true;
	p->sys = errno;
}

static int
target(const struct pump *p)
{
	return p->own >= 0 ? p->own : p->to;
}

/* Whether a write waits when there is no room: a pipe or device that others share. */
static bool
may_wait(const struct pump *p)
{
	return (p->flags & PUMP_SHARED) != 0 && p->own < 0 &&
	    (p->kind == PUMP_TO_PIPE || p->kind == PUMP_TO_DEVICE);
}

/* What such a one takes at once, when it polls as writable: PIPE_BUF bytes. */
static ssize_t
write_little(const struct pump *p, const struct iovec *run)
{
	struct pollfd poller = { .fd = p->to, .events = POLLOUT };

	if (poll(&poller, 1, 0) > 0)
		return kernel.write(
		    p->to, run->iov_base, run->iov_len < PIPE_BUF ? run->iov_len : PIPE_BUF);
	errno = EAGAIN;
	return -1;
}

static size_t
size_of(const struct iovec *runs, size_t n)
{
	size_t size = 0;

	for (size_t i = 0; i < n; i++)
		size += runs[i].iov_len;
	return size;
}

/* Of runs in memory, as they are. */
static size_t
write_runs(struct pump *p, struct iovec *runs, size_t n)
{
	struct msghdr m = { .msg_iov = runs, .msg_iovlen = n };
	ssize_t done;

	if (may_wait(p))
		done = write_little(p, runs);
	else if (p->kind == PUMP_TO_SOCKET)
		done = sendmsg(p->to, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	else
		done = kernel.writev(target(p), runs, (int)n);
	if (done < 0)
		refused(p);
	/* it is full: asking once more would only hear of it */
	else if ((p->kind == PUMP_TO_SOCKET || p->kind == PUMP_TO_PIPE) && !may_wait(p))
		p->blocked = (size_t)done < size_of(runs, n);
	return done < 0 ? 0 : (size_t)done;
}

/* A terminal: what was made safe for it. */
static void
show(struct pump *p)
{
	struct iovec run = { p->shown.data, p->shown.len };

	bytes_drop(&p->shown, write_runs(p, &run, 1));
}

size_t
pump_runs(struct pump *p, struct iovec *runs, size_t n)
{
	size_t size;

	if (p->terminal) {
		for (size_t i = 0; i < n; i++)
			safe_add(&p->safe, &p->shown, runs[i].iov_base, runs[i].iov_len);
		size = size_of(runs, n);
	} else {
		size = write_runs(p, runs, n);
	}
	p->turn -= (int64_t)size;
	return size;
}

size_t
pump_bytes(struct pump *p, const void *from, size_t n)
{
	struct iovec run = { (void *)(uintptr_t)from, n };

	return pump_runs(p, &run, 1);
}

void
pump_spend(struct pump *p, int64_t n)
{
	p->turn -= n;
}

int
pump_say(struct pump *p, struct span record)
{
	return pump_bytes(p, record.p, record.n) == record.n ? 0 : -1;
}

static void
too_short(struct pump *p, int sys)
{
	p->failed = true;
	p->sys = sys;
}

/* Through memory. */
static size_t
copy(struct pump *p, int file, int64_t at, size_t n)
{
	char buffer[CHUNK];
	ssize_t got = kernel.pread(file, buffer, n < sizeof(buffer) ? n : sizeof(buffer), at);

	if (got > 0)
		return pump_bytes(p, buffer, (size_t)got);
	if (got == 0 || errno != EINTR)
		too_short(p, got == 0 ? EIO : errno);
	return 0;
}

/*
 * The file's own pages go into the pipe or socket. splice(2) waits for no pipe that is told not to,
 * whoever shares it; sendfile(2) does as the open file says.
 */
static ssize_t
pass(const struct pump *p, int file, int64_t at, size_t n)
{
	off_t from = at;

	return p->kind == PUMP_TO_PIPE ? splice(file, &from, p->to, NULL, n, SPLICE_F_NONBLOCK) :
					 sendfile(p->to, file, &from, n);
}

size_t
pump_file(struct pump *p, int file, int64_t at, size_t n)
{
	ssize_t done;

	if (n > PUMP_TURN)
		n = PUMP_TURN;
	if (p->kind != PUMP_TO_PIPE && (p->kind != PUMP_TO_SOCKET || (p->flags & PUMP_SHARED) != 0))
		return copy(p, file, at, n);
	done = pass(p, file, at, n);
	if (done < 0 && errno == EINVAL) /* a file system without splice */
		return copy(p, file, at, n);
	if (done < 0)
		refused(p);
	if (done == 0)
		too_short(p, EIO);
	if (done <= 0)
		return 0;
	p->turn -= done;
	return (size_t)done;
}

/* Regular files share their blocks where the file system can. */
static ssize_t
pass_all(int file, int64_t *at, size_t n, int to, bool regular)
{
	ssize_t done = regular ? copy_file_range(file, at, to, NULL, n, 0) : -1;

	/* appending, across file systems, or no regular file */
	return done < 0 && (!regular || (errno != ENOSPC && errno != EIO)) ? sendfile(to, file, at, n) : done;
}

static ssize_t
copy_all(int file, int64_t *at, size_t n, int to)
{
	char buffer[CHUNK];
	ssize_t got = kernel.pread(file, buffer, n < sizeof(buffer) ? n : sizeof(buffer), *at);

	if (got <= 0)
		return got;
	*at += got;
	return kernel_write_all(to, buffer, (size_t)got) < 0 ? -1 : got;
}

int
pump_copy(int file, int64_t *at, int64_t n, int to)
{
	int64_t end = n < INT64_MAX - *at ? *at + n : INT64_MAX;
	struct stat st;
	bool regular = fstat(to, &st) == 0 && S_ISREG(st.st_mode);
	ssize_t done;

	for (bool by_kernel = true; *at < end;) {
		size_t size = end - *at < COPY_STEP ? (size_t)(end - *at) : COPY_STEP;

		done = by_kernel ? pass_all(file, at, size, to, regular) : copy_all(file, at, size, to);
		if (done == 0)
			break;
		if (done > 0 || errno == EINTR)
			continue;
		if (errno == EAGAIN)
			kernel_await(to, POLLOUT);
		else if (by_kernel && (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP ||
		    errno == EXDEV || errno == EBADF))
			by_kernel = false;
		else
			return -1;
	}
	return 0;
}

static void ready(void *arg, uint32_t events);

static void
again(void *arg)
{
	struct pump *p = arg;

	p->again = NULL;
	ready(p, EPOLLOUT);
}

static int
watch(struct pump *p, uint32_t events)
{
	struct error e;

	if (p->watched && p->events != events)
		loop_change(p->loop, p->to, events);
	if (!p->watched && loop_watch(p->loop, p->to, events, ready, p, &e) < 0) {
		/* regular files and some devices: they are always ready */
		p->unwatchable = e.sys == EPERM;
		errno = e.sys;
		return p->unwatchable ? 0 : -1;
	}
	p->watched = true;
	p->events = events;
	return 0;
}

/* Asks the loop for what is of interest: room, when there is more, and else only that the reader
 * leaves. -1 and errno. */
static int
settle(struct pump *p, bool more)
{
	int result = 0;

	p->blocked = more;
	if (!p->unwatchable && (more || (p->flags & PUMP_WATCHES) != 0)) {
		result = watch(p, more ? EPOLLOUT : 0);
	} else if (p->watched) {
		loop_forget(p->loop, p->to);
		p->watched = false;
	}
	if (more && p->unwatchable && p->again == NULL)
		p->again = loop_after(p->loop, 0, again, p);
	return result;
}

static bool
goes(const struct pump *p)
{
	return !p->blocked && !p->left && !p->failed;
}

void
pump_serve(struct pump *p)
{
	enum pump_step step = PUMP_WENT;

	if (p->blocked)
		return;
	p->turn = PUMP_TURN;
	while (step == PUMP_WENT && goes(p) && p->turn > 0) {
		if (p->shown.len > 0)
			show(p);
		else
			step = p->source->step(p->arg);
	}
	if (!p->left && !p->failed && step <= PUMP_WAITS &&
	    settle(p, step == PUMP_WENT || p->blocked) < 0) {
		p->left = true;
		p->sys = errno;
	}
	if (p->left)
		p->source->over(p->arg, PUMP_LEFT, p->sys);
	else if (p->failed || step == PUMP_FAILS)
		p->source->over(p->arg, PUMP_FAILED, p->sys);
	else if (step == PUMP_ENDS)
		p->source->over(p->arg, PUMP_ENDED, 0);
	else if (p->source->served != NULL)
		p->source->served(p->arg);
}

/* A hang-up is told whether it is asked for or not: that is how leaving is noticed while we are
 * silent. */
static void
ready(void *arg, uint32_t events)
{
	struct pump *p = arg;

	if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
		p->source->over(p->arg, PUMP_LEFT, 0);
		return;
	}
	p->blocked = false;
	pump_serve(p);
}

void
pump_wake(struct pump *p)
{
	if (!p->blocked && settle(p, true) < 0) {
		/* the loop cannot watch it: it hears so from a timer */
		p->left = true;
		p->sys = errno;
		if (p->again == NULL)
			p->again = loop_after(p->loop, 0, again, p);
	}
}

int
pump_open(struct pump *p, struct loop *loop, int to, unsigned flags,
    const struct pump_source *source, void *arg, struct error *e)
{
	struct stat st;

	*p = (struct pump){
		.loop = loop, .to = to, .flags = flags, .source = source, .arg = arg, .own = -1
	};
	if (fstat(to, &st) < 0)
		return error_sys(e, "descriptor %d", to);
	p->kind = S_ISSOCK(st.st_mode) ? PUMP_TO_SOCKET :
	    S_ISFIFO(st.st_mode)       ? PUMP_TO_PIPE :
	    S_ISREG(st.st_mode)        ? PUMP_TO_FILE :
					 PUMP_TO_DEVICE;
	p->terminal = p->kind == PUMP_TO_DEVICE && isatty(to) == 1;
	signal(SIGPIPE, SIG_IGN);
	if (settle(p, false) < 0)
		return error_sys(e, "descriptor %d", to);
	/* whether a terminal takes all of a write cannot be asked */
	if (p->kind == PUMP_TO_DEVICE)
		p->own = kernel_own(to, O_WRONLY);
	return 0;
}

static void
take_out(struct pump *p)
{
	if (p->list == NULL)
		return;
	if (p->list->turn == p)
		p->list->turn = p->next;
	*p->at = p->next;
	if (p->next != NULL)
		p->next->at = p->at;
	p->list->n--;
	p->list = NULL;
}

void
pump_close(struct pump *p)
{
	if (p->loop == NULL)
		return;
	take_out(p);
	if (p->watched)
		loop_forget(p->loop, p->to);
	loop_cancel(p->loop, p->again);
	if (p->own >= 0)
		close(p->own);
	if ((p->flags & PUMP_OWNS) != 0)
		close(p->to);
	bytes_free(&p->shown);
	*p = (struct pump){ 0 };
}

void
pump_list_add(struct pump_list *l, struct pump *p)
{
	take_out(p);
	p->list = l;
	p->next = l->all;
	p->at = &l->all;
	if (p->next != NULL)
		p->next->at = &p->next;
	l->all = p;
	l->n++;
}

void
pump_list_begin(struct pump_list *l)
{
	l->turn = l->all;
}

bool
pump_list_go(struct pump_list *l, size_t n)
{
	bool nested = l->serving;

	l->serving = true;
	for (; n > 0 && l->turn != NULL; n--) {
		struct pump *p = l->turn;

		l->turn = p->next;
		pump_serve(p);
	}
	l->serving = nested;
	return l->turn != NULL;
}

void
pump_list_serve(struct pump_list *l)
{
	pump_list_begin(l);
	(void)pump_list_go(l, SIZE_MAX);
}
