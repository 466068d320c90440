#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "entries.h"
#include "kernel.h"
#include "leftovers.h"
#include "memory.h"
#include "names.h"
#include "place.h"
#include "process.h"
#include "rooms.h"
#include "variables.h"

static int
watch(struct attempt *a, int which, int fd, int mode, loop_ready *ready, struct error *e)
{
	a->pipes[which] = fd;
	/* only our side: the job's is another description, and blocks as programs expect */
	fcntl(fd, F_SETFL, mode | O_NONBLOCK);
	return loop_watch(a->site->loop, fd, EPOLLIN, ready, a, e);
}

static int
pipe_open(struct attempt *a, int which, loop_ready *ready, struct error *e)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_sys(e, "pipe");
	a->ends[1 + which] = fds[1];
	return watch(a, which, fds[0], O_RDONLY, ready, e);
}

/* The job's side is opened by its path, so that it becomes its controlling terminal; our descriptor of it
 * keeps the pty from hanging up between two entries. */
static int
terminal_open(struct attempt *a, loop_ready *ready, struct error *e)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	int unlock = 0, number;
	int fd = kernel.open(AT_FDCWD, "/dev/ptmx", O_RDWR | O_NOCTTY, 0);

	if (fd < 0)
		return error_sys(e, "/dev/ptmx");
	if (watch(a, 0, fd, O_RDWR, ready, e) < 0)
		return -1;
	if (ioctl(fd, TIOCSPTLCK, &unlock) < 0 || ioctl(fd, TIOCGPTN, &number) < 0 ||
	    ioctl(fd, TIOCSWINSZ, &size) < 0)
		return error_sys(e, "/dev/ptmx");
	snprintf(a->terminal, sizeof(a->terminal), "/dev/pts/%d", number);
	a->ends[1] = kernel.open(AT_FDCWD, a->terminal, O_RDWR | O_NOCTTY, 0);
	return a->ends[1] < 0 ? error_sys(e, "%s", a->terminal) : 0;
}

/* A file without a name that holds the text: no pipe to be fed, no process to feed it. */
static int
stdin_open(struct attempt *a, struct error *e)
{
	const char *text = a->spec.stdin_text;
	int fd = memfd_create("stdin", MFD_CLOEXEC);

	a->ends[0] = fd;
	if (fd < 0 || kernel_write_all(fd, text, strlen(text)) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return error_sys(e, "stdin");
	return 0;
}

int
launch_open(struct attempt *a, loop_ready *const ready[2], struct error *e)
{
	if (a->spec.stdin_text != NULL && stdin_open(a, e) < 0)
		return -1;
	if (a->site->settings->interactive >= 0)
		return terminal_open(a, ready[0], e) < 0 ? -1 :
		    interactive_begin(&a->site->interactive, a->site->loop, a->pipes[0], e);
	if (a->site->logs < 0)
		return 0;
	if (a->spec.pty)
		return terminal_open(a, ready[0], e);
	if (pipe_open(a, 0, ready[0], e) < 0)
		return -1;
	return a->spec.split ? pipe_open(a, 1, ready[1], e) : 0;
}

static int
display_start(struct attempt *a, struct error *e)
{
	const struct site *site = a->site;
	bool plain = strcmp(site->settings->progress, "plain") == 0;
	bool nowhere = !site->keep_logs && site->settings->log == NULL && site->report.events;
	AUTO_BYTES name = { 0 };
	int fd;

	if (!plain && !nowhere)
		return 0;
	if (site->settings->log != NULL)
		bytes_format(&name, "/proc/self/fd/%d", a->log.fd);
	else
		logfile_name(&name, a->spec.id, a->spec.attempt, "log");
	fd = kernel.open(site->logs, bytes_string(&name), O_RDONLY, 0);
	if (fd < 0)
		return error_sys(e, "open %s", name.data);
	display_open(&a->display, fd, a->spec.id, plain ? &a->site->report.out : NULL);
	return 0;
}

int
launch_log_room(const struct site *site, struct error *e)
{
	int spare[3 * SITE_OPENING], need = 3 * (site->opening + 1), n = 0;

	while (n < need && (spare[n] = fcntl(site->null, F_DUPFD_CLOEXEC, 0)) >= 0)
		n++;
	if (n < need)
		error_sys(e, "descriptors for its log");
	for (int i = 0; i < n; i++)
		close(spare[i]);
	return n < need ? -1 : 0;
}

int
launch_log(struct attempt *a, struct error *e)
{
	if (a->site->logs < 0)
		return 0;
	a->log.mask = a->site->mask;
	a->log.cap = a->limits.of[LIMIT_LOG];
	return display_start(a, e);
}

void
launch_log_remove(const struct attempt *a)
{
	static const char *const suffixes[] = { "log", "idx" };

	for (size_t i = 0; i < 2; i++) {
		AUTO_BYTES name = { 0 };

		logfile_name(&name, a->spec.id, a->spec.attempt, suffixes[i]);
		(void)names_remove(a->site->logs, bytes_string(&name), NULL);
	}
}

/* What is run behind the script is told how that ended. */
static void
result_tell(const struct attempt *a, struct variables_attempt *own, char status[32], char code[32])
{
	bool exited = a->reason == NULL && WIFEXITED(a->status);
	bool canceled = a->reason != NULL && strcmp(a->reason, "canceled") == 0;

	if (!a->closing)
		return;
	snprintf(status, 32, "MCI_STATUS=%s", canceled ? "canceled" :
	    exited && WEXITSTATUS(a->status) == 0 ? "success" : "failure");
	strcpy(code, "MCI_EXIT=");
	if (exited)
		snprintf(code, 32, "MCI_EXIT=%d", WEXITSTATUS(a->status));
	own->status = status;
	own->exit = code;
}

/* Hands what would run here to the runner. */
static int
place(struct attempt *a, struct process_spec *p, const char *dir, struct error *e)
{
	struct runner_job *job = &a->place;

	if (job->folder == NULL) {
		job->output = strchr(a->token, '=') + 1;
		job->name = strrchr(job->output, '/') + 1;
		job->shown = a->site->cwd;
		job->scratch = a->site->scratch;
		job->secrets = secrets_files(&a->spec) ? a->secrets : NULL;
		if (job->runner->rooms && rooms_take(a, e) < 0)
			return -1;
		job->folder = a->copy != NULL ? a->copy : a->site->cwd;
		job->room = a->room;
		job->home = a->site->home;
	}
	job->script = a->command.file;
	p->dir = dir;
	return place_prepare(job, p, e);
}

/* wait is what the process finds at NOTES_WAIT_FD, -1 nothing. */
static int
start(struct attempt *a, const char *dir, const char *pwd, int wait, child_ended *ended,
    struct error *e)
{
	const struct site *site = a->site;
	bool passed = site->logs < 0, noted = a->notes_ready;
	struct variables_attempt own = { .id = site->settings->script ? NULL : a->spec.id,
		.number = a->spec.attempt,
		.output = a->token, .notes = noted ? "MCI_NOTES=" NOTES_PATH : NULL,
		.pwd = a->command.simple ? pwd : NULL };
	char status[32], code[32];
	AUTO_FREE char **env = (result_tell(a, &own, status, code),
	    variables_make(&site->environment, &a->spec, &own));
	const int extra[2][2] = { { a->notes.write, NOTES_FD }, { wait, NOTES_WAIT_FD } };
	struct process_spec p = { .path = a->command.path, .argv = a->command.argv, .env = env,
		.dir = dir, .in = a->ends[0] >= 0 && !a->closing ? a->ends[0] : site->null, .out = a->ends[1],
		.err = a->ends[2] >= 0 ? a->ends[2] : a->ends[1], .extra = extra,
		.nextra = noted + (wait >= 0), .group = true };
	const struct childsetup setup = { .groups = a->cgroup.joins,
		.ngroups = place_is_remote(&a->place) ? 0 : (size_t)a->cgroup.njoins,
		.limits = a->rlimits, .nlimits = a->nrlimits, .landlock = -1 };

	if (a->terminal[0] != '\0') {
		p.terminal = a->terminal;
		p.session = true;
		p.in = p.out = p.err = -1;
	} else if (site->settings->argv != NULL) {
		p.in = STDIN_FILENO;
	}
	if (passed && a->terminal[0] == '\0') {
		p.out = STDOUT_FILENO;
		p.err = STDERR_FILENO;
	}
	if (setup.ngroups + setup.nlimits > 0)
		p.setup = &setup;
	if (place(a, &p, pwd + strlen("PWD="), e) < 0)
		return -1;
	cgroup_revive(&a->cgroup);
	a->leader = child_start(site->loop, &p, ended, a, e);
	return a->leader == NULL ? -1 : 0;
}

/* The folder's own path, as a shell that begins there puts it into PWD; *dir is NULL for our own. */
static int
folder(const struct attempt *a, char *path, char *pwd, const char **dir, struct error *e)
{
	AUTO_FREE char *below = a->copy == NULL || a->spec.dir == NULL ? NULL :
	    xformat("%s/%s", a->copy, a->spec.dir);
	const char *wanted = below != NULL ? below : a->spec.dir != NULL ? a->spec.dir : a->copy;
	struct stat st;

	*dir = wanted == NULL ? NULL : path;
	if (wanted == NULL) {
		snprintf(pwd, PATH_MAX + 4, "PWD=%s", a->site->cwd);
		return 0;
	}
	memcpy(pwd, "PWD=", 4);
	if (realpath(wanted, path) == NULL || stat(path, &st) < 0)
		return error_sys(e, "dir: %s", a->spec.dir != NULL ? a->spec.dir : wanted);
	if (!S_ISDIR(st.st_mode))
		return error_set(e, ERROR_INPUT, "dir: %s: is not a folder", a->spec.dir);
	memcpy(pwd + 4, path, strlen(path) + 1);
	return 0;
}

/* Whether no other process will be started behind this one. */
static bool
is_last(const struct attempt *a)
{
	const struct spec *s = &a->spec;
	size_t end = a->first + a->part.n;

	return a->closing ? end == s->nfinally : s->nfinally == 0 && end == s->nscript;
}

/* The job's ends here. */
static void
close_ends(struct attempt *a)
{
	for (int i = 0; i < 3; i++) {
		if (a->ends[i] >= 0)
			close(a->ends[i]);
		a->ends[i] = -1;
	}
}

/* Whether the shell waits somewhere until the place in the log is known. */
static bool
waits(const struct attempt *a)
{
	for (size_t i = 1; i < a->part.n && a->command.tells; i++) {
		if (entries_wait(a->part.entries, i))
			return true;
	}
	return false;
}

/* The process for the command that was prepared. */
static int
command_start(struct attempt *a, const char *dir, const char *pwd, child_ended *ended, struct error *e)
{
	AUTO_CLOSE int read_end = -1;
	int fds[2];

	if (a->wait >= 0)
		close(a->wait);
	a->wait = -1;
	if (waits(a)) {
		if (pipe2(fds, O_CLOEXEC) < 0)
			return error_sys(e, "pipe");
		read_end = fds[0];
		a->wait = fds[1];
	}
	return start(a, dir, pwd, read_end, ended, e);
}

int
launch_entry(struct attempt *a, child_ended *ended, struct error *e)
{
	AUTO_FREE char *file = xformat("%s.script", strchr(a->token, '=') + 1);
	char path[PATH_MAX], pwd[PATH_MAX + 4];
	const char *dir;

	if (folder(a, path, pwd, &dir, e) < 0)
		return -1;
	command_free(&a->command);
	a->part = command_part(&a->spec, a->closing, a->entry);
	a->first = a->entry;
	if (command_prepare(&a->command, &a->spec, a->part,
	    place_is_elsewhere(&a->place) ? NULL : &a->site->environment, file, e) < 0)
		return -1;
	if (command_start(a, dir, pwd, ended, e) < 0) {
		/* the shell says what is wrong with the program, or runs it where the kernel cannot */
		if (!a->command.simple || (e->sys != ENOENT && e->sys != EACCES && e->sys != ENOEXEC))
			return -1;
		if (command_prepare_shell(&a->command, &a->spec, a->part, file, e) < 0 ||
		    command_start(a, dir, pwd, ended, e) < 0)
			return -1;
		e->code = ERROR_NONE;
	}
	if (is_last(a))
		close_ends(a);
	return 0;
}

void
launch_signal(struct attempt *a, int signal)
{
	if (a->state == ATTEMPT_COPYING)
		child_signal_tree(a->leader, signal);
	else
		place_signal(&a->place, a->leader, signal);
}

bool
launch_leftovers(struct attempt *a, child_ended *ended)
{
	const char *stem = place_left(&a->place);
	AUTO_FREE char **argv = stem == NULL ? NULL : leftovers_command(stem);
	struct process_spec p = { .in = a->site->null, .out = a->site->null, .err = a->site->null,
		.group = true };

	if (argv == NULL)
		return false;
	/* once: what could not be undone is not tried for ever */
	leftovers_forget(stem);
	child_free(a->leader);
	p.path = argv[0];
	p.argv = argv;
	a->leader = child_start(a->site->loop, &p, ended, a, &a->error);
	if (a->leader == NULL)
		return false;
	loop_cancel(a->site->loop, a->again);
	a->again = NULL;
	a->state = ATTEMPT_UNDOING;
	return true;
}

void
launch_ended(struct attempt *a, int *status)
{
	struct error e = { 0 };

	if (place_ended(&a->place, status, &e) == 0 || a->reason != NULL)
		return;
	a->error = e;
	a->reason = e.code == ERROR_DISCONNECTED ? "lost" : "start";
	a->cut = true;
}

void
launch_close(struct attempt *a, int which)
{
	if (a->pipes[which] < 0)
		return;
	loop_forget(a->site->loop, a->pipes[which]);
	close(a->pipes[which]);
	a->pipes[which] = -1;
}

void
launch_undo(struct attempt *a)
{
	close_ends(a);
	launch_close(a, 0);
	launch_close(a, 1);
	if (a->wait >= 0)
		close(a->wait);
	a->wait = -1;
	display_close(&a->display);
	a->terminal[0] = '\0';
}
