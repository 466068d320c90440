#include "syncer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"
#include "names.h"

/* The thread waits at start for a job and says at finish that it is done; between the two the job
 * is its own, at other times the loop's. */
struct syncer {
	struct loop *loop;
	syncer_done *done;
	void *arg;
	pthread_t thread;
	int start, finish; /* eventfd(2) */
	bool busy, stop;
	int files[SYNCER_FILES], nfiles;
	int folders[SYNCER_FOLDERS], nfolders;
	int sys;
};

static int
sync_all(const struct syncer *s)
{
	for (int i = 0; i < s->nfiles; i++) {
		if (kernel.sync(s->files[i]) < 0)
			return errno;
	}
	for (int i = 0; i < s->nfolders; i++) {
		if (names_sync(s->folders[i], NULL) < 0)
			return errno;
	}
	return 0;
}

static void *
work(void *arg)
{
	struct syncer *s = arg;
	uint64_t count = 1;

	for (;;) {
		if (kernel.read(s->start, &count, sizeof(count)) < 0 && errno == EINTR)
			continue;
		if (s->stop)
			return NULL;
		s->sys = sync_all(s);
		count = 1;
		kernel_write_all(s->finish, &count, sizeof(count));
	}
}

static void
finished(void *arg, uint32_t events)
{
	struct syncer *s = arg;
	uint64_t count;

	(void)events;
	if (kernel.read(s->finish, &count, sizeof(count)) < 0)
		return;
	s->busy = false;
	s->done(s->arg, s->sys);
}

/* Signals are for the loop's thread. */
static int
thread_start(struct syncer *s)
{
	sigset_t all, was;
	int sys;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &was);
	sys = pthread_create(&s->thread, NULL, work, s);
	pthread_sigmask(SIG_SETMASK, &was, NULL);
	return sys;
}

struct syncer *
syncer_new(struct loop *loop, syncer_done *done, void *arg, struct error *e)
{
	struct syncer *s = xmalloc(sizeof(*s));

	*s = (struct syncer){ .loop = loop, .done = done, .arg = arg };
	s->start = eventfd(0, EFD_CLOEXEC);
	s->finish = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->start < 0 || s->finish < 0) {
		error_sys(e, "eventfd");
		goto fail;
	}
	if (loop_watch(loop, s->finish, EPOLLIN, finished, s, e) < 0)
		goto fail;
	errno = thread_start(s);
	if (errno == 0)
		return s;
	error_sys(e, "start the thread that syncs files");
	loop_forget(loop, s->finish);
fail:
	if (s->start >= 0)
		close(s->start);
	if (s->finish >= 0)
		close(s->finish);
	free(s);
	return NULL;
}

bool
syncer_busy(const struct syncer *s)
{
	return s->busy;
}

static void
wake(struct syncer *s)
{
	uint64_t one = 1;

	kernel_write_all(s->start, &one, sizeof(one));
}

void
syncer_start(struct syncer *s, const int *files, int n, const int *folders, int nfolders)
{
	memcpy(s->files, files, (size_t)n * sizeof(*files));
	s->nfiles = n;
	if (nfolders > 0)
		memcpy(s->folders, folders, (size_t)nfolders * sizeof(*folders));
	s->nfolders = nfolders;
	s->busy = true;
	wake(s);
}

void
syncer_free(struct syncer *s)
{
	if (s == NULL)
		return;
	loop_forget(s->loop, s->finish);
	while (s->busy) {
		struct pollfd done = { .fd = s->finish, .events = POLLIN };

		s->busy = poll(&done, 1, -1) < 1;
	}
	s->stop = true;
	wake(s);
	pthread_join(s->thread, NULL);
	close(s->start);
	close(s->finish);
	free(s);
}
