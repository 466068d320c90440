#include "diskuse.h"

#include <fcntl.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "children.h"
#include "duration.h"
#include "kernel.h"
#include "memory.h"

/* Of what is allowed: the least change that is worth a walk. */
#define PART 8

static int64_t
room(const char *dir)
{
	struct statvfs s;

	return dir == NULL || statvfs(dir, &s) < 0 ? -1 : (int64_t)s.f_bfree * (int64_t)s.f_frsize;
}

void
diskuse_begin(struct diskuse *d, struct loop *loop, const char *dir, const char *other, bool own,
    int64_t limit)
{
	*d = (struct diskuse){ .loop = loop, .dirs = { dir, other }, .own = own, .limit = limit,
		.start = kernel.wall(), .result = -1 };
	for (size_t i = 0; i < 2; i++)
		d->free[i] = d->seen[i] = room(d->dirs[i]);
}

/* What was written or allocated in there since the job began. */
static int64_t
walk(const char *dir, int64_t start)
{
	char *paths[] = { (char *)(uintptr_t)dir, NULL };
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL);
	int64_t sum = 0;
	FTSENT *f;

	while (tree != NULL && (f = fts_read(tree)) != NULL) {
		const struct stat *st = f->fts_statp;

		/* file systems' clocks are a tick behind ours */
		if (f->fts_info != FTS_DP && f->fts_info != FTS_NS && f->fts_info != FTS_ERR &&
		    (int64_t)st->st_ctim.tv_sec * SECOND + st->st_ctim.tv_nsec + 20 * MILLISECOND >= start)
			sum += (int64_t)st->st_blocks * 512;
	}
	if (tree != NULL)
		fts_close(tree);
	return sum;
}

static void
walker_end(struct diskuse *d)
{
	loop_forget(d->loop, d->result);
	memory_close(&d->result);
	child_wait(d->walker);
	d->walker = NULL;
}

static void
walked(void *arg, uint32_t events)
{
	struct diskuse *d = arg;
	int64_t added;

	(void)events;
	if (kernel.read(d->result, &added, sizeof(added)) == (ssize_t)sizeof(added))
		d->added = added;
	walker_end(d);
}

static void
walk_start(struct diskuse *d)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	pid = child_fork(&d->walker);
	if (pid == 0) {
		int64_t sum = walk(d->dirs[0], d->start) + (d->own ? walk(d->dirs[1], d->start) : 0);

		(void)kernel_write_all(ends[1], &sum, sizeof(sum));
		_exit(0);
	}
	close(ends[1]);
	d->result = ends[0];
	if (pid < 0 || loop_watch(d->loop, d->result, EPOLLIN, walked, d, NULL) < 0) {
		memory_close(&d->result);
		if (pid > 0)
			child_wait(d->walker);
		d->walker = NULL;
	}
}

bool
diskuse_over(struct diskuse *d, int64_t written)
{
	int64_t taken = 0;
	bool changed = false;

	for (size_t i = 0; i < 2; i++) {
		int64_t now = room(d->dirs[i]);

		if (now < 0)
			continue;
		taken += d->free[i] > now ? d->free[i] - now : 0;
		changed = changed || d->seen[i] - now >= d->limit / PART;
		if (d->walker == NULL && (changed || now > d->seen[i]))
			d->seen[i] = now;
	}
	if (changed && d->walker == NULL)
		walk_start(d);
	/* files that have no name any more are in no folder, but its processes wrote them */
	return d->added > d->limit || (taken > d->limit && written > d->limit);
}

void
diskuse_end(struct diskuse *d)
{
	if (d->walker == NULL)
		return;
	child_signal(d->walker, 9);
	walker_end(d);
}
