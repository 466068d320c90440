#include "turn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "duration.h"
#include "emit.h"
#include "kernel.h"
#include "memory.h"
#include "message.h"
#include "process.h"
#include "scan.h"

/* Between two tries: a lock has no descriptor that tells when it is free. */
#define AGAIN (50 * MILLISECOND)
/* The first event of a build says its process and is shorter than this, two paths included. */
#define HEAD 16384

/*
 * Who has the folder locked: the next line of /proc/locks that is about its inode, 0 at the end. The device
 * is no help: some file systems (btrfs) show another one there than stat(2) does.
 */
static pid_t
holder_next(FILE *locks, ino_t folder)
{
	char line[256];

	while (locks != NULL && fgets(line, sizeof(line), locks) != NULL) {
		unsigned long long inode;
		int pid;

		if (sscanf(line, "%*d: FLOCK %*s WRITE %d %*x:%*x:%llu", &pid, &inode) == 2 &&
		    inode == folder && pid > 0)
			return pid;
	}
	return 0;
}

/* A process that has it, only one that we descend from when ancestor is set; 0 when there is none. */
static pid_t
holder(const struct turn *t, bool ancestor)
{
	FILE *locks = fopen("/proc/locks", "re");
	struct stat st;
	pid_t pid = 0;

	if (fstat(t->fd, &st) == 0) {
		while ((pid = holder_next(locks, st.st_ino)) != 0) {
			if (!ancestor || process_descends_from(pid))
				break;
		}
	}
	if (locks != NULL)
		fclose(locks);
	return pid;
}

static void
take(struct turn *t)
{
	if (t->fd >= 0 && flock(t->fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
		/* waiting for whoever waits for us would be for ever */
		t->within = holder(t, true) != 0;
		t->has = t->within;
		return;
	}
	t->has = true;
}

void
turn_open(struct turn *t, bool in_place)
{
	t->fd = in_place ? kernel.open(AT_FDCWD, t->project, O_RDONLY | O_DIRECTORY, 0) : -1;
	take(t);
}

bool
turn_has(const struct turn *t)
{
	return t->has;
}

bool
turn_waits(const struct turn *t)
{
	return t->waits;
}

int
turn_lock(const struct turn *t)
{
	return t->within ? -1 : t->fd;
}

/* Whether the build's log begins with an event of this process. */
static bool
is_of(const struct state_build *build, pid_t pid)
{
	AUTO_FREE char *path = xformat("%s/events.ndjson", build->path);
	AUTO_FREE char *head = xmalloc(HEAD);
	AUTO_CLOSE int fd = kernel_open_file(AT_FDCWD, path);
	ssize_t n = fd < 0 ? -1 : kernel.pread(fd, head, HEAD, 0);
	const char *end = n <= 0 ? NULL : memchr(head, '\n', (size_t)n);
	struct scan_value v;
	int64_t number;

	return end != NULL && message_member(head, (size_t)(end - head), "pid", &v, NULL) == 1 &&
	    scan_integer(&v, 1, INT32_MAX, &number, NULL) == 0 && number == pid;
}

char *
turn_holder(const struct turn *t)
{
	AUTO_FREE char *repo = state_repo(t->project, NULL);
	pid_t pid = holder(t, false);
	struct state_list list = { 0 };
	char *name = NULL;

	if (pid != 0 && repo != NULL && state_list_read(&list, repo, NULL) == 0) {
		for (size_t i = 0; i < list.n && name == NULL; i++) {
			if (is_of(&list.builds[i], pid) && state_build_running(&list.builds[i]))
				name = xstrdup(list.builds[i].name);
		}
		state_list_free(&list);
	}
	if (name == NULL)
		name = pid != 0 ? xformat("a build of process %d", (int)pid) : xstrdup("another build");
	return name;
}

static void
again_due(void *arg)
{
	struct turn *t = arg;

	t->again = NULL;
	take(t);
	if (!t->has) {
		t->again = loop_after(t->loop, AGAIN, again_due, t);
		return;
	}
	t->waits = false;
	/* the first time build/start says so */
	if (t->outcome->begun > 0) {
		emit_text(journal_begin(t->journal, "build/updated"), "status", "running");
		journal_end(t->journal);
	}
}

void
turn_wait(struct turn *t)
{
	AUTO_FREE char *name = turn_holder(t);
	AUTO_FREE char *message = xformat("waits for %s, which works in this folder", name);
	struct bytes *line = journal_begin(t->journal, "build/pending");

	emit_text(line, "dir", t->project);
	emit_integer(line, "pid", getpid());
	emit_text(line, "for", name);
	emit_text(line, "message", message);
	journal_end(t->journal);
	outcome_note(t->outcome, "%s %s", t->workspace->folder.name, message);
	t->waits = true;
	t->again = loop_after(t->loop, AGAIN, again_due, t);
}

static void
let_go(struct turn *t)
{
	if (t->within || t->fd < 0)
		return;
	flock(t->fd, LOCK_UN);
	t->has = false;
}

void
turn_round(struct turn *t, bool idle, bool ready)
{
	if (t->has && idle)
		let_go(t);
	else if (!t->has && !t->waits && ready)
		take(t);
	else
		return;
	if (!t->has && ready)
		turn_wait(t);
}

void
turn_close(struct turn *t)
{
	loop_cancel(t->loop, t->again);
	t->again = NULL;
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
}
