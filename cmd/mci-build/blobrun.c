#include "blobrun.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "children.h"
#include "kernel.h"
#include "link.h"
#include "memory.h"
#include "process.h"

struct blobrun {
	const struct blobrun_events *events;
	void *arg;
	char *program;
	struct child *child; /* NULL: it has ended */
	struct link *out;    /* NULL: it says no more */
	int status;
	struct bytes said;
};

static void
let_go(struct blobrun *r)
{
	if (r->out != NULL)
		link_close(r->out);
	child_free(r->child);
	bytes_free(&r->said);
	free(r->program);
	free(r);
}

/* Its process is gone, and all that it said is read. */
static void
settle(struct blobrun *r)
{
	if (r->child != NULL || r->out != NULL)
		return;
	r->events->done(r->arg, r->status, (struct span){ r->said.data, r->said.len });
	let_go(r);
}

static void
line_came(void *arg, struct link *l, struct span line, int *fds, int nfds)
{
	struct blobrun *r = arg;
	size_t name = strlen(r->program);

	(void)l;
	for (int i = 0; i < nfds; i++)
		close(fds[i]);
	if (line.n > 0 && line.p[0] == '{') {
		r->events->line(r->arg, line);
		return;
	}
	if (line.n > name + 2 && memcmp(line.p, r->program, name) == 0 && line.p[name] == ':') {
		line.p += name + 2;
		line.n -= name + 2;
	}
	if (line.n == 0)
		return;
	r->said.len = 0;
	bytes_add(&r->said, line.p, line.n);
}

static void
closed(void *arg, struct link *l, const struct error *why)
{
	struct blobrun *r = arg;

	(void)l;
	(void)why;
	r->out = NULL;
	settle(r);
}

static const struct link_events link_events = { .line = line_came, .closed = closed };

static void
ended(void *arg, int status, const struct rusage *usage)
{
	struct blobrun *r = arg;

	(void)usage;
	r->status = status;
	child_free(r->child);
	r->child = NULL;
	settle(r);
}

static bool
asks_for_mask(char *const *words)
{
	for (; *words != NULL && strcmp(*words, "--") != 0; words++) {
		if (strcmp(*words, "--mask-fd") == 0)
			return true;
	}
	return false;
}

/* The secrets as it reads them, in memory alone. -1 with an error. */
static int
mask_open(const struct mask *mask, struct error *e)
{
	struct span all = mask_given(mask);
	int fd = memfd_create("mask", MFD_CLOEXEC);

	if (fd >= 0 && kernel_write_all(fd, all.p, all.n) == 0 && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	error_sys(e, "a file in memory");
	memory_close(&fd);
	return -1;
}

struct blobrun *
blobrun_start(struct loop *loop, const struct blobrun_spec *spec, const struct blobrun_events *events,
    void *arg, struct error *e)
{
	bool kit = strncmp(spec->words[0], "mci-", 4) == 0;
	AUTO_FREE char *path = kit ? process_kit(spec->words[0]) : xstrdup(spec->words[0]);
	bool masks = asks_for_mask(spec->words);
	AUTO_CLOSE int mask = masks ? mask_open(spec->mask, e) : -1;
	const int extra[2][2] = { { spec->lock, 3 }, { mask, atoi(BLOBRUN_MASK) } };
	struct process_spec p = { .path = path, .argv = spec->words, .in = spec->in, .group = true,
		.extra = extra, .nextra = 1 + masks };
	struct blobrun *r;
	int ends[2];

	if (masks && mask < 0)
		return NULL;
	if (pipe2(ends, O_CLOEXEC) < 0) {
		error_sys(e, "pipe");
		return NULL;
	}
	p.out = spec->out < 0 ? ends[1] : spec->out;
	p.err = ends[1];
	r = xmalloc(sizeof(*r));
	*r = (struct blobrun){ .events = events, .arg = arg, .program = xstrdup(spec->words[0]) };
	r->child = child_start(loop, &p, ended, r, e);
	close(ends[1]);
	if (r->child == NULL)
		close(ends[0]);
	else
		r->out = link_take(loop, ends[0], -1, &link_events, r, e);
	if (r->out != NULL)
		return r;
	blobrun_free(r);
	return NULL;
}

void
blobrun_stop(struct blobrun *r)
{
	child_signal_group(r->child, SIGTERM);
}

void
blobrun_free(struct blobrun *r)
{
	if (r == NULL)
		return;
	child_signal_group(r->child, SIGKILL);
	let_go(r);
}
