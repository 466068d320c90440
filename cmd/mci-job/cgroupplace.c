#include "cgroupplace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "bytes.h"
#include "kernel.h"
#include "memory.h"
#include "names.h"
#include "speclimits.h"

#define TEXT_LIMIT (1 << 20) /* of one file of the kernel's that is read */
#define OURS "mci-"
#define LEAF "mci-leaf"      /* for processes that were in a group which is to have others below it */
#define DEPTH 16             /* of groups in groups that are removed */
#define DESCRIPTORS 64       /* with fewer there are no groups: version 1 takes up to nine for a job */
#define ROUNDS 50            /* of KILL, for those that started others meanwhile */

static const struct controller {
	const char *name;
	unsigned controls;
} controllers[] = {
	{ "pids", 1U << LIMIT_PROCESSES },
	{ "memory", 1U << LIMIT_MEMORY },
	{ "cpu", 1U << LIMIT_CPUS },
};
#define NCONTROLLERS (sizeof(controllers) / sizeof(controllers[0]))

/* A file of the kernel's, or nothing. */
static void
file_read(int dir, const char *path, struct bytes *text)
{
	AUTO_CLOSE int fd = kernel.open(dir, path, O_RDONLY, 0);
	char part[4096];
	ssize_t n;

	while (fd >= 0 && text->len < TEXT_LIMIT && (n = kernel.read(fd, part, sizeof(part))) > 0)
		bytes_add(text, part, (size_t)n);
	bytes_string(text);
}

static int
file_write(int dir, const char *path, const char *text)
{
	AUTO_CLOSE int fd = kernel.open(dir, path, O_WRONLY, 0);

	return fd < 0 ? -1 : kernel_write_all(fd, text, strlen(text));
}

/* Whether a word is in a list of them. */
static bool
has_word(const char *list, const char *word, const char *between)
{
	size_t n = strlen(word);

	for (const char *p = list; *p != '\0'; p += strspn(p, between)) {
		size_t length = strcspn(p, between);

		if (length == n && memcmp(p, word, n) == 0)
			return true;
		p += length;
	}
	return false;
}

/* Our group in the hierarchy of this controller (version 2: NULL), as /proc/self/cgroup has it; caller
 * frees. */
static char *
own_path(const char *own, const char *controller)
{
	for (const char *line = own; *line != '\0';) {
		size_t n = strcspn(line, "\n");
		AUTO_FREE char *text = xmemdup(line, n);
		char *list = strchr(text, ':'), *path = list == NULL ? NULL : strchr(list + 1, ':');

		line += n + (line[n] == '\n');
		if (path == NULL)
			continue;
		*path++ = '\0';
		list++;
		if (controller == NULL ? *list == '\0' : has_word(list, controller, ","))
			return xstrdup(path);
	}
	return NULL;
}

/* One line of mountinfo: its root, where it is, its type and its own options. False when it is none. */
static bool
mount_split(char *line, char *field[4])
{
	char *words[64], *rest = line;
	size_t n = 0, dash = 0;

	for (char *word; n < 64 && (word = strsep(&rest, " ")) != NULL;)
		words[n++] = word;
	while (dash < n && strcmp(words[dash], "-") != 0)
		dash++;
	if (dash < 6 || dash + 3 >= n)
		return false;
	field[0] = words[3];
	field[1] = words[4];
	field[2] = words[dash + 1];
	field[3] = words[dash + 3];
	return true;
}

/* Where the folder of our group in that hierarchy is; NULL: nowhere. Caller frees. */
static char *
folder_of(const char *own, const char *mounts, const char *controller)
{
	AUTO_FREE char *path = own_path(own, controller);

	for (const char *line = mounts; path != NULL && *line != '\0';) {
		size_t n = strcspn(line, "\n"), root;
		AUTO_FREE char *text = xmemdup(line, n);
		char *field[4];

		line += n + (line[n] == '\n');
		if (!mount_split(text, field) ||
		    strcmp(field[2], controller == NULL ? "cgroup2" : "cgroup") != 0 ||
		    (controller != NULL && !has_word(field[3], controller, ",")))
			continue;
		/* of a hierarchy only the part below root may be to be seen */
		root = strcmp(field[0], "/") == 0 ? 0 : strlen(field[0]);
		if (strncmp(path, field[0], root) == 0 && (path[root] == '/' || path[root] == '\0'))
			return xformat("%s%s", field[1], strcmp(path + root, "/") == 0 ? "" : path + root);
	}
	return NULL;
}

/* Whether a group of version 2 is ours to divide: the user's own, marked by systemd, or all that a container
 * sees. */
static bool
is_delegated(const char *path, const char *own)
{
	struct stat st;
	char mark[8];

	if (stat(path, &st) < 0)
		return false;
	return (geteuid() != 0 && st.st_uid == geteuid()) ||
	    getxattr(path, "user.delegate", mark, sizeof(mark)) > 0 ||
	    getxattr(path, "trusted.delegate", mark, sizeof(mark)) > 0 || strcmp(own, "/") == 0;
}

/*
 * A group with processes cannot hand controllers down: they move into a leaf of it. Before the first is
 * asked for: one that threads may have (pids, cpu) would be given, and make groups below it that no
 * process can join. The root of all, which has no type, may have both.
 */
static void
processes_move(int dir)
{
	struct process_list all = { 0 };

	if (faccessat(dir, "cgroup.type", F_OK, 0) < 0)
		return;
	(void)mkdirat(dir, LEAF, 0755);
	cgroupplace_processes(dir, 0, &all);
	for (size_t i = 0; i < all.n; i++) {
		AUTO_FREE char *text = xformat("%d", (int)all.pids[i]);

		(void)file_write(dir, LEAF "/cgroup.procs", text);
	}
	process_list_free(&all);
}

/* Which controllers groups below this one have, after they were asked for. */
static unsigned
controllers_hand_down(int dir, bool move)
{
	AUTO_BYTES there = { 0 };
	AUTO_BYTES given = { 0 };
	unsigned controls = 0;
	bool moved = !move;

	file_read(dir, "cgroup.controllers", &there);
	for (size_t i = 0; i < NCONTROLLERS; i++) {
		AUTO_FREE char *plus = xformat("+%s", controllers[i].name);

		if (!has_word(there.data, controllers[i].name, " \n"))
			continue;
		if (!moved)
			processes_move(dir);
		moved = true;
		(void)file_write(dir, "cgroup.subtree_control", plus);
	}
	file_read(dir, "cgroup.subtree_control", &given);
	for (size_t i = 0; i < NCONTROLLERS; i++) {
		if (has_word(given.data, controllers[i].name, " \n"))
			controls |= controllers[i].controls;
	}
	return controls;
}

/* The group of version 2 below which ours is made; NULL when there is none for us. */
static char *
unified_find(const char *own, const char *mounts)
{
	AUTO_FREE char *path = own_path(own, NULL);
	char *folder = folder_of(own, mounts, NULL);
	char *leaf = folder == NULL ? NULL : strrchr(folder, '/');

	if (leaf != NULL && strcmp(leaf, "/" LEAF) == 0)
		*leaf = '\0';
	if (folder == NULL || (leaf == NULL || *leaf != '\0' ? !is_delegated(folder, path) : false)) {
		free(folder);
		return NULL;
	}
	return folder;
}

static void
tree_add(struct cgroups *c, const char *parent, bool unified, unsigned controls)
{
	for (size_t i = 0; i < c->n; i++) {
		/* one hierarchy can have several controllers */
		if (strncmp(c->trees[i].path, parent, strlen(parent)) == 0 &&
		    strchr(c->trees[i].path + strlen(parent) + 1, '/') == NULL) {
			c->trees[i].controls |= controls;
			return;
		}
	}
	c->trees[c->n++] = (struct cgroup_tree){ .path = xformat("%s/" OURS "%d", parent, (int)getpid()),
		.lock = -1, .unified = unified, .controls = controls };
}

/* What version 2 does not give may still be version 1's. */
static void
find(struct cgroups *c, const char *own_file, const char *mounts_file)
{
	AUTO_BYTES own = { 0 };
	AUTO_BYTES mounts = { 0 };
	AUTO_FREE char *unified = NULL;
	unsigned given = 0;

	file_read(AT_FDCWD, own_file, &own);
	file_read(AT_FDCWD, mounts_file, &mounts);
	unified = unified_find(own.data, mounts.data);
	if (unified != NULL) {
		AUTO_CLOSE int dir = kernel.open(AT_FDCWD, unified, O_RDONLY | O_DIRECTORY, 0);

		given = dir < 0 ? 0 : controllers_hand_down(dir, true);
		if (given != 0)
			tree_add(c, unified, true, given);
	}
	for (size_t i = 0; i < NCONTROLLERS; i++) {
		AUTO_FREE char *folder = NULL;

		if (given & controllers[i].controls)
			continue;
		folder = folder_of(own.data, mounts.data, controllers[i].name);
		if (folder != NULL && access(folder, W_OK) == 0)
			tree_add(c, folder, false, controllers[i].controls);
	}
}

/* Makes our folder, which nobody else removes as long as we hold it. */
static int
tree_make(struct cgroup_tree *t)
{
	if (mkdir(t->path, 0755) < 0 && errno != EEXIST)
		return -1;
	t->lock = kernel.open(AT_FDCWD, t->path, O_RDONLY | O_DIRECTORY, 0);
	if (t->lock < 0 || flock(t->lock, LOCK_EX | LOCK_NB) < 0) {
		memory_close(&t->lock);
		return -1;
	}
	if (t->unified)
		t->controls = controllers_hand_down(t->lock, false);
	return 0;
}

/* The groups of a mci-job's slots, and their processes. */
static void
slots_kill(const char *path, int dir)
{
	DIR *all = opendir(path);
	struct dirent *entry;

	cgroupplace_kill(dir);
	while (all != NULL && (entry = readdir(all)) != NULL) {
		AUTO_CLOSE int slot = -1;

		if (entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
		    (slot = kernel.open(dirfd(all), entry->d_name, O_RDONLY | O_DIRECTORY, 0)) >= 0)
			cgroupplace_kill(slot);
	}
	if (all != NULL)
		closedir(all);
}

/* Below the parent of our folder: what nobody holds. */
static void
sweep(const struct cgroup_tree *t)
{
	AUTO_FREE char *parent = xmemdup(t->path, (size_t)(strrchr(t->path, '/') - t->path));
	DIR *all = opendir(parent);
	struct dirent *entry;

	while (all != NULL && (entry = readdir(all)) != NULL) {
		AUTO_CLOSE int dir = -1;

		if (strncmp(entry->d_name, OURS, strlen(OURS)) != 0 || strcmp(entry->d_name, LEAF) == 0)
			continue;
		dir = kernel.open(dirfd(all), entry->d_name, O_RDONLY | O_DIRECTORY, 0);
		if (dir >= 0 && flock(dir, LOCK_EX | LOCK_NB) == 0) {
			AUTO_FREE char *path = xformat("%s/%s", parent, entry->d_name);

			slots_kill(path, dir);
			cgroupplace_remove(path);
		}
	}
	if (all != NULL)
		closedir(all);
}

/* Whether there are descriptors for groups beside those that jobs cannot do without. */
static bool
descriptors_suffice(void)
{
	struct rlimit files;

	return getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur >= DESCRIPTORS;
}

void
cgroups_open(struct cgroups *c, const char *own, const char *mounts)
{
	*c = (struct cgroups){ .n = 0 };
	if (!descriptors_suffice())
		return;
	find(c, own, mounts);
	for (size_t i = 0; i < c->n;) {
		sweep(&c->trees[i]);
		if (tree_make(&c->trees[i]) == 0) {
			i++;
			continue;
		}
		free(c->trees[i].path);
		c->trees[i] = c->trees[--c->n];
	}
}

void
cgroups_close(struct cgroups *c)
{
	for (size_t i = 0; i < c->n; i++) {
		cgroupplace_remove(c->trees[i].path);
		memory_close(&c->trees[i].lock);
		free(c->trees[i].path);
	}
	c->n = 0;
}

void
cgroups_sweep(const char *own, const char *mounts)
{
	struct cgroups c = { .n = 0 };

	find(&c, own, mounts);
	for (size_t i = 0; i < c.n; i++) {
		sweep(&c.trees[i]);
		free(c.trees[i].path);
	}
}

int
cgroupplace_processes(int dir, pid_t but, struct process_list *out)
{
	AUTO_BYTES text = { 0 };

	file_read(dir, "cgroup.procs", &text);
	for (const char *p = text.data; *p != '\0'; p += strspn(p, "\n")) {
		pid_t pid = (pid_t)strtol(p, NULL, 10);

		/* one of another pid namespace has no number for us */
		if (pid > 0 && pid != but)
			process_list_add(out, pid);
		p += strcspn(p, "\n");
	}
	return 0;
}

/* The first group below, as a path from dir; false when there is none. */
static bool
child_of(int dir, const char *path, char *name, size_t size)
{
	int fd = kernel.open(dir, path, O_RDONLY | O_DIRECTORY, 0);
	DIR *all = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	bool found = false;

	if (fd >= 0 && all == NULL)
		close(fd);
	while (all != NULL && !found && (entry = readdir(all)) != NULL) {
		found = entry->d_type == DT_DIR && entry->d_name[0] != '.';
		if (found)
			snprintf(name, size, "%s", entry->d_name);
	}
	if (all != NULL)
		closedir(all);
	return found;
}

/* Without cgroup.kill (version 1, and 2 before Linux 5.14): none may start another, so that those that are
 * listed are all. */
static void
kill_listed(int dir)
{
	struct process_list killed = { 0 };
	bool more = true;

	(void)file_write(dir, "pids.max", "0");
	/* one that was being started is listed the next time; what has KILL is not waited for */
	for (int round = 0; round < ROUNDS && more; round++) {
		struct process_list all = { 0 };

		more = false;
		cgroupplace_processes(dir, 0, &all);
		for (size_t i = 0; i < all.n; i++) {
			if (process_list_has(&killed, all.pids[i]))
				continue;
			process_signal_tree(all.pids[i], false, SIGKILL);
			process_list_add(&killed, all.pids[i]);
			more = true;
		}
		process_list_free(&all);
	}
	process_list_free(&killed);
}

void
cgroupplace_kill(int dir)
{
	if (file_write(dir, "cgroup.kill", "1") < 0)
		kill_listed(dir);
}

/* One whose processes have got KILL is busy until they are gone, of which nobody tells (version 1). */
static bool
folder_remove(const char *path)
{
	const struct timespec moment = { .tv_nsec = 1000 * 1000 };

	for (int round = 0; round < ROUNDS; round++) {
		if (names_remove_folder(AT_FDCWD, path, NULL) == 0)
			return true;
		if (access(path, F_OK) < 0)
			return true;
		nanosleep(&moment, NULL);
	}
	return false;
}

void
cgroupplace_remove(const char *path)
{
	/* the deepest one first */
	for (int i = 0; i < 10000; i++) {
		AUTO_FREE char *at = xstrdup(path);
		char name[NAME_MAX + 1];
		int depth = 0;

		while (depth++ < DEPTH && child_of(AT_FDCWD, at, name, sizeof(name))) {
			char *below = xformat("%s/%s", at, name);

			free(at);
			at = below;
		}
		if (!folder_remove(at) || strcmp(at, path) == 0)
			return;
	}
}
