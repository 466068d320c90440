#include "process.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "interpreter.h"
#include "kernel.h"
#include "memory.h"

#define ENVIRON_LIMIT (8 * 1024 * 1024) /* more than the kernel passes to a program */
#define HELD 256                        /* descriptors that one batch of signals needs */

/* One descriptor of the child and where it comes from. */
struct move {
	int from, to;
	bool copied; /* from is a copy that we close */
};

static const char *
env_value(char *const *env, const char *name)
{
	size_t n = strlen(name);

	for (; *env != NULL; env++) {
		if (strncmp(*env, name, n) == 0 && (*env)[n] == '=')
			return *env + n + 1;
	}
	return NULL;
}

char *
process_find(const char *name, const char *path)
{
	char at[PATH_MAX];
	int sys = ENOENT;

	while (path != NULL) {
		size_t n = strcspn(path, ":");
		const char *slash = n > 0 ? "/" : "";
		struct stat st;

		if ((size_t)snprintf(at, sizeof(at), "%.*s%s%s", (int)n, path, slash, name) < sizeof(at) &&
		    stat(at, &st) == 0 && S_ISREG(st.st_mode)) {
			if (access(at, X_OK) == 0)
				return xstrdup(at);
			sys = EACCES;
		}
		path = path[n] == ':' ? path + n + 1 : NULL;
	}
	errno = sys;
	return NULL;
}

/* PATH as it was at the start: threads leave the environment alone. */
static const char *search;

char *
process_kit(const char *name)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *found = NULL;

	if (n > 0) {
		char *slash;

		self[n] = '\0';
		slash = strrchr(self, '/');
		if (slash != NULL) {
			*slash = '\0';
			found = process_find(name, self);
		}
	}
	if (found == NULL)
		found = process_find(name, search != NULL ? search : getenv("PATH"));
	return found != NULL ? found : xstrdup(name);
}

void
process_begin(void)
{
	/* for the wrong direction, so that using them is an error as it would be without */
	static const int flags[] = { O_WRONLY, O_RDONLY, O_RDONLY };

	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && kernel.open(AT_FDCWD, "/dev/null", flags[fd], 0) == fd)
			fcntl(fd, F_SETFD, 0);
	}
	search = getenv("PATH");
	signal(SIGCHLD, SIG_DFL);
	/* a file over its limit (ulimit -f) is a failed write, as on a full disk */
	signal(SIGXFSZ, SIG_IGN);
}

int
process_become(const char *program, char *const argv[])
{
	signal(SIGXFSZ, SIG_DFL);
	return execvp(program, argv);
}

static bool
is_target(const struct move *moves, int n, int fd)
{
	for (int i = 0; i < n; i++) {
		if (moves[i].to == fd)
			return true;
	}
	return false;
}

/* A source that an earlier move would overwrite is copied above all targets first. */
static int
moves_untangle(struct move *moves, int n)
{
	int top = 2;

	for (int i = 0; i < n; i++)
		top = moves[i].to > top ? moves[i].to : top;
	for (int i = 0; i < n; i++) {
		int fd;

		if (moves[i].from < 0 || moves[i].from == moves[i].to ||
		    !is_target(moves, n, moves[i].from))
			continue;
		fd = fcntl(moves[i].from, F_DUPFD_CLOEXEC, top + 1);
		if (fd < 0)
			return -1;
		moves[i].from = fd;
		moves[i].copied = true;
	}
	return 0;
}

static int
moves_apply(posix_spawn_file_actions_t *actions, const struct move *moves, int n,
    const char *terminal)
{
	int sys = 0;

	for (int i = 0; i < n && sys == 0; i++) {
		if (moves[i].from >= 0)
			sys = posix_spawn_file_actions_adddup2(actions, moves[i].from, moves[i].to);
		else
			sys = posix_spawn_file_actions_addopen(actions, moves[i].to,
			    terminal != NULL ? terminal : "/dev/null", O_RDWR, 0);
	}
	return sys;
}

/*
 * The child begins with the signals of a fresh login: nothing ignored, nothing blocked. exec(2) resets
 * what is caught; what is ignored has to be named, and naming all costs the child 64 calls. We ignore
 * SIGPIPE ourselves at most; the others can only have come from whoever started us.
 */
static sigset_t ignored_signals;

/* Whatever thread is the first to start something. */
static void
first_spawn(void)
{
	sigaddset(&ignored_signals, SIGPIPE);
	for (int signal = 1; signal < NSIG; signal++) {
		struct sigaction now;

		if (sigaction(signal, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
			sigaddset(&ignored_signals, signal);
	}
	/* what this process inherited is not for its children */
	close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
}

static void
attributes_fill(posix_spawnattr_t *attributes, const struct process_spec *p)
{
	short flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
	sigset_t none;

	posix_spawnattr_init(attributes);
	posix_spawnattr_setsigdefault(attributes, &ignored_signals);
	sigemptyset(&none);
	posix_spawnattr_setsigmask(attributes, &none);
	if (p->session)
		flags |= POSIX_SPAWN_SETSID;
	else if (p->group)
		flags |= POSIX_SPAWN_SETPGROUP;
	posix_spawnattr_setflags(attributes, flags);
}

static int
spawn_file(pid_t *pid, const char *path, const struct process_spec *p, struct move *moves, int n)
{
	extern char **environ;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int result = -1, sys;

	posix_spawn_file_actions_init(&actions);
	attributes_fill(&attributes, p);
	sys = moves_apply(&actions, moves, n, p->terminal);
	if (sys == 0 && p->dir != NULL)
		sys = posix_spawn_file_actions_addchdir_np(&actions, p->dir);
	errno = sys;
	if (sys == 0)
		result = kernel.spawn(pid, path, &actions, &attributes, p->argv,
		    p->env != NULL ? p->env : environ);
	sys = errno;
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	errno = sys;
	return result;
}

/* The same by a child that does more before it is its program. */
static int
enter_file(pid_t *pid, const char *path, const struct process_spec *p, const struct move *moves, int n,
    const char **failed)
{
	extern char **environ;
	AUTO_FREE int (*pairs)[2] = xmalloc((size_t)n * sizeof(*pairs));

	for (int i = 0; i < n; i++) {
		pairs[i][0] = moves[i].from;
		pairs[i][1] = moves[i].to;
	}
	return childsetup_spawn(pid, p->setup, &(struct childsetup_program){ .path = path, .argv = p->argv,
	    .env = p->env != NULL ? p->env : environ, .dir = p->dir, .moves = (const int (*)[2])pairs,
	    .nmoves = (size_t)n, .terminal = p->terminal, .session = p->session, .group = p->group,
	    .defaults = &ignored_signals }, failed);
}

/* What failed: the folder to start in, what is to run the file, or the file. */
static void
explain(const struct process_spec *p, const char *path, int sys, struct error *e)
{
	AUTO_CLOSE int dir = -1;

	if (p->dir != NULL && (dir = kernel.open(AT_FDCWD, p->dir, O_PATH | O_DIRECTORY, 0)) < 0) {
		error_sys(e, "%s", p->dir);
		return;
	}
	if ((sys == ENOENT || sys == EACCES || sys == ENOEXEC) && path != NULL &&
	    interpreter_explain(p->dir == NULL ? AT_FDCWD : dir, path, sys, e) < 0) {
		error_before(e, "%s: ", p->name != NULL ? p->name : p->path);
		return;
	}
	errno = sys;
	error_sys(e, "%s", p->name != NULL ? p->name : p->path);
}

int
process_spawn(pid_t *pid, const struct process_spec *p, struct error *e)
{
	static pthread_once_t first = PTHREAD_ONCE_INIT;
	extern char **environ;
	AUTO_FREE char *found = NULL;
	const char *path = p->path;
	int n = 3 + p->nextra, result = -1;
	AUTO_FREE struct move *moves = xmalloc((size_t)n * sizeof(*moves));
	const char *failed = NULL;

	pthread_once(&first, first_spawn);
	moves[0] = (struct move){ p->in, 0, false };
	moves[1] = (struct move){ p->out, 1, false };
	moves[2] = (struct move){ p->err, 2, false };
	for (int i = 0; i < p->nextra; i++)
		moves[3 + i] = (struct move){ p->extra[i][0], p->extra[i][1], false };
	if (strchr(path, '/') == NULL)
		path = found = process_find(path, env_value(p->env != NULL ? p->env : environ, "PATH"));
	if (path != NULL && moves_untangle(moves, n) == 0)
		result = p->setup == NULL ? spawn_file(pid, path, p, moves, n) :
		    enter_file(pid, path, p, moves, n, &failed);
	if (result < 0 && failed != NULL)
		error_sys(e, "%s: %s", p->name != NULL ? p->name : p->path, failed);
	else if (result < 0)
		explain(p, path, errno, e);
	for (int i = 0; i < n; i++) {
		if (moves[i].copied)
			close(moves[i].from);
	}
	return result;
}

static volatile sig_atomic_t caught;

void
process_private(void)
{
	prctl(PR_SET_DUMPABLE, 0);
}

void
process_caught(int signal)
{
	if (caught == 0)
		caught = signal;
}

int
process_end(int status)
{
	sigset_t set;

	if (caught == 0)
		return status;
	process_private(); /* no core of one that is done */
	signal(caught, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, caught);
	raise(caught);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	return 128 + caught; /* the first process of a pid namespace is not ended by its own signals */
}

int
process_pidfd(pid_t pid)
{
	return pidfd_open(pid, 0);
}

bool
process_has_ended(pid_t pid)
{
	AUTO_CLOSE int fd = process_pidfd(pid);
	struct pollfd ended = { .fd = fd, .events = POLLIN };

	return fd < 0 ? errno == ESRCH : poll(&ended, 1, 0) == 1;
}

int
process_adopt_orphans(struct error *e)
{
	char path[64];

	/* what a job leaves behind is found by this file; no second way is worth having untested */
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	if (access(path, R_OK) < 0)
		return error_sys(e, "%s (is /proc mounted?)", path);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return error_sys(e, "prctl: PR_SET_CHILD_SUBREAPER");
	return 0;
}

void
process_list_add(struct process_list *l, pid_t pid)
{
	if (l->n == l->size) {
		l->size = l->size == 0 ? 16 : l->size * 2;
		l->pids = xrealloc(l->pids, l->size, sizeof(*l->pids));
	}
	l->pids[l->n++] = pid;
}

bool
process_list_has(const struct process_list *l, pid_t pid)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->pids[i] == pid)
			return true;
	}
	return false;
}

void
process_list_free(struct process_list *l)
{
	free(l->pids);
	*l = (struct process_list){ 0 };
}

/* Numbers with a blank behind each, cut anywhere between two reads. */
static void
list_read(struct process_list *l, int fd)
{
	char text[4096];
	off_t at = 0;
	ssize_t n;
	pid_t pid = 0;

	while ((n = kernel.pread(fd, text, sizeof(text), at)) > 0) {
		at += n;
		for (ssize_t i = 0; i < n; i++) {
			if (text[i] >= '0' && text[i] <= '9') {
				pid = pid * 10 + (text[i] - '0');
			} else if (pid > 0) {
				process_list_add(l, pid);
				pid = 0;
			}
		}
		/* a short read is the end: this file is made in one piece */
		if ((size_t)n < sizeof(text) / 2)
			break;
	}
}

int
process_children_open(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	return kernel.open(AT_FDCWD, path, O_RDONLY, 0);
}

void
process_children_read(int fd, struct process_list *out)
{
	if (fd >= 0)
		list_read(out, fd);
}

/* The children of every thread of pid. */
static void
children_of(pid_t pid, struct process_list *out)
{
	char path[64];
	struct dirent *entry;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	tasks = opendir(path);
	if (tasks == NULL)
		return;
	while ((entry = readdir(tasks)) != NULL) {
		AUTO_CLOSE int fd = -1;
		char file[280];

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(file, sizeof(file), "%s/children", entry->d_name);
		fd = kernel.open(dirfd(tasks), file, O_RDONLY, 0);
		if (fd >= 0)
			list_read(out, fd);
	}
	closedir(tasks);
}

void
process_children(struct process_list *out)
{
	children_of(getpid(), out);
}

void
process_descendants(pid_t root, struct process_list *out)
{
	size_t at = out->n;

	children_of(root, out);
	for (; at < out->n; at++)
		children_of(out->pids[at], out);
}

/* 0 when it has none that is seen from here, or is gone; -1 when there is no descriptor to look with. */
static pid_t
parent_of(pid_t pid)
{
	char path[64], text[512];
	const char *behind;
	ssize_t n;
	int parent = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	AUTO_CLOSE int fd = kernel.open(AT_FDCWD, path, O_RDONLY, 0);
	if (fd < 0)
		return errno == EMFILE || errno == ENFILE ? -1 : 0;
	n = kernel.read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	/* the name, in brackets, may hold anything */
	behind = strrchr(text, ')');
	return behind != NULL && sscanf(behind + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

/* Whether ancestor started the process, or started who did, and so on: 1 or 0, or -1. */
static int
is_below(pid_t pid, pid_t ancestor)
{
	do
		pid = parent_of(pid);
	while (pid > 0 && pid != ancestor);
	return pid > 0 ? 1 : pid;
}

bool
process_descends_from(pid_t ancestor)
{
	return is_below(getpid(), ancestor) > 0;
}

/* The whole of /proc/PID/environ behind a NUL, so that every variable begins behind one. False when it has
 * none any more, or it is not ours to read. */
static bool
environ_read(pid_t pid, struct bytes *text)
{
	AUTO_CLOSE int fd = -1;
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	fd = kernel.open(AT_FDCWD, path, O_RDONLY, 0);
	text->len = 0;
	bytes_char(text, '\0');
	while (fd >= 0 && text->len < ENVIRON_LIMIT &&
	    (n = kernel.read(fd, bytes_reserve(text, 4096), 4096)) > 0)
		text->len += (size_t)n;
	return fd >= 0;
}

bool
process_has_env(pid_t pid, const char *pair)
{
	const struct timespec moment = { .tv_nsec = 100 * 1000 };
	AUTO_BYTES text = { 0 };
	size_t length = strlen(pair) + 1;

	/* in the middle of exec(2) it is empty for a moment; of one that has ended it cannot be opened */
	for (int i = 0; i < 20 && environ_read(pid, &text) && text.len == 1; i++)
		nanosleep(&moment, NULL);
	for (size_t at = 0; at + length < text.len;) {
		const char *start = memchr(text.data + at, '\0', text.len - at);

		if (start == NULL)
			break;
		at = (size_t)(start - text.data) + 1;
		if (text.len - at >= length && memcmp(text.data + at, pair, length) == 0)
			return true;
	}
	return false;
}

bool
process_may_kill(pid_t pid)
{
	return kill(pid, 0) == 0 || errno != EPERM;
}

/*
 * Who is below us and no child of ours may be reaped by its parent at any time, and its number be
 * another's: it is held by a pidfd before it is looked at once more, and signaled by that. Those
 * behind the first batch may have become our own children meanwhile. How many of the list were dealt
 * with.
 */
static size_t
batch_hold(const struct process_list *tree, size_t from, pid_t root, int held[HELD])
{
	size_t n = 0;

	for (; n < HELD && from + n < tree->n; n++) {
		pid_t pid = tree->pids[from + n];
		int below = 0;

		held[n] = process_pidfd(pid);
		if (held[n] < 0 && errno != ESRCH)
			break;
		if (held[n] >= 0)
			below = is_below(pid, root);
		if (held[n] >= 0 && below == 0 && from > 0)
			below = is_below(pid, getpid());
		if (below > 0)
			continue;
		memory_close(&held[n]);
		held[n] = -1;
		if (below < 0)
			break;
	}
	return n;
}

static void
batch_signal(int held[HELD], size_t n, int signal)
{
	for (size_t i = 0; i < n; i++) {
		if (held[i] >= 0)
			pidfd_send_signal(held[i], signal, NULL, 0);
		memory_close(&held[i]);
	}
}

/* All are listed, and the first ones held, before root gets it: when that dies, they are no longer
 * below it. */
static void
signal_all(pid_t root, pid_t target, int signal)
{
	struct process_list tree = { 0 };
	int held[HELD];
	size_t n, at;

	process_descendants(root, &tree);
	at = n = batch_hold(&tree, 0, root, held);
	if (target != 0)
		kill(target, signal);
	batch_signal(held, n, signal);
	while (n > 0 && (n = batch_hold(&tree, at, root, held)) > 0) {
		batch_signal(held, n, signal);
		at += n;
	}
	process_list_free(&tree);
}

void
process_signal_tree(pid_t leader, bool leads, int signal)
{
	signal_all(leader, leads ? -leader : leader, signal);
}

void
process_signal_below(pid_t root, int signal)
{
	signal_all(root, 0, signal);
}

void
process_name(pid_t pid, char name[64])
{
	AUTO_CLOSE int fd = -1;
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	fd = kernel.open(AT_FDCWD, path, O_RDONLY, 0);
	n = fd < 0 ? 0 : kernel.read(fd, name, 63);
	name[n > 0 ? n - 1 : 0] = '\0';
}
