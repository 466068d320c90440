#include "sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bwrap.h"
#include "childsetup.h"
#include "environment.h"
#include "kernel.h"
#include "memory.h"
#include "owner.h"
#include "quote.h"
#include "scope.h"
#include "syscalls.h"
#include "view.h"

#define OWN "/run/mci"
#define OUTPUT OWN "/output"
#define SECRETS OWN "/secrets"
#define SOCKET OWN "/build.sock"
#define HOME "/home/build"
#define BASE "/var/tmp" /* where what is handed over is attached, over what stands there */

/* Descriptors of bwrap's, over those of the job. */
enum { OPTIONS_FD = 20, FILTER_FD, STATUS_FD, SECRETS_FD };

#define FILES 64  /* secrets that are files, at most */

#define MOUNTS 32 /* what is handed over, at most */

struct sandbox {
	struct view view;
	char *output;         /* where what the job puts out lands */
	char *program;        /* what is run, where it had to be found */
	int status;           /* our end of what bwrap says; -1 */
	int options, filter, said; /* bwrap's ends; -1 */
	int (*extra)[2];
	char **argv;
	char *env[2];
	struct childsetup setup;
	int files[FILES];     /* its secrets */
	size_t nfiles;
	struct owner owner;   /* where we are root */
	struct childsetup_mount mounts[MOUNTS];
};

static size_t
count(char *const *list)
{
	size_t n = 0;

	while (list[n] != NULL)
		n++;
	return n;
}

/* The job's variable of this name, or NULL. */
static const char *
variable(char *const *env, const char *name)
{
	ptrdiff_t at = environment_find(env, count(env), name);

	return at < 0 ? NULL : env[at] + strlen(name) + 1;
}

int
sandbox_check(const struct settings *settings, const struct spec *spec, struct error *e)
{
	(void)settings;
	(void)spec;
	return bwrap_path(e) == NULL ? -1 : 0;
}

/* ---- what is seen */

/* The kit's own programs that jobs call, where they are not among the machine's. */
static void
kit_show(struct view *v)
{
	static const char *const programs[] = { "mci", "mci-blob", "mci-log", "mci-relay" };

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		AUTO_FREE char *path = process_kit(programs[i]);

		if (*path == '/' && !view_shows(v, path) && access(path, X_OK) == 0)
			view_hand(v, VIEW_READ, VIEW_REACH, path, path);
	}
}

static const char *
api_of(const struct runner_job *job, char *const *env)
{
	return job->spec->api != NULL ? job->spec->api : variable(env, "MCI_BUILD");
}

static void
view_make(struct runner_job *job, struct view *v, char *const *env)
{
	AUTO_FREE char *own = xformat("%s/run", job->room), *tmp = xformat("%s/tmp", job->room);
	const char *api = api_of(job, env);

	view_machine(v);
	view_hand(v, VIEW_WRITE, VIEW_OWN, own, OWN);
	view_hand(v, VIEW_WRITE, VIEW_OWN, tmp, "/tmp");
	view_add(v, VIEW_LINK, "/tmp", "/var/tmp");
	view_hand(v, VIEW_WRITE, VIEW_OWN, job->home, HOME);
	if (api != NULL && access(api, F_OK) == 0)
		view_hand(v, VIEW_WRITE, VIEW_OWN, api, SOCKET);
	for (size_t i = 0; i < job->settings->nvisible; i++)
		view_hand(v, VIEW_READ, VIEW_REACH, job->settings->visible[i], job->settings->visible[i]);
	view_hand(v, job->settings->script ? VIEW_READ : VIEW_WRITE, VIEW_OWN, job->folder, job->shown);
	kit_show(v);
	if (job->script != NULL)
		view_hand(v, VIEW_READ, VIEW_OWN, job->script, job->script);
	view_add(v, VIEW_LOCKED, NULL, "/");
}

/* ---- what it is started with */

static bool
has_network(const struct runner_job *job)
{
	const char *network = job->spec->network != NULL ? job->spec->network : job->settings->network;

	return network == NULL || strcmp(network, "none") != 0;
}

/* A file in memory that bwrap reads. */
static int
file_make(const struct bytes *text, struct error *e)
{
	int fd = memfd_create("bwrap", MFD_CLOEXEC);

	if (fd >= 0 && kernel_write_all(fd, text->data, text->len) == 0 && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	error_sys(e, "a file in memory");
	memory_close(&fd);
	return -1;
}

static void
word(struct bytes *into, const char *text)
{
	bytes_add(into, text, strlen(text) + 1);
}

static void
words(struct bytes *into, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		word(into, list[i]);
}

/* What our own variable of this name means nowhere else. */
static const struct {
	const char *name, *value; /* NULL: it is not set there */
} replaced[] = {
	{ "HOME", HOME }, { "TMPDIR", "/tmp" }, { "XDG_CONFIG_HOME", NULL }, { "XDG_DATA_HOME", NULL },
	{ "XDG_STATE_HOME", NULL }, { "XDG_CACHE_HOME", NULL }, { "XDG_RUNTIME_DIR", NULL },
	{ "MCI_EVENTS", NULL }, { "MCI_LOG", NULL }, { "MCI_STORE", NULL }, { "MCI_BLOB", NULL },
};

/* Files in memory: what they hold is on no disk. Read before the job can. */
static int
secrets_options(const struct runner_job *job, struct sandbox *x, struct bytes *into, struct error *e)
{
	DIR *all = job->secrets == NULL ? NULL : opendir(job->secrets);
	struct dirent *entry;

	if (all != NULL)
		words(into, (const char *const[]){ "--perms", "0700", "--tmpfs", SECRETS }, 4);
	while (all != NULL && (entry = readdir(all)) != NULL) {
		AUTO_FREE char *at = xformat(SECRETS "/%s", entry->d_name);
		AUTO_FREE char *number = xformat("%d", SECRETS_FD + (int)x->nfiles);
		int fd;

		if (entry->d_name[0] == '.')
			continue;
		fd = x->nfiles == FILES ? -1 : kernel.open(dirfd(all), entry->d_name, O_RDONLY, 0);
		if (fd < 0) {
			closedir(all);
			return error_set(e, ERROR_LIMIT, "secrets: more than %d files", FILES);
		}
		x->files[x->nfiles++] = fd;
		words(into, (const char *const[]){ "--perms", "0400", "--file", number, at }, 5);
	}
	if (all != NULL)
		closedir(all);
	return 0;
}

/* As the job sees it; NULL: not at all. What a spec sets itself stays. */
static const char *
value_there(const char *name, const char *value, bool api)
{
	if (strcmp(name, "MCI_BUILD") == 0)
		return api ? SOCKET : NULL;
	if (strcmp(name, "MCI_OUTPUT") == 0)
		return OUTPUT;
	for (size_t i = 0; i < sizeof(replaced) / sizeof(replaced[0]); i++) {
		const char *ours = getenv(name);

		if (strcmp(replaced[i].name, name) == 0 && ours != NULL && strcmp(ours, value) == 0)
			return replaced[i].value;
	}
	return value;
}

/* The same for the path of a file with a secret; else NULL. */
static char *
file_there(const struct runner_job *job, const char *value)
{
	size_t n = job->secrets == NULL ? 0 : strlen(job->secrets);

	return n > 0 && strncmp(value, job->secrets, n) == 0 && value[n] == '/' ?
	    xformat(SECRETS "%s", value + n) : NULL;
}

/* bwrap itself has nothing of it: a variable of the job's would be obeyed outside (LD_PRELOAD). */
static void
environment_options(const struct runner_job *job, char *const *env, struct bytes *into)
{
	bool api = api_of(job, env) != NULL, home = false;

	word(into, "--clearenv");
	for (; *env != NULL; env++) {
		AUTO_FREE char *name = xmemdup(*env, strcspn(*env, "="));
		const char *value = value_there(name, *env + strlen(name) + 1, api);
		AUTO_FREE char *file = value == NULL ? NULL : file_there(job, value);

		value = file != NULL ? file : value;

		home |= strcmp(name, "HOME") == 0;
		if (value == NULL)
			continue;
		word(into, "--setenv");
		word(into, name);
		word(into, value);
	}
	if (!home)
		words(into, (const char *const[]){ "--setenv", "HOME", HOME }, 3);
}

static void
options_make(const struct runner_job *job, const struct process_spec *p, const struct view *v,
    struct bytes *into)
{
	static const char *const always[] = { "--unshare-user", "--unshare-ipc", "--unshare-pid",
		"--unshare-uts", "--unshare-cgroup-try", "--die-with-parent", "--cap-drop", "ALL" };

	words(into, always, sizeof(always) / sizeof(always[0]));
	if (!has_network(job))
		word(into, "--unshare-net");
	/* a terminal of its own is nobody's way in, and only the leader of a session has one */
	if (p->terminal == NULL)
		word(into, "--new-session");
	view_options(v, into);
	word(into, "--chdir");
	word(into, p->dir);
}

/* The folder as the job sees it: the one that it works in may be shown in another's place. */
static char *
dir_there(const struct runner_job *job, const char *dir)
{
	size_t n = strlen(job->folder);

	if (strncmp(dir, job->folder, n) == 0 && (dir[n] == '\0' || dir[n] == '/'))
		return xformat("%s%s", job->shown, dir + n);
	return xstrdup(dir);
}

/* Of the job's PATH what is shown; so what is found is there. */
static char *
program_find(const struct view *v, const char *name, char *const *env)
{
	AUTO_BYTES path = { 0 };

	for (const char *p = variable(env, "PATH"); p != NULL; p = strchr(p, ':')) {
		AUTO_FREE char *folder = NULL;

		p += *p == ':';
		folder = xmemdup(p, strcspn(p, ":"));
		if (view_shows(v, folder))
			bytes_format(&path, "%s%s", path.len > 0 ? ":" : "", folder);
	}
	return process_find(name, bytes_string(&path));
}

/* What is run must be there: bwrap would only say so, and exit with 1. */
static int
program_check(struct sandbox *x, const struct process_spec *p, struct error *e)
{
	AUTO_FREE char *found = NULL, *below = NULL;
	struct stat st;

	free(x->program);
	x->program = NULL;
	if (strchr(p->path, '/') == NULL)
		x->program = program_find(&x->view, p->path, p->env);
	else
		x->program = xstrdup(p->path);
	if (x->program == NULL)
		return error_sys(e, "%s", p->path);
	if (*x->program != '/')
		below = xformat("%s/%s", p->dir, x->program);
	found = realpath(below != NULL ? below : x->program, NULL);
	if (found == NULL || stat(found, &st) < 0)
		return error_sys(e, "%s", p->path);
	errno = EACCES;
	return S_ISREG(st.st_mode) && (st.st_mode & 0111) != 0 ? 0 : error_sys(e, "%s", p->path);
}

/* ---- where we are root */

/* Each thing that they may not reach gets a place that they can, and its row names that. */
static int
hand_over(struct sandbox *x, struct error *e)
{
	int base = owner_base(e);

	if (base < 0)
		return -1;
	x->setup.mounts = x->mounts;
	x->mounts[x->setup.nmounts++] = (struct childsetup_mount){ base, BASE };
	for (size_t i = 0; i < x->view.n; i++) {
		struct view_row *row = &x->view.rows[i];
		char name[24];
		int mount;

		if (row->right == VIEW_OPEN)
			continue;
		if (x->setup.nmounts == MOUNTS)
			return error_set(e, ERROR_LIMIT, "sandbox: more than %d paths to show", MOUNTS - 1);
		mount = owner_mount(&x->owner, row->from, row->right == VIEW_OWN, e);
		if (mount < 0)
			return -1;
		snprintf(name, sizeof(name), "%zu", i);
		free(row->from);
		row->from = xformat("%s/%s", BASE, name);
		x->mounts[x->setup.nmounts++] = (struct childsetup_mount){ mount, row->from };
		if (owner_place(base, name, mount, e) < 0)
			return -1;
	}
	return 0;
}

static int
become_other(struct sandbox *x, const struct runner_job *job, const struct process_spec *p, struct error *e)
{
	if (owner_find(&x->owner, job->folder, e) < 0 || hand_over(x, e) < 0)
		return -1;
	owner_pipe(&x->owner, p->in);
	owner_pipe(&x->owner, p->out);
	owner_pipe(&x->owner, p->err);
	for (int i = 0; i < p->nextra; i++)
		owner_pipe(&x->owner, p->extra[i][0]);
	x->setup.other = true;
	x->setup.uid = x->owner.uid;
	x->setup.gid = x->owner.gid;
	return 0;
}

/* ---- the runner */

/* What was for the process before. */
static void
reset(struct sandbox *x)
{
	for (size_t i = 0; i < x->setup.nmounts; i++)
		close(x->mounts[i].fd);
	memory_close(&x->options);
	memory_close(&x->filter);
	memory_close(&x->said);
	memory_close(&x->status);
	for (size_t i = 0; i < x->nfiles; i++)
		close(x->files[i]);
	x->nfiles = 0;
	view_free(&x->view);
	x->setup = (struct childsetup){ .landlock = -1 };
}

static int
rooms_make(struct runner_job *job, struct sandbox *x, struct error *e)
{
	AUTO_FREE char *tmp = xformat("%s/tmp", job->room), *own = xformat("%s/run", job->room);

	x->output = xformat("%s/run/output", job->room);
	/* as /tmp is everywhere; nobody else gets to it here */
	if (mkdir(own, 0700) < 0)
		return errno == EEXIST ? 0 : error_sys(e, "%s", own);
	return mkdir(tmp, 0700) == 0 && chmod(tmp, 01777) == 0 ? 0 : error_sys(e, "%s", tmp);
}

static int
descriptors_make(struct sandbox *x, const struct process_spec *p, const struct bytes *options,
    struct error *e)
{
	int fds[2], n = p->nextra;

	x->options = file_make(options, e);
	x->filter = x->options < 0 ? -1 : syscalls_filter(e);
	if (x->filter < 0)
		return -1;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_sys(e, "pipe");
	x->status = fds[0];
	x->said = fds[1];
	fcntl(x->status, F_SETFL, O_NONBLOCK);
	x->extra = xrealloc(x->extra, (size_t)n + 3 + x->nfiles, sizeof(*x->extra));
	for (size_t i = 0; i < x->nfiles; i++)
		memcpy(x->extra[(size_t)n + 3 + i], (int[]){ x->files[i], SECRETS_FD + (int)i },
		    sizeof(*x->extra));
	for (int i = 0; i < n; i++) {
		x->extra[i][0] = p->extra[i][0];
		x->extra[i][1] = p->extra[i][1];
	}
	memcpy(x->extra[n], (int[]){ x->options, OPTIONS_FD }, sizeof(*x->extra));
	memcpy(x->extra[n + 1], (int[]){ x->filter, FILTER_FD }, sizeof(*x->extra));
	memcpy(x->extra[n + 2], (int[]){ x->said, STATUS_FD }, sizeof(*x->extra));
	return 0;
}

/* bwrap, and behind its options what it is to run. */
static void
command_make(struct sandbox *x, const struct process_spec *p)
{
	static const char *const front[] = { "bwrap", "--args", "20", "--seccomp", "21",
		"--json-status-fd", "22", "--" };
	const size_t nfront = sizeof(front) / sizeof(front[0]);
	const size_t n = count(p->argv);

	x->argv = xrealloc(x->argv, nfront + n + 1, sizeof(*x->argv));
	memcpy(x->argv, front, sizeof(front));
	memcpy(x->argv + nfront, p->argv, (n + 1) * sizeof(*x->argv));
	x->argv[nfront] = x->program;
}

static void
spec_change(struct sandbox *x, const struct runner_job *job, struct process_spec *p,
    const char *bwrap)
{
	/* what bounds it bounds bwrap as well */
	if (p->setup != NULL) {
		x->setup.groups = p->setup->groups;
		x->setup.ngroups = p->setup->ngroups;
		x->setup.limits = p->setup->limits;
		x->setup.nlimits = p->setup->nlimits;
	}
	/* by which it is known as this attempt's */
	free(x->env[0]);
	x->env[0] = xformat("MCI_OUTPUT=%s/%s", job->scratch, job->name);
	*p = (struct process_spec){ .path = bwrap, .name = "bwrap", .argv = x->argv, .env = x->env,
		.dir = "/", .in = p->in, .out = p->out, .err = p->err, .extra = (const int (*)[2])x->extra,
		.nextra = p->nextra + 3 + (int)x->nfiles, .session = p->session, .group = p->group,
		.terminal = p->terminal, .setup = &x->setup };
}

static int
sandbox_open(struct runner_job *job, struct error *e)
{
	struct sandbox *x = xmalloc(sizeof(*x));

	*x = (struct sandbox){ .status = -1, .options = -1, .filter = -1, .said = -1 };
	job->own = x;
	return rooms_make(job, x, e);
}

int
sandbox_prepare(struct runner_job *job, struct process_spec *p, struct error *e)
{
	AUTO_FREE char *dir = dir_there(job, p->dir);
	const char *bwrap = bwrap_path(e);
	AUTO_BYTES options = { 0 };
	struct sandbox *x;

	if (bwrap == NULL || (job->own == NULL && sandbox_open(job, e) < 0))
		return -1;
	x = job->own;
	reset(x);
	job->output = x->output;
	view_make(job, &x->view, p->env);
	if (program_check(x, p, e) < 0)
		return -1;
	p->dir = dir;
	x->setup.landlock = scope_ruleset();
	if (geteuid() == 0 && become_other(x, job, p, e) < 0)
		return -1;
	options_make(job, p, &x->view, &options);
	environment_options(job, p->env, &options);
	if (secrets_options(job, x, &options, e) < 0 || descriptors_make(x, p, &options, e) < 0)
		return -1;
	command_make(x, p);
	spec_change(x, job, p, bwrap);
	return 0;
}

/* TERM is for the job to end well: bwrap in front would die of it at once, and all with it. Before the
 * command has begun there is nothing else to end. */
void
sandbox_signal(struct runner_job *job, const struct child *leader, int signal)
{
	struct process_list inside = { 0 };

	(void)job;
	process_descendants(child_pid(leader), &inside);
	if (signal == SIGTERM && inside.n >= 2)
		process_signal_below(child_pid(leader), signal);
	else
		child_signal_tree(leader, signal == SIGTERM ? SIGKILL : signal);
	process_list_free(&inside);
}

int
sandbox_ended(struct runner_job *job, int *status, struct error *e)
{
	const struct sandbox *x = job->own;

	if (!WIFEXITED(*status) || bwrap_began(x->status))
		return 0;
	return bwrap_failed(e);
}

void
sandbox_explain(struct runner_job *job, const struct process_spec *p, struct bytes *into)
{
	AUTO_BYTES options = { 0 };
	struct view v = { 0 };

	view_make(job, &v, p->env);
	view_tell(&v, into);
	bytes_format(into, "network\t%s\n", has_network(job) ? "host" : "none");
	options_make(job, p, &v, &options);
	bytes_text(into, "starts\tbwrap");
	for (size_t at = 0; at < options.len; at += strlen(options.data + at) + 1) {
		bytes_char(into, ' ');
		quote_shown(into, options.data + at);
	}
	bytes_text(into, " --clearenv [--setenv NAME VALUE]... --");
	for (size_t i = 0; p->argv[i] != NULL; i++) {
		bytes_char(into, ' ');
		quote_shown(into, i == 0 ? p->path : p->argv[i]);
	}
	bytes_char(into, '\n');
	view_free(&v);
}

void
sandbox_over(struct runner_job *job)
{
	struct sandbox *x = job->own;

	if (x == NULL)
		return;
	reset(x);
	free(x->output);
	free(x->program);
	free(x->extra);
	free(x->argv);
	free(x->env[0]);
	free(x);
}
