#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes.h"
#include "cgroupplace.h"
#include "kernel.h"
#include "memory.h"

#define KEPT_MEMORY (INT64_C(4) << 20) /* that a group may still hold when the next attempt gets it */
#define PERIOD 100000            /* microseconds in which CPU time is counted */

#define BIT(limit) (1U << (limit))

static int
write_text(int dir, const char *file, const char *text)
{
	AUTO_CLOSE int fd = kernel.open(dir, file, O_WRONLY, 0);

	return fd < 0 ? -1 : kernel_write_all(fd, text, strlen(text));
}

static int
write_number(int dir, const char *file, int64_t value)
{
	AUTO_FREE char *text = xformat("%lld", (long long)value);

	return write_text(dir, file, text);
}

/* What version 2 and version 1 call the same. */
static int
memory_set(const struct cgroup_tree *t, int dir, int64_t value)
{
	if (t->unified) {
		/* without swap the kernel has no such file */
		(void)write_text(dir, "memory.swap.max", value == 0 ? "max" : "0");
		(void)write_text(dir, "memory.oom.group", "1");
		return value == 0 ? write_text(dir, "memory.max", "max") :
		    write_number(dir, "memory.max", value);
	}
	/* the sum with swap may never be less than memory alone */
	if (value == 0)
		(void)write_text(dir, "memory.memsw.limit_in_bytes", "-1");
	if (write_number(dir, "memory.limit_in_bytes", value == 0 ? -1 : value) < 0)
		return -1;
	if (value != 0)
		(void)write_number(dir, "memory.memsw.limit_in_bytes", value);
	return 0;
}

static int
processes_set(const struct cgroup_tree *t, int dir, int64_t value)
{
	(void)t;
	return value == 0 ? write_text(dir, "pids.max", "max") : write_number(dir, "pids.max", value);
}

static int
cpus_set(const struct cgroup_tree *t, int dir, int64_t value)
{
	int64_t quota = value * (PERIOD / 1000);
	AUTO_FREE char *text = value == 0 ? xstrdup("max 100000") :
	    xformat("%lld %d", (long long)quota, PERIOD);

	if (t->unified)
		return write_text(dir, "cpu.max", text);
	return write_number(dir, "cpu.cfs_quota_us", value == 0 ? -1 : quota);
}

/* A limit that a group can have, and how often it was hit: the word in front of the number in the file. */
static const struct control {
	enum limit limit;
	int (*set)(const struct cgroup_tree *t, int dir, int64_t value);
	const char *file[2], *word[2]; /* of version 1 and 2 */
} controls[] = {
	{ LIMIT_PROCESSES, processes_set, { "pids.events", "pids.events" }, { "max ", "max " } },
	{ LIMIT_MEMORY, memory_set, { "memory.oom_control", "memory.events" }, { "oom_kill ", "oom_kill " } },
	{ LIMIT_CPUS, cpus_set, { NULL, NULL }, { NULL, NULL } },
};
#define NCONTROLS (sizeof(controls) / sizeof(controls[0]))

static int
read_text(int dir, const char *file, char *text, size_t size)
{
	AUTO_CLOSE int fd = kernel.open(dir, file, O_RDONLY, 0);
	ssize_t n = fd < 0 ? -1 : kernel.read(fd, text, size - 1);

	if (n < 0)
		return -1;
	text[n] = '\0';
	return 0;
}

/* The number behind a word at the beginning of a line. */
static int64_t
counter(const char *text, const char *word)
{
	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, word, strlen(word)) == 0)
			return strtoll(line + strlen(word), NULL, 10);
	}
	return 0;
}

static int64_t
hits(const struct cgroup *g, const struct control *c, size_t tree)
{
	bool unified = g->all->trees[tree].unified;
	char text[1024];

	if (c->file[unified] == NULL || g->dirs[tree] < 0 ||
	    read_text(g->dirs[tree], c->file[unified], text, sizeof(text)) < 0)
		return 0;
	return counter(text, c->word[unified]);
}

/* The tree that can limit this; CGROUP_TREES when none can. */
static size_t
tree_of(const struct cgroups *all, enum limit limit)
{
	for (size_t i = 0; i < all->n; i++) {
		if (all->trees[i].controls & BIT(limit))
			return i;
	}
	return CGROUP_TREES;
}

/* The slot's folder in a tree, and the file by which processes get into it. A thread that names itself in
 * tasks need not wait for all others of the machine, as one that names itself in cgroup.procs does. */
static int
group_make(struct cgroup *g, size_t tree, struct error *e)
{
	const struct cgroup_tree *t = &g->all->trees[tree];
	AUTO_FREE char *path = xformat("%s/%zu", t->path, g->slot);
	int join;

	if (g->dirs[tree] >= 0)
		return 0;
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return error_sys(e, "create %s", path);
	g->dirs[tree] = kernel.open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	join = g->dirs[tree] < 0 ? -1 : kernel.open(g->dirs[tree], t->unified ? "cgroup.procs" : "tasks",
	    O_WRONLY, 0);
	if (join < 0) {
		memory_close(&g->dirs[tree]);
		return error_sys(e, "open %s", path);
	}
	g->files[g->njoins] = (int)tree;
	g->joins[g->njoins++] = join;
	return 0;
}

static void
group_remove(struct cgroup *g, size_t tree)
{
	AUTO_FREE char *path = xformat("%s/%zu", g->all->trees[tree].path, g->slot);
	int n = 0;

	memory_close(&g->dirs[tree]);
	for (int i = 0; i < g->njoins; i++) {
		if (g->files[i] == (int)tree) {
			close(g->joins[i]);
			continue;
		}
		g->files[n] = g->files[i];
		g->joins[n++] = g->joins[i];
	}
	g->njoins = n;
	for (size_t i = 0; i < NCONTROLS; i++) {
		if (g->all->trees[tree].controls & BIT(controls[i].limit))
			g->set.of[controls[i].limit] = 0;
	}
	cgroupplace_remove(path);
}

/* Version 1 has to be asked to tell when memory was short. */
static int
notice_open(const struct cgroup *g, const struct control *c, size_t tree)
{
	bool unified = g->all->trees[tree].unified;
	AUTO_CLOSE int file = kernel.open(g->dirs[tree], c->file[unified], O_RDONLY, 0);
	AUTO_FREE char *order = NULL;
	int fd;

	if (file < 0)
		return -1;
	if (unified || c->limit != LIMIT_MEMORY)
		return fcntl(file, F_DUPFD_CLOEXEC, 0);
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	order = xformat("%d %d", fd, file);
	if (fd < 0 || write_text(g->dirs[tree], "cgroup.event_control", order) < 0)
		memory_close(&fd);
	return fd;
}

static void
notices_close(struct cgroup *g)
{
	for (int i = 0; i < LIMIT_COUNT; i++) {
		if (g->used && g->events[i] >= 0) {
			loop_forget(g->loop, g->events[i]);
			memory_close(&g->events[i]);
		}
	}
}

static void
control_watch(struct cgroup *g, const struct control *c, size_t tree, loop_ready *hit, void *arg)
{
	int *fd = &g->events[c->limit];

	if (c->file[g->all->trees[tree].unified] == NULL)
		return;
	g->base[c->limit] = hits(g, c, tree);
	*fd = notice_open(g, c, tree);
	if (*fd >= 0 && loop_watch(g->loop, *fd, EPOLLPRI | (c->limit == LIMIT_MEMORY ? EPOLLIN : 0),
	    hit, arg, NULL) < 0)
		memory_close(fd);
}

static void
begin(struct cgroup *g, const struct cgroups *all, size_t slot, struct loop *loop)
{
	if (!g->used) {
		*g = (struct cgroup){ .all = all, .slot = slot, .used = true, .loop = loop };
		for (size_t i = 0; i < CGROUP_TREES; i++)
			g->dirs[i] = -1;
		for (size_t i = 0; i < LIMIT_COUNT; i++)
			g->events[i] = -1;
	}
	/* what the last attempt has left in memory is not this one's */
	for (size_t i = 0; i < all->n; i++) {
		bool unified = all->trees[i].unified;
		char text[64];

		if (all->trees[i].controls & BIT(LIMIT_MEMORY) && g->dirs[i] >= 0 && read_text(g->dirs[i],
		    unified ? "memory.current" : "memory.usage_in_bytes", text, sizeof(text)) == 0 &&
		    strtoll(text, NULL, 10) > KEPT_MEMORY)
			group_remove(g, i);
	}
}

int
cgroup_prepare(struct cgroup *g, const struct cgroups *all, size_t slot, const struct limits *l,
    unsigned *applied, struct loop *loop, void (*hit)(void *arg, uint32_t events), void *arg,
    struct error *e)
{
	size_t home = tree_of(all, LIMIT_PROCESSES);

	*applied = 0;
	if (all->n == 0)
		return 0;
	begin(g, all, slot, loop);
	if (home < CGROUP_TREES && group_make(g, home, e) < 0)
		return -1;
	for (size_t i = 0; i < NCONTROLS; i++) {
		const struct control *c = &controls[i];
		size_t tree = tree_of(all, c->limit);
		int64_t value = l->of[c->limit];

		if (tree == CGROUP_TREES || (value == 0 && g->set.of[c->limit] == 0))
			continue;
		if (group_make(g, tree, e) < 0)
			return -1;
		if (value != g->set.of[c->limit] && c->set(all->trees + tree, g->dirs[tree], value) < 0)
			return error_sys(e, "limit %s in %s", limit_name(c->limit), all->trees[tree].path);
		g->set.of[c->limit] = value;
		if (value == 0)
			continue;
		*applied |= BIT(c->limit);
		control_watch(g, c, tree, hit, arg);
	}
	return 0;
}

const char *
cgroup_name(const struct cgroup *g, enum limit limit)
{
	return g->all->trees[tree_of(g->all, limit)].unified ? "cgroup-v2" : "cgroup-v1";
}

bool
cgroup_tells(const struct cgroup *g, enum limit limit)
{
	return g->used && g->events[limit] >= 0 && (limit == LIMIT_MEMORY ||
	    g->all->trees[tree_of(g->all, limit)].unified);
}

enum limit
cgroup_hit(struct cgroup *g)
{
	for (size_t i = 0; g->used && !g->killed && i < NCONTROLS; i++) {
		enum limit limit = controls[i].limit;
		uint64_t told;

		if (g->set.of[limit] == 0)
			continue;
		/* read, so that they are quiet again */
		if (g->events[limit] >= 0)
			(void)kernel.pread(g->events[limit], &told, sizeof(told), 0);
		if (hits(g, &controls[i], tree_of(g->all, limit)) > g->base[limit])
			return limit;
	}
	return LIMIT_COUNT;
}

/* The folder whose processes are all of the slot's; -1: none. */
static int
home_of(const struct cgroup *g)
{
	size_t home = g->used ? tree_of(g->all, LIMIT_PROCESSES) : CGROUP_TREES;

	return home == CGROUP_TREES ? -1 : g->dirs[home];
}

bool
cgroup_processes(const struct cgroup *g, pid_t but, struct process_list *out)
{
	int home = home_of(g);

	return home >= 0 && cgroupplace_processes(home, but, out) == 0;
}

void
cgroup_kill(struct cgroup *g)
{
	int home = home_of(g);

	if (home < 0)
		return;
	g->killed = true;
	cgroupplace_kill(home);
}

void
cgroup_revive(struct cgroup *g)
{
	int home = home_of(g);

	if (!g->killed)
		return;
	/* none was allowed any more in there */
	(void)processes_set(g->all->trees, home, g->set.of[LIMIT_PROCESSES]);
	g->killed = false;
	for (size_t i = 0; i < NCONTROLS; i++)
		g->base[controls[i].limit] = g->set.of[controls[i].limit] == 0 ? 0 :
		    hits(g, &controls[i], tree_of(g->all, controls[i].limit));
}

void
cgroup_leave(struct cgroup *g)
{
	notices_close(g);
	cgroup_revive(g);
}

void
cgroup_remove(struct cgroup *g)
{
	if (!g->used)
		return;
	notices_close(g);
	for (size_t i = 0; i < g->all->n; i++) {
		if (g->dirs[i] >= 0)
			group_remove(g, i);
	}
}
