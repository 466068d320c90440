#include "house.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "budget.h"
#include "handed.h"
#include "kernel.h"
#include "lifeline.h"
#include "memory.h"
#include "option.h"
#include "thread.h"

#define PROGRAM "mci-single"
#define FATAL 125

static void start_next(struct house *h);

static const char *
service_of(const struct house_member *m)
{
	return m->entry->program->service;
}

bool
house_runs(const struct house *h)
{
	for (size_t i = 0; i < h->n; i++) {
		if (h->members[i].runs)
			return true;
	}
	return false;
}

/* ---- how it ends */

static void
fail(struct house *h, const struct error *e)
{
	option_complain(PROGRAM, e);
	h->status = FATAL;
	loop_stop(h->loop, FATAL);
}

/* The last one that still runs ends; when there is none, all have. */
static void
stop_next(struct house *h)
{
	for (size_t i = h->n; i-- > 0;) {
		if (h->members[i].runs) {
			memory_close(&h->members[i].stop);
			return;
		}
	}
	loop_stop(h->loop, h->status);
}

static void
stop(void *arg)
{
	struct house *h = arg;

	if (h->stopping)
		return;
	h->stopping = true;
	stop_next(h);
}

static void
told_to_stop(void *arg, const struct signalfd_siginfo *info)
{
	(void)info;
	serve_hurry(true);
	stop(arg);
}

static void
close_ends(struct house_member *m)
{
	if (m->ready >= 0)
		loop_forget(m->house->loop, m->ready);
	if (m->ended >= 0)
		loop_forget(m->house->loop, m->ended);
	memory_close(&m->stop);
	memory_close(&m->ready);
	memory_close(&m->ended);
	/* of the others the thread has closed its own */
	memory_close(&m->theirs[0]);
}

/* A member's thread is over. Of itself none ends well. */
static void
ended(void *arg, uint32_t events)
{
	struct house_member *m = arg;
	struct house *h = m->house;
	struct error e;

	(void)events;
	pthread_join(m->thread, NULL);
	m->runs = false;
	close_ends(m);
	if (!h->stopping) {
		error_set(&e, ERROR_SYSTEM, "%s has ended with %d, and so do all others",
		    m->entry->program->name, m->status);
		fail(h, &e);
		return;
	}
	if (m->status != 0)
		h->status = FATAL;
	stop_next(h);
}

/* ---- how it begins */

static void *
run(void *arg)
{
	struct house_member *m = arg;

	pthread_setname_np(pthread_self(), service_of(m));
	m->status = serve_until(m->serve, m->theirs[0], m->theirs[1]);
	/* which nobody but us has: its reader sees the end */
	close(m->theirs[2]);
	return NULL;
}

static void
is_ready(void *arg, uint32_t events)
{
	struct house_member *m = arg;
	char byte;
	ssize_t n = kernel.read(m->ready, &byte, 1);

	(void)events;
	loop_forget(m->house->loop, m->ready);
	memory_close(&m->ready);
	/* else it is about to end */
	if (n == 1 && !m->house->stopping)
		start_next(m->house);
}

static int
make_pipe(int *reads, int *writes)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	*reads = ends[0];
	*writes = ends[1];
	return 0;
}

static int
start(struct house_member *m, struct error *e)
{
	struct loop *loop = m->house->loop;
	int sys;

	if (make_pipe(&m->theirs[0], &m->stop) < 0 || make_pipe(&m->ready, &m->theirs[1]) < 0 ||
	    make_pipe(&m->ended, &m->theirs[2]) < 0)
		return error_sys(e, "pipe");
	if (loop_watch(loop, m->ready, EPOLLIN, is_ready, m, e) < 0 ||
	    loop_watch(loop, m->ended, EPOLLIN, ended, m, e) < 0)
		return -1;
	sys = thread_start(&m->thread, run, m);
	errno = sys;
	m->runs = sys == 0;
	return sys == 0 ? 0 : error_sys(e, "start a thread for %s", m->entry->program->name);
}

/* Each when the one before is ready. */
static void
start_next(struct house *h)
{
	struct error e;
	int result = 0;

	if (h->begun < h->n)
		result = start(&h->members[h->begun++], &e);
	else if (h->ready != NULL)
		result = h->ready(h->arg, &e);
	if (result < 0)
		fail(h, &e);
}

/* A socket that was handed over is somebody's. */
static int
check_handed(const struct house *h, const struct handed *handed, struct error *e)
{
	for (size_t i = 0; i < handed->n; i++) {
		AUTO_FREE char *name = handed_name(handed, i);
		struct span owner = { name, strcspn(name, ".") };
		size_t k = 0;

		while (k < h->n && !span_is(owner, service_of(&h->members[k])))
			k++;
		if (k == h->n)
			return error_set(e, ERROR_USAGE,
			    "the socket at descriptor %d is for '%.40s', which is no service here",
			    (int)(HANDED_FIRST + i), name);
	}
	return 0;
}

/* What is the process's, as long as it has one thread. */
static int
prepare(struct house *h, const struct handed *handed, struct error *e)
{
	const char *services[HOUSE_MEMBERS];
	const struct serve_house house = { services, h->n, handed };
	size_t memory = 0;

	for (size_t i = 0; i < h->n; i++)
		services[i] = service_of(&h->members[i]);
	for (size_t i = 0; i < h->n; i++) {
		struct house_member *m = &h->members[i];

		m->house = h;
		m->stop = m->ready = m->ended = -1;
		m->serve = serve_new(m->entry->program, m->options, m->options, &house, e);
		if (m->serve == NULL)
			return error_before(e, "%s: ", m->entry->program->name);
		memory += serve_memory(m->serve);
	}
	budget_limit(memory);
	if (check_handed(h, handed, e) < 0 || serve_on_signals(h->loop, true, told_to_stop, h, e) < 0)
		return -1;
	return lifeline_watch(h->loop, stop, h, e) < 0 ? -1 : 0;
}

static int
run_all(struct house *h, struct error *e)
{
	struct handed handed;
	int result;

	h->loop = loop_new(e);
	if (h->loop == NULL)
		return -1;
	handed_take(&handed);
	result = prepare(h, &handed, e);
	handed_close(&handed);
	if (result < 0)
		return -1;
	start_next(h);
	return loop_run(h->loop, e);
}

int
house_run(struct house *h)
{
	struct error e;
	int status;

	serve_begin();
	status = run_all(h, &e);
	if (status < 0) {
		option_complain(PROGRAM, &e);
		status = h->begun > 0 ? FATAL : error_status(&e);
	}
	return status;
}

void
house_close(struct house *h)
{
	for (size_t i = 0; i < h->n; i++)
		serve_free(h->members[i].serve);
	loop_free(h->loop);
}
