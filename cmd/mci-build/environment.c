#include "environment.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"

extern char **environ;

/* What of our environment a script gets, as a job does; the list is mci-build(1)'s. */
static const char *const passed[] = { "PATH", "HOME", "LANG", "TZ", "USER", "TMPDIR", "http_proxy",
	"https_proxy", "ftp_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY",
	"ALL_PROXY", "NO_PROXY" };

struct list {
	char **items;
	size_t n;
};

static bool
same_name(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");

	return strcspn(b, "=") == n && strncmp(a, b, n) == 0;
}

/* Takes the string over; a later one of the same name replaces an earlier one. */
static void
put(struct list *l, char *pair)
{
	for (size_t i = 0; i < l->n; i++) {
		if (same_name(l->items[i], pair)) {
			free(l->items[i]);
			l->items[i] = pair;
			return;
		}
	}
	l->items = xrealloc(l->items, l->n + 2, sizeof(char *));
	l->items[l->n++] = pair;
	l->items[l->n] = NULL;
}

/* -e NAME=VALUE, or -e NAME for what we have ourselves. */
static void
put_pairs(struct list *l, const char *const *pairs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *ours;

		if (strchr(pairs[i], '=') != NULL) {
			put(l, xstrdup(pairs[i]));
			continue;
		}
		ours = getenv(pairs[i]);
		if (ours != NULL)
			put(l, xformat("%s=%s", pairs[i], ours));
	}
}

static void
put_build(struct list *l, const char *api, const char *build)
{
	put(l, xstrdup("MCI_SOURCE=local"));
	if (api != NULL)
		put(l, xformat("MCI_BUILD=%s", api));
	if (build != NULL)
		put(l, xformat("MCI_BUILD_ID=%s", build));
}

char **
environment_for_runner(const char *api, const char *build, const char *const *pairs, size_t n)
{
	struct list l = { 0 };

	for (size_t i = 0; environ[i] != NULL; i++) {
		if (strchr(environ[i], '=') != NULL)
			put(&l, xstrdup(environ[i]));
	}
	put_pairs(&l, pairs, n);
	put_build(&l, api, build);
	return l.items;
}

char **
environment_for_script(const char *api, const char *build, const char *const *pairs, size_t n,
    bool plan)
{
	struct list l = { 0 };

	put(&l, xstrdup("CI=true"));
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
		const char *value = getenv(passed[i]);
		if (value != NULL)
			put(&l, xformat("%s=%s", passed[i], value));
	}
	put_pairs(&l, pairs, n);
	put_build(&l, api, build);
	if (plan)
		put(&l, xstrdup("MCI_PLAN=1"));
	return l.items;
}

void
environment_free(char **env)
{
	for (size_t i = 0; env != NULL && env[i] != NULL; i++)
		free(env[i]);
	free(env);
}
