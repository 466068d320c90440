#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interpreter.h"
#include "memory.h"
#include "option.h"
#include "process.h"

static void
add(char **words, size_t *n, char *word)
{
	words[(*n)++] = word;
}

char **
launch_words(const struct launch *l, size_t more, size_t *n)
{
	char **words = xmalloc((l->nlimits + 9 + more) * sizeof(*words));
	bool files = true;

	*n = 0;
	add(words, n, xstrdup("mci-supervise"));
	add(words, n, xstrdup(LAUNCH));
	add(words, n, xformat("umask=%o", (unsigned)l->mask));
	for (size_t i = 0; i < l->nlimits; i++) {
		files &= l->limits[i].resource != RLIMIT_NOFILE;
		add(words, n,
		    xformat("limit=%d:%" PRIu64, l->limits[i].resource, l->limits[i].value));
	}
	if (files)
		add(words, n, xformat("soft=%" PRIu64, l->files));
	if (l->user != NULL)
		add(words, n, xformat("user=%s", l->user));
	if (l->listens)
		add(words, n, xstrdup("listens"));
	if (l->ends_with_us)
		add(words, n, xformat("parent=%d", (int)getpid()));
	add(words, n, xstrdup("--"));
	return words;
}

static int
set_limit(const char *text, struct error *e)
{
	struct rlimit limit;
	int resource = 0;
	uint64_t value = 0;

	if (sscanf(text, "%d:%" SCNu64, &resource, &value) != 2)
		return error_set(e, ERROR_INTERNAL, "limit %s", text);
	if (getrlimit((__rlimit_resource_t)resource, &limit) < 0)
		return error_sys(e, "limit %d", resource);
	limit.rlim_cur = value;
	if (limit.rlim_max > value || geteuid() == 0)
		limit.rlim_max = value;
	return setrlimit((__rlimit_resource_t)resource, &limit) < 0 ?
	    error_sys(e, "limit %d of %" PRIu64, resource, value) :
	    0;
}

static int
set_soft(const char *text, struct error *e)
{
	struct rlimit limit;

	(void)e;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = strtoull(text, NULL, 10);
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	return 0;
}

static int
set_umask(const char *text, struct error *e)
{
	(void)e;
	umask((mode_t)strtoul(text, NULL, 8));
	return 0;
}

/* NAME or NAME:GROUP. */
static int
set_user(const char *text, struct error *e)
{
	size_t n = strcspn(text, ":");
	AUTO_FREE char *name = xmemdup(text, n);
	const struct passwd *user = getpwnam(name);
	const struct group *group = text[n] == ':' ? getgrnam(text + n + 1) : NULL;
	gid_t gid;

	if (user == NULL || (text[n] == ':' && group == NULL))
		return error_set(e, ERROR_NOT_FOUND, "there is no user or group %s", text);
	gid = group != NULL ? group->gr_gid : user->pw_gid;
	if (user->pw_uid == geteuid() && gid == getegid())
		return 0;
	if (initgroups(name, gid) < 0 || setgid(gid) < 0 || setuid(user->pw_uid) < 0)
		return error_sys(e, "become user %s", text);
	setenv("HOME", user->pw_dir, 1);
	setenv("USER", name, 1);
	setenv("LOGNAME", name, 1);
	return 0;
}

static int
set_listens(const char *text, struct error *e)
{
	char number[16];

	(void)text;
	(void)e;
	snprintf(number, sizeof(number), "%d", (int)getpid());
	setenv("LISTEN_PID", number, 1);
	return 0;
}

/* Behind the change of the user, which takes it back. */
static int
set_parent(const char *text, struct error *e)
{
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
		return error_sys(e, "prctl: PR_SET_PDEATHSIG");
	return getppid() == atoi(text) ? 0 :
					 error_set(e, ERROR_INTERNAL, "the supervisor has ended");
}

static const struct {
	const char *name;
	int (*set)(const char *text, struct error *e);
} settings[] = {
	{ "umask=", set_umask },
	{ "limit=", set_limit },
	{ "soft=", set_soft },
	{ "user=", set_user },
	{ "listens", set_listens },
	{ "parent=", set_parent },
};

static int
apply(const char *word, struct error *e)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		size_t n = strlen(settings[i].name);

		if (strncmp(word, settings[i].name, n) == 0)
			return settings[i].set(word + n, e);
	}
	return error_set(e, ERROR_INTERNAL, "'%s' is no setting", word);
}

/* The programs of the kit are those that are installed with this one; -1 and why it could not
 * become it. */
static int
become(char **argv, struct error *e)
{
	bool of_kit = strncmp(argv[0], "mci", 3) == 0 && strchr(argv[0], '/') == NULL;
	AUTO_FREE char *path = of_kit    ? process_kit(argv[0]) :
	    strchr(argv[0], '/') != NULL ? xstrdup(argv[0]) :
					   process_find(argv[0], getenv("PATH"));
	int sys = errno;

	if (path != NULL) {
		process_become(path, argv);
		sys = errno;
		if (interpreter_explain(AT_FDCWD, path, sys, e) < 0)
			return error_before(e, "%s: ", argv[0]);
	}
	errno = sys;
	return error_sys(e, "%s", argv[0]);
}

int
launch_run(int argc, char **argv)
{
	struct error e = { 0 };
	int i = 2;

	while (i < argc && strcmp(argv[i], "--") != 0) {
		if (apply(argv[i++], &e) < 0) {
			option_complain("mci-supervise", &e);
			return 125;
		}
	}
	if (i + 1 >= argc)
		return 2;
	become(argv + i + 1, &e);
	option_complain("mci-supervise", &e);
	return e.sys == ENOENT ? 127 : 126;
}
