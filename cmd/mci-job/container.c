#include "container.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "leftovers.h"
#include "listeners.h"
#include "memory.h"
#include "names.h"
#include "number.h"
#include "process.h"
#include "simple.h"
#include "textfile.h"

#define CONTROLLERS "/sys/fs/cgroup/unified/cgroup.controllers"

/*
 * crun refuses to run where cgroup v1 has the controllers but one of v2 (a hybrid of both), even when
 * it is to make no cgroup. There podman gets a mount namespace of its own that does not show v2: as
 * root by taking it away, else, inside podman's own namespaces, by an empty folder over both. Names of
 * networks, which podman mounts, go with that namespace too: whoever removes the container from another
 * one could not.
 */
static const char hide_root[] = "umount /sys/fs/cgroup/unified && mkdir -p /run/netns && "
    "mount -t tmpfs none /run/netns && exec \"$@\"";
static const char hide_user[] = "mount -t tmpfs none /sys/fs/cgroup && exec \"$@\"";
/* A container whose monitor was killed is found running by the first of these, and gone by the second. */
static const char removal[] = "for i in 1 2 3; do timeout 10 \"$@\" >/dev/null 2>&1 && exit; done";

static bool
is_hybrid(void)
{
	AUTO_BYTES text = { 0 };
	struct error e;

	return textfile_read(&text, CONTROLLERS, 4096, &e) == 0 && text.len > 1;
}

static void
add_own(struct words *w, const struct settings *settings)
{
	const char *why;
	AUTO_FREE char **own = simple_split(settings->podman, &why);

	if (own == NULL)
		words_add(w, settings->podman);
	else
		words_add_all(w, (const char *const *)own);
}

void
container_podman(struct words *w, const struct settings *settings)
{
	bool root = geteuid() == 0, hybrid = is_hybrid();

	if (hybrid) {
		if (!root) {
			add_own(w, settings);
			words_add(w, "unshare");
		}
		words_add(w, "unshare", "-m", "sh", "-c", root ? hide_root : hide_user, "podman");
	}
	add_own(w, settings);
	/* it complains of mounts that only another one of these namespaces has, and goes on well without */
	if (hybrid)
		words_add(w, "--log-level", "fatal");
}

int
container_check(const struct settings *settings, struct error *e)
{
	struct words w = { 0 };
	AUTO_FREE char *found = NULL;
	const char *path = getenv("PATH");
	int result = 0;

	add_own(&w, settings);
	if (strchr(w.list[0], '/') == NULL)
		found = process_find(w.list[0], path != NULL ? path : "/usr/bin:/bin");
	else if (access(w.list[0], X_OK) == 0)
		found = xstrdup(w.list[0]);
	if (found == NULL)
		result = error_set(e, ERROR_INPUT, "runner: podman runs jobs with an image, and there is no "
		    "'%.200s'; install it, or let --runner host run the job on this machine as it is",
		    w.list[0]);
	words_free(&w);
	return result;
}

void
container_name(struct container *c, const char *scratch, const char *label)
{
	static unsigned number;
	const char *run = scratch == NULL ? "RUN" : strrchr(scratch, '/') + 1;

	c->name = xformat("mci-%s-%u-%s", run, number++, label);
	for (char *p = c->name; *p != '\0'; p++) {
		if (strchr("@,+/", *p) != NULL)
			*p = '-';
	}
	c->stem = xformat("%s/%s", scratch == NULL ? "SCRATCH" : scratch, c->name);
}

static bool
has_program(const char *name)
{
	const char *path = getenv("PATH");
	AUTO_FREE char *found = process_find(name, path != NULL ? path : "/usr/bin:/bin");

	return found != NULL;
}

/* What a container may have where nothing bounds it, which podman would raise beyond what we may. */
static void
limit_add(struct words *w, const char *name, int resource, rlim_t most)
{
	struct rlimit limit;

	if (getrlimit((__rlimit_resource_t)resource, &limit) < 0)
		return;
	if (limit.rlim_max > most)
		limit.rlim_max = most;
	words_add(w, "--ulimit");
	words_give(w, xformat("%s=%llu:%llu", name, (unsigned long long)limit.rlim_max,
	    (unsigned long long)limit.rlim_max));
}

void
container_limits(struct words *w, const struct childsetup_limit *limits, size_t n)
{
	static const struct {
		int resource;
		const char *name;
		rlim_t most; /* what root gets where there is no limit; 0: podman does not touch it */
	} all[] = {
		{ RLIMIT_NOFILE, "nofile", 1048576 },
		{ RLIMIT_NPROC, "nproc", 32768 },
		{ RLIMIT_CORE, "core", 0 },
		{ RLIMIT_FSIZE, "fsize", 0 },
		{ RLIMIT_DATA, "data", 0 },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		size_t k = 0;

		while (k < n && limits[k].resource != all[i].resource)
			k++;
		if (k < n) {
			words_add(w, "--ulimit");
			words_give(w, xformat("%s=%llu:%llu", all[i].name,
			    (unsigned long long)limits[k].value.rlim_max,
			    (unsigned long long)limits[k].value.rlim_max));
		} else if (all[i].most != 0 && geteuid() == 0) {
			/* rootless podman asks for what there is by itself */
			limit_add(w, all[i].name, all[i].resource, all[i].most);
		}
	}
}

static int
removal_note(const struct settings *settings, const struct container *c, struct error *e)
{
	struct words w = { 0 };
	int result;

	words_add(&w, "/bin/sh", "-c", removal, "sh");
	container_podman(&w, settings);
	words_add(&w, "rm", "--force", "--time", "0", "--ignore", c->name);
	result = leftovers_note(c->stem, w.list, e);
	words_free(&w);
	return result;
}

int
container_run(struct words *w, const struct settings *settings, const struct container *c,
    const char *network, struct error *e)
{
	container_podman(w, settings);
	words_add(w, "run", "--rm", "--name", c->name, "--label", "mci", "--network", network);
	words_add(w, "--pidfile");
	words_give(w, xformat("%s.pid", c->stem));
	words_add(w, "--conmon-pidfile");
	words_give(w, xformat("%s.conmon", c->stem));
	/* it stays in our cgroup, whose limits hold for it, too; only crun can do that */
	if (has_program("crun"))
		words_add(w, "--runtime", "crun", "--cgroups", "disabled");
	return access(c->stem, F_OK) == 0 || strncmp(c->stem, "SCRATCH/", 8) == 0 ? 0 :
	    removal_note(settings, c, e);
}

const char *
container_network(void)
{
	return has_program("slirp4netns") && access("/dev/net/tun", R_OK | W_OK) == 0 ? "slirp4netns" :
	    "none";
}

/* The next one behind *at that nobody listens on; false when there is none. */
static bool
port_free(const struct settings *settings, int *at)
{
	for (int left = settings->last_port - settings->first_port; left >= 0; left--) {
		*at = *at >= settings->last_port || *at < settings->first_port ? settings->first_port :
		    *at + 1;
		if (!listeners_have(0, *at))
			return true;
	}
	return false;
}

int
container_expose(struct words *w, const struct settings *settings, const int *ports, size_t n, int *hosts,
    struct error *e)
{
	static int at; /* each gets another one than the last, which may not listen yet */

	if (at == 0)
		at = settings->first_port +
		    (int)(getpid() % (settings->last_port - settings->first_port + 1));
	for (size_t i = 0; i < n; i++) {
		if (!port_free(settings, &at))
			return error_set(e, ERROR_LIMIT, "expose: no port from %d to %d is free",
			    settings->first_port, settings->last_port);
		hosts[i] = at;
		words_add(w, "--publish");
		words_give(w, xformat("127.0.0.1:%d:%d", at, ports[i]));
	}
	return 0;
}

void
container_image(struct words *w, const char *image, const char *folder)
{
	if (image[0] != '/' && strncmp(image, "./", 2) != 0 && strncmp(image, "../", 3) != 0) {
		words_add(w, image);
		return;
	}
	words_add(w, "--rootfs");
	/* what the container writes there goes with it */
	words_give(w, image[0] == '/' ? xformat("%s:O", image) : xformat("%s/%s:O", folder, image));
}

static pid_t
number_in(const struct container *c, const char *suffix)
{
	AUTO_FREE char *path = xformat("%s.%s", c->stem, suffix);
	AUTO_BYTES text = { 0 };
	struct error e;
	int64_t pid;

	if (textfile_read(&text, path, 64, &e) < 0)
		return 0;
	while (text.len > 0 && text.data[text.len - 1] == '\n')
		text.len--;
	return number_parse(text.data, text.len, 1, INT32_MAX, &pid, &e) < 0 ? 0 : (pid_t)pid;
}

pid_t
container_pid(const struct container *c)
{
	return number_in(c, "pid");
}

bool
container_has(const struct container *c, pid_t pid)
{
	return c->stem != NULL && (number_in(c, "conmon") == pid || number_in(c, "pid") == pid);
}

void
container_gone(const struct container *c)
{
	static const char *const suffixes[] = { "pid", "conmon" };

	for (size_t i = 0; i < 2; i++) {
		AUTO_FREE char *path = xformat("%s.%s", c->stem, suffixes[i]);

		(void)names_remove(AT_FDCWD, path, NULL);
	}
	leftovers_forget(c->stem);
}

void
container_free(struct container *c)
{
	free(c->name);
	free(c->stem);
	*c = (struct container){ 0 };
}
