#include "podman.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "childsetup.h"
#include "container.h"
#include "kernel.h"
#include "leftovers.h"
#include "memory.h"
#include "names.h"
#include "notes.h"
#include "variables.h"
#include "words.h"

extern char **environ;

/* podman's own statuses, where the container did not come to run. */
#define STATUS_PODMAN 125
#define STATUS_NOT_RUN 126
#define STATUS_NOT_FOUND 127
/* Where the build's API is found in there, as in a sandbox. */
#define API_THERE "/run/mci/build.sock"
/* In one line of podman's --env-file. */
#define ENV_LINE 60000

struct podman {
	struct container container; /* of the process that runs */
	struct words argv;
	struct words env;     /* podman's: ours, and values that no file can hold */
	char *folder;         /* of what it puts out: the job's own, and mounted */
	char *output;         /* a file in there */
	char *values;         /* the file of its variables */
	struct childsetup setup; /* cgroups alone: what else bounds the job does not bound podman */
	int (*extra)[2];      /* descriptors: podman hands on those from 3 without a gap */
	bool cut;             /* it is podman that was told to end: what it leaves is not known */
};

int
podman_check(const struct settings *settings, const struct spec *spec, struct error *e)
{
	if (spec->image == NULL)
		return error_set(e, ERROR_INPUT, "runner: podman needs an image, as in \"image\":\"debian\"");
	return container_check(settings, e);
}

/* Names that mean something to podman, or to the loader that starts it. */
static bool
is_podmans(const char *pair)
{
	static const char *const begin[] = { "LD_", "CONTAINER", "STORAGE_", "REGISTRY_", "DBUS_", "GO",
		"XDG_", "NOTIFY_", "LISTEN_", "PODMAN", "BUILDAH", "_CONTAINERS", "HOME=", "PATH=",
		"TMPDIR=", "USER=", "BASH_ENV=", "ENV=", "GLIBC", "SSL_" };

	for (size_t i = 0; i < sizeof(begin) / sizeof(begin[0]); i++) {
		if (strncmp(pair, begin[i], strlen(begin[i])) == 0)
			return true;
	}
	return false;
}

/* In a file each is a line; what is none goes by podman's own environment. Values are never arguments, which
 * others can see. */
static int
variable_add(struct podman *m, struct bytes *file, const char *pair, struct error *e)
{
	size_t n = strcspn(pair, "=");

	if (strchr(pair, '\n') == NULL && strlen(pair) < ENV_LINE) {
		bytes_text(file, pair);
		bytes_char(file, '\n');
		return 0;
	}
	if (is_podmans(pair))
		return error_set(e, ERROR_INPUT, "env.%.*s: podman takes no value for it that is long or has "
		    "several lines", (int)n, pair);
	words_add(&m->env, pair);
	words_add(&m->argv, "--env");
	words_give(&m->argv, xmemdup(pair, n));
	return 0;
}

static int
variables_add(struct podman *m, const struct runner_job *job, char *const *env, struct error *e)
{
	AUTO_BYTES file = { 0 };
	AUTO_CLOSE int fd = -1;

	words_add_all(&m->env, (const char *const *)environ);
	for (; *env != NULL; env++) {
		if (!variables_travel(job->spec, job->settings->env, job->settings->nenv, *env))
			continue;
		if (variable_add(m, &file, *env, e) < 0)
			return -1;
	}
	words_add(&m->argv, "--env-file", m->values);
	if (job->scratch == NULL)
		return 0;
	fd = kernel.open(AT_FDCWD, m->values, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || kernel_write_all(fd, file.data, file.len) < 0)
		return error_sys(e, "write %s", m->values);
	return 0;
}

/* The socket of the build's API: the job's own, else that of all jobs. */
static const char *
api_of(const struct runner_job *job)
{
	const char *path = job->spec->api != NULL ? job->spec->api : getenv("MCI_BUILD");

	return path != NULL && access(path, F_OK) == 0 ? path : NULL;
}

/* One folder or file at a place in the container. */
static int
mount_add(struct words *w, const char *from, const char *to, const char *how, struct error *e)
{
	if (strchr(from, ':') != NULL || strchr(to, ':') != NULL)
		return error_set(e, ERROR_INPUT, "runner: podman mounts no path with ':' in it: %s", from);
	words_add(w, "--volume");
	words_give(w, xformat("%s:%s%s", from, to, how));
	return 0;
}

/* What the spec mounts, wherever symbolic links lead: never out of the build's folder. */
static int
mounts_add(struct podman *m, const struct runner_job *job, struct error *e)
{
	char folder[PATH_MAX], path[PATH_MAX];

	for (size_t i = 0; i < job->spec->nmounts; i++) {
		const struct spec_mount *mount = &job->spec->mounts[i];
		AUTO_FREE char *from = xformat("%s/%s", job->folder, mount->from);
		size_t n;

		if (realpath(job->folder, folder) == NULL || realpath(from, path) == NULL)
			return error_sys(e, "mounts[%zu]: %s", i, mount->from);
		n = strlen(folder);
		if (strncmp(path, folder, n) != 0 || (path[n] != '/' && path[n] != '\0'))
			return error_set(e, ERROR_INPUT, "mounts[%zu]: %s leads out of the build's folder", i,
			    mount->from);
		if (mount_add(&m->argv, path, mount->to, mount->readonly ? ":ro" : "", e) < 0)
			return -1;
	}
	return 0;
}

static int
places_add(struct podman *m, const struct runner_job *job, const struct process_spec *p, struct error *e)
{
	if (mount_add(&m->argv, job->folder, job->folder, "", e) < 0 ||
	    mount_add(&m->argv, m->folder, m->folder, "", e) < 0)
		return -1;
	if (job->script != NULL && mount_add(&m->argv, job->script, job->script, ":ro", e) < 0)
		return -1;
	if (mounts_add(m, job, e) < 0)
		return -1;
	if (api_of(job) != NULL && mount_add(&m->argv, api_of(job), API_THERE, "", e) < 0)
		return -1;
	words_add(&m->argv, "--workdir", p->dir != NULL ? p->dir : job->folder);
	return 0;
}

static const char *
arch_name(const char *arch)
{
	return strncmp(arch, "arm", 3) == 0 ? "arm64" : strncmp(arch, "amd", 3) == 0 ? "amd64" : arch;
}

/* Only another one is asked for: an image of this machine's may not say which it is. */
static void
arch_add(struct words *w, const char *arch)
{
	struct utsname name;
	const char *wanted = arch_name(arch), *own = "";

	if (uname(&name) == 0)
		own = strcmp(name.machine, "x86_64") == 0 ? "amd64" :
		    strcmp(name.machine, "aarch64") == 0 ? "arm64" : name.machine;
	if (strcmp(wanted, own) != 0)
		words_add(w, "--arch", wanted);
}

static void
image_options_add(struct words *w, const struct spec *s)
{
	if (s->pull != NULL)
		words_add(w, "--pull", s->pull);
	if (s->arch != NULL)
		arch_add(w, s->arch);
	if (s->platform != NULL)
		words_add(w, "--platform", s->platform);
	if (s->user != NULL)
		words_add(w, "--user", s->user);
}

static void
list_add(struct words *w, char *const *texts)
{
	if (texts != NULL)
		words_add_all(w, (const char *const *)texts);
}

/* podman takes an entry point of several words as JSON; the rest of ours goes behind the image. */
static void
command_add(struct podman *m, const struct runner_job *job, const struct process_spec *p)
{
	const struct spec *s = job->spec;
	bool own = s->nentrypoint > 0, script = p->path != NULL;

	if (own || script)
		words_add(&m->argv, "--entrypoint", own ? s->entrypoint[0] : p->path);
	container_image(&m->argv, s->image, job->folder);
	if (own)
		list_add(&m->argv, s->entrypoint + 1);
	if (own && script)
		words_add(&m->argv, p->path);
	if (script)
		list_add(&m->argv, p->argv + 1);
	else
		list_add(&m->argv, s->cmd);
	list_add(&m->argv, s->args);
}

/* Those that the job is to have, and nothing in front of them but what is empty. */
static void
descriptors_add(struct podman *m, struct process_spec *p)
{
	int last = 2, n = 0;

	for (int i = 0; i < p->nextra; i++) {
		if (p->extra[i][1] > last)
			last = p->extra[i][1];
		/* a pipe is its maker's alone, and the job may be another user in there */
		(void)fchmod(p->extra[i][0], 0666);
	}
	free(m->extra);
	m->extra = xmalloc((size_t)(last > 2 ? last - 2 : 1) * sizeof(*m->extra));
	for (int to = 3; to <= last; to++) {
		m->extra[n][0] = p->in;
		m->extra[n][1] = to;
		for (int i = 0; i < p->nextra; i++) {
			if (p->extra[i][1] == to)
				m->extra[n][0] = p->extra[i][0];
		}
		n++;
	}
	if (n == 0)
		return;
	words_add(&m->argv, "--preserve-fds");
	words_give(&m->argv, xformat("%d", n));
	p->extra = (const int(*)[2])m->extra;
	p->nextra = n;
}

static int
own_make(struct runner_job *job, struct error *e)
{
	struct podman *m = xmalloc(sizeof(*m));
	const char *scratch = job->scratch != NULL ? job->scratch : "SCRATCH";

	job->own = m;
	m->folder = xformat("%s/%s.d", scratch, job->name);
	m->values = xformat("%s/%s.env", scratch, job->name);
	m->output = xformat("%s/output", m->folder);
	if (job->scratch == NULL)
		return 0;
	if (mkdir(m->folder, 0700) < 0 && errno != EEXIST)
		return error_sys(e, "create %s", m->folder);
	/* whoever the job is in there; nobody else gets as far as here */
	if (chmod(m->folder, 0777) < 0)
		return error_sys(e, "%s", m->folder);
	job->output = m->output;
	return 0;
}

static const char *
network_of(const struct runner_job *job)
{
	const char *asked = job->spec->network != NULL ? job->spec->network : job->settings->network;

	/* ports of two jobs may be the same, in networks of their own */
	bool own = job->network == NULL ? job->spec->nexpose > 0 && asked == NULL :
	    strcmp(job->network, RUNNER_NETWORK_OWN) == 0;

	if (own)
		return asked == NULL || strcmp(asked, "none") != 0 ? container_network() : "none";
	return job->network != NULL ? job->network : asked != NULL ? asked : "host";
}

/* Whoever shares the network of another has its ports, too. */
static int
expose_add(struct podman *m, struct runner_job *job, struct error *e)
{
	const struct spec *s = job->spec;

	if (s->nexpose == 0 || (job->network != NULL && strcmp(job->network, RUNNER_NETWORK_OWN) != 0) ||
	    strcmp(network_of(job), "host") == 0)
		return 0;
	if (strcmp(network_of(job), "slirp4netns") != 0)
		return error_set(e, ERROR_INPUT,
		    "expose: a container's ports need slirp4netns and /dev/net/tun, and "
		    "a network that is not none");
	free(job->ports);
	job->ports = xmalloc(s->nexpose * sizeof(int));
	return container_expose(&m->argv, job->settings, s->expose, s->nexpose, job->ports, e);
}

static void
limits_add(struct podman *m, struct process_spec *p)
{
	const struct childsetup *s = p->setup;

	container_limits(&m->argv, s == NULL ? NULL : s->limits, s == NULL ? 0 : s->nlimits);
	if (s == NULL)
		return;
	m->setup = *s;
	m->setup.nlimits = 0;
	p->setup = &m->setup;
}

int
podman_prepare(struct runner_job *job, struct process_spec *p, struct error *e)
{
	struct podman *m = job->own;
	bool terminal = p->terminal != NULL;

	if (m == NULL && own_make(job, e) < 0)
		return -1;
	m = job->own;
	m->cut = false;
	words_free(&m->argv);
	words_free(&m->env);
	container_free(&m->container);
	container_name(&m->container, job->scratch, job->name);
	if (container_run(&m->argv, job->settings, &m->container, network_of(job), e) < 0 ||
	    expose_add(m, job, e) < 0)
		return -1;
	limits_add(m, p);
	/* the job writes into the very pipes; only a terminal has to be one of its own */
	words_add(&m->argv, "--log-driver", terminal ? "none" : "passthrough", "--interactive");
	if (terminal)
		words_add(&m->argv, "--tty");
	descriptors_add(m, p);
	if (places_add(m, job, p, e) < 0 || variables_add(m, job, p->env, e) < 0)
		return -1;
	words_add(&m->argv, "--env");
	words_give(&m->argv, xformat("MCI_OUTPUT=%s", m->output));
	if (api_of(job) != NULL)
		words_add(&m->argv, "--env", "MCI_BUILD=" API_THERE);
	image_options_add(&m->argv, job->spec);
	command_add(m, job, p);
	p->path = p->name = m->argv.list[0];
	p->argv = m->argv.list;
	p->env = m->env.list;
	p->dir = NULL;
	return 0;
}

/* The job gets it, not podman: that would hand it on once more, and complain when nobody is there to
 * take it. */
void
podman_signal(struct runner_job *job, const struct child *leader, int signal)
{
	struct podman *m = job->own;
	pid_t first = m == NULL ? 0 : container_pid(&m->container);

	if (first > 0) {
		process_signal_tree(first, false, signal);
		return;
	}
	if (m != NULL)
		m->cut = true;
	child_signal_tree(leader, signal);
}

char *
podman_network(const struct runner_job *job)
{
	const struct podman *m = job->own;

	return xformat("container:%s", m->container.name);
}

pid_t
podman_first(const struct runner_job *job)
{
	const struct podman *m = job->own;
	pid_t pid = m == NULL ? 0 : container_pid(&m->container);

	return pid > 0 ? pid : -1;
}

void
podman_enter(const struct runner_job *job, struct words *w)
{
	const struct podman *m = job->own;

	container_podman(w, job->settings);
	words_add(w, "exec", m->container.name);
}

bool
podman_owns(const struct runner_job *job, pid_t pid)
{
	const struct podman *m = job->own;

	return m != NULL && container_has(&m->container, pid);
}

const char *
podman_left(const struct runner_job *job)
{
	const struct podman *m = job->own;

	return m == NULL ? NULL : m->container.stem;
}

/* What podman itself says stands in the job's log. */
static int
not_run(const struct runner_job *job, int status, struct error *e)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

	if (code == STATUS_NOT_FOUND || code == STATUS_NOT_RUN)
		return error_set(e, ERROR_INPUT, "image: %s: what was to be run there cannot be; podman says "
		    "in the log why", job->spec->image);
	return error_set(e, ERROR_SYSTEM,
	    "image: %s: podman could not run it (exit status %d); it says in the "
	    "log why", job->spec->image, code < 0 ? STATUS_PODMAN : code);
}

int
podman_ended(struct runner_job *job, int *status, struct error *e)
{
	const struct podman *m = job->own;
	bool ran = container_pid(&m->container) != 0;

	if (!WIFEXITED(*status))
		return 0; /* killed, and the container is still to be removed */
	/* it may have made one that does not run yet */
	if (ran && !m->cut)
		container_gone(&m->container);
	/* as a process that a signal ended is told here */
	if (ran && WEXITSTATUS(*status) > 128 && WEXITSTATUS(*status) < 128 + 32)
		*status = WEXITSTATUS(*status) - 128;
	return ran ? 0 : not_run(job, *status, e);
}

void
podman_over(struct runner_job *job)
{
	struct podman *m = job->own;

	if (m == NULL)
		return;
	if (job->scratch != NULL) {
		container_gone(&m->container);
		(void)names_remove(AT_FDCWD, m->values, NULL);
		(void)names_remove_tree(m->folder, NULL);
	}
	container_free(&m->container);
	words_free(&m->argv);
	words_free(&m->env);
	free(m->extra);
	free(m->folder);
	free(m->output);
	free(m->values);
	free(m);
}
