#include "blobworker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "address.h"
#include "children.h"
#include "connect.h"
#include "kernel.h"
#include "memory.h"

#define PROGRAM "mci-blob"
/* A head is longer by no path: those are not in it. */
#define HEAD ((size_t)64 * 1024)
/* Of the pipe: so much is made ahead of a reader. */
#define AHEAD (256 * 1024)

struct blobworkers {
	struct loop *loop;
	struct blobworker *first;
};

struct blobworker {
	struct blobworkers *all;
	struct blobworker *next, **at;
	char *who;
	struct child *child; /* NULL: it has ended */
	int status;
	int fd;              /* -1: it says no more */
	bool watched;
	bool begun;          /* its head has come */
	bool left;           /* nobody wants it: it is waited for */
	bool told;           /* that it is over, once nothing is left */
	struct bytes ahead;  /* read with its head */
	size_t given;
	const struct blobworker_events *events;
	void *arg;
};

struct blobworkers *
blobworkers_new(struct loop *loop)
{
	struct blobworkers *all = xmalloc(sizeof(*all));

	*all = (struct blobworkers){ .loop = loop };
	return all;
}

static void
unwatch(struct blobworker *w)
{
	if (w->watched)
		loop_forget(w->all->loop, w->fd);
	w->watched = false;
}

static void
let_go(struct blobworker *w)
{
	unwatch(w);
	memory_close(&w->fd);
	bytes_free(&w->ahead);
	free(w->who);
	*w->at = w->next;
	if (w->next != NULL)
		w->next->at = w->at;
	free(w);
}

void
blobworkers_free(struct blobworkers *all)
{
	if (all == NULL)
		return;
	while (all->first != NULL) {
		struct blobworker *w = all->first;

		child_signal_group(w->child, SIGKILL);
		if (w->child != NULL)
			child_wait(w->child);
		let_go(w);
	}
	free(all);
}

/* ---- what it says */

static bool
is_over(const struct blobworker *w)
{
	return w->fd < 0 && w->child == NULL;
}

/* Its output has ended and so has it. */
static void
settle(struct blobworker *w)
{
	if (!is_over(w) || w->told)
		return;
	w->told = true;
	if (w->begun)
		w->events->ready(w->arg);
	else
		w->events->failed(w->arg, WIFEXITED(w->status) && WEXITSTATUS(w->status) == 1);
}

static void
eof(struct blobworker *w)
{
	unwatch(w);
	memory_close(&w->fd);
	settle(w);
}

static void
take_head(struct blobworker *w)
{
	ssize_t n = kernel.read(w->fd, bytes_reserve(&w->ahead, HEAD), HEAD);
	char *end;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		eof(w);
		return;
	}
	w->ahead.len += (size_t)n;
	end = memchr(w->ahead.data, '\n', w->ahead.len);
	if (end == NULL && w->ahead.len > HEAD)
		child_signal_group(w->child, SIGKILL);
	if (end == NULL)
		return;
	w->begun = true;
	w->given = (size_t)(end - w->ahead.data) + 1;
	unwatch(w);
	w->events->head(w->arg, (struct span){ w->ahead.data, (size_t)(end - w->ahead.data) });
}

static void
readable(void *arg, uint32_t events)
{
	struct blobworker *w = arg;

	(void)events;
	if (!w->begun) {
		take_head(w);
		return;
	}
	unwatch(w);
	w->events->ready(w->arg);
}

static void
watch(struct blobworker *w)
{
	if (!w->watched)
		w->watched = loop_watch(w->all->loop, w->fd, EPOLLIN, readable, w, NULL) == 0;
}

ssize_t
blobworker_read(struct blobworker *w, char *p, size_t n)
{
	size_t left = w->ahead.len - w->given;
	ssize_t got;

	if (left > 0) {
		n = n < left ? n : left;
		memcpy(p, w->ahead.data + w->given, n);
		w->given += n;
		return (ssize_t)n;
	}
	bytes_free(&w->ahead);
	w->given = 0;
	if (w->fd >= 0) {
		got = kernel.read(w->fd, p, n);
		if (got > 0)
			return got;
		if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
			watch(w);
			return 0;
		}
		unwatch(w);
		memory_close(&w->fd);
	}
	if (w->child != NULL)
		return 0; /* how it ended is what tells whether that was all */
	w->told = true;
	return WIFEXITED(w->status) && WEXITSTATUS(w->status) == 0 ? -1 : -2;
}

/* ---- its process */

static void
ended(void *arg, int status, const struct rusage *usage)
{
	struct blobworker *w = arg;

	(void)usage;
	w->status = status;
	child_free(w->child);
	w->child = NULL;
	if (w->left)
		let_go(w);
	else
		settle(w);
}

static size_t
count(const struct blobworkers *all, const char *who)
{
	size_t n = 0;

	for (const struct blobworker *w = all->first; w != NULL; w = w->next)
		n += who == NULL || (w->who != NULL && strcmp(w->who, who) == 0);
	return n;
}

/* A connection to the store, which becomes descriptor 3 of the process: some are in this program alone. -1
 * with no error where the process gets there by itself. */
static int
connect_store(const char *address, struct error *e)
{
	struct address a;
	int in = -1, out = -1;

	*e = (struct error){ .code = ERROR_NONE };
	if (address_is_far(address) || address_parse(&a, address, e) < 0)
		return -1;
	if (a.kind == ADDRESS_UNIX || a.kind == ADDRESS_INPROC)
		(void)connect_descriptors(&a, &in, &out, e);
	address_free(&a);
	return in;
}

static struct child *
spawn(struct blobworker *w, char *const *argv, int store, int out, struct error *e)
{
	AUTO_FREE char *path = process_kit(PROGRAM);
	const int extra[1][2] = { { store, 3 } };
	struct process_spec p = { .path = path, .argv = argv, .in = -1, .out = out, .err = -1,
		.group = true, .extra = extra, .nextra = store >= 0 };

	return child_start(w->all->loop, &p, ended, w, e);
}

#define WORD(text) (char *)(uintptr_t)(text)

static int
start(struct blobworker *w, const char *address, const char *verb, const char *const *words, struct error *e)
{
	AUTO_CLOSE int store = connect_store(address, e);
	char *argv[32] = { WORD(PROGRAM), WORD(verb), WORD("--head"), WORD("--blob"),
		WORD(store >= 0 ? "fd:3" : address) };
	size_t n = 5;
	int ends[2];

	if (store < 0 && e->code != ERROR_NONE)
		return -1;
	while (*words != NULL && n < sizeof(argv) / sizeof(argv[0]) - 1)
		argv[n++] = WORD(*words++);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_sys(e, "pipe");
	(void)fcntl(ends[0], F_SETPIPE_SZ, AHEAD);
	(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	w->fd = ends[0];
	w->child = spawn(w, argv, store, ends[1], e);
	close(ends[1]);
	if (w->child == NULL)
		return -1;
	watch(w);
	return 0;
}

struct blobworker *
blobworker_start(struct blobworkers *all, const char *address, const char *who, const char *verb,
    const char *const *words, const struct blobworker_events *events, void *arg, struct error *e)
{
	struct blobworker *w;

	if (count(all, NULL) >= BLOBWORKERS || (who != NULL && count(all, who) >= BLOBWORKERS_OF_ONE)) {
		error_set(e, ERROR_BUSY, "too many artifacts are being read at once");
		return NULL;
	}
	w = xmalloc(sizeof(*w));
	*w = (struct blobworker){ .all = all, .next = all->first, .at = &all->first, .fd = -1,
		.who = who == NULL ? NULL : xstrdup(who), .events = events, .arg = arg };
	if (w->next != NULL)
		w->next->at = &w->next;
	all->first = w;
	if (start(w, address, verb, words, e) == 0)
		return w;
	let_go(w);
	return NULL;
}

void
blobworker_free(struct blobworker *w)
{
	if (w == NULL)
		return;
	w->left = true;
	unwatch(w);
	memory_close(&w->fd);
	if (w->child == NULL)
		let_go(w);
	else
		child_signal_group(w->child, SIGKILL);
}
