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
#include "runner.h"
#include "schedule.h"

/* Between two tries: a lock has no descriptor that tells when it is free. */
#define AGAIN (50 * MILLISECOND)
/* The first event of a build says its process and is shorter than this, two paths included. */
#define HEAD 16384

struct turn {
	int fd;       /* of the folder; -1: it cannot be locked, so there is no order */
	bool has;
	bool within;  /* another build's turn, of which we are a part: it is not ours to let go */
	bool waits;
	struct loop_timer *again;
};

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
turn_open(struct build *b)
{
	bool in_place = b->options->rev == NULL && !b->options->staged;

	b->turn = xmalloc(sizeof(*b->turn));
	b->turn->fd = in_place ?
	    kernel.open(AT_FDCWD, b->definition.project, O_RDONLY | O_DIRECTORY, 0) : -1;
	take(b->turn);
}

bool
turn_has(const struct build *b)
{
	return b->turn->has;
}

bool
turn_waits(const struct build *b)
{
	return b->turn != NULL && b->turn->waits;
}

int
turn_lock(const struct build *b)
{
	return b->turn->within ? -1 : b->turn->fd;
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
turn_holder(const struct build *b)
{
	AUTO_FREE char *repo = state_repo(b->definition.project, NULL);
	pid_t pid = holder(b->turn, false);
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
	struct build *b = arg;
	struct turn *t = b->turn;

	t->again = NULL;
	take(t);
	if (!t->has) {
		t->again = loop_after(b->loop, AGAIN, again_due, b);
		return;
	}
	t->waits = false;
	/* the first time build/start says so */
	if (b->outcome.begun) {
		emit_text(journal_begin(&b->journal, "build/updated"), "status", "running");
		journal_end(&b->journal);
	}
}

void
turn_wait(struct build *b)
{
	AUTO_FREE char *name = turn_holder(b);
	AUTO_FREE char *message = xformat("waits for %s, which works in this folder", name);
	struct bytes *line = journal_begin(&b->journal, "build/pending");

	emit_text(line, "dir", b->definition.project);
	emit_integer(line, "pid", getpid());
	emit_text(line, "for", name);
	emit_text(line, "message", message);
	journal_end(&b->journal);
	outcome_note(&b->outcome, "%s %s", b->folder.name, message);
	b->turn->waits = true;
	b->turn->again = loop_after(b->loop, AGAIN, again_due, b);
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
turn_round(struct build *b)
{
	struct turn *t = b->turn;

	if (t->has && b->outcome.finished && !runner_alive(b))
		let_go(t);
	else if (t->has && b->outcome.begun && !b->outcome.finished && b->blocked > 0 && !schedule_works(b))
		let_go(t);
	else if (!t->has && !t->waits && !b->outcome.finished && schedule_ready(b))
		take(t);
	else
		return;
	if (!t->has && schedule_ready(b))
		turn_wait(b);
}

void
turn_free(struct build *b)
{
	struct turn *t = b->turn;

	if (t == NULL)
		return;
	loop_cancel(b->loop, t->again);
	if (t->fd >= 0)
		close(t->fd);
	free(t);
	b->turn = NULL;
}
