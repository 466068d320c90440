#include "environment.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

extern char **environ;

/* Taken over from our own environment, as far as they are there. */
static const char *const inherited[] = {
	"MCI_BUILD", "MCI_BUILD_ID", "MCI_EVENT", "MCI_BRANCH", "MCI_TAG", "MCI_COMMIT", "MCI_REPO",
	"MCI_TARGET", "PATH", "HOME", "LANG", "TZ", "USER", "TMPDIR",
	"http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy",
	"HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY",
};

/* In a terminal's build as well: where the user's programs keep and find things, so that mci in a job sees
 * the builds, and reaches the services, that it does in the terminal. On a server they are its own. */
static const char *const personal[] = {
	"XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR",
	"MCI_EVENTS", "MCI_LOG", "MCI_BLOB",
};

static ptrdiff_t
find(char *const *pairs, size_t n, const char *name, size_t length)
{
	for (size_t i = 0; i < n; i++) {
		if (strncmp(pairs[i], name, length) == 0 && pairs[i][length] == '=')
			return (ptrdiff_t)i;
	}
	return -1;
}

ptrdiff_t
environment_find(char *const *pairs, size_t n, const char *name)
{
	return find(pairs, n, name, strlen(name));
}

/* Adds NAME=VALUE, which becomes ours, in place of an older one of that name. */
static void
put(struct environment *v, char *pair)
{
	ptrdiff_t at = find(v->pairs, v->n, pair, strcspn(pair, "="));

	if (at >= 0) {
		/* the new one goes to the end, where what was granted stands */
		free(v->pairs[at]);
		v->n--;
		memmove(v->pairs + at, v->pairs + at + 1, (v->n - (size_t)at) * sizeof(*v->pairs));
		if ((size_t)at < v->granted)
			v->granted--;
	}
	v->pairs = xrealloc(v->pairs, v->n + 2, sizeof(*v->pairs));
	v->pairs[v->n++] = pair;
	v->pairs[v->n] = NULL;
}

void
environment_set(struct environment *v, const char *name, const char *value)
{
	put(v, xformat("%s=%s", name, value));
}

static void
inherit(struct environment *v, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *value = getenv(names[i]);

		if (value != NULL)
			environment_set(v, names[i], value);
	}
}

static void
grant(struct environment *v, const char *const *granted, size_t n)
{
	v->granted = v->n;
	for (size_t i = 0; i < n; i++) {
		const char *value;

		if (strchr(granted[i], '=') != NULL)
			put(v, xstrdup(granted[i]));
		else if ((value = getenv(granted[i])) != NULL)
			environment_set(v, granted[i], value);
	}
}

void
environment_open(struct environment *v, const char *const *granted, size_t n)
{
	const char *source = getenv("MCI_SOURCE");

	if (source == NULL)
		source = "local";
	*v = (struct environment){ 0 };
	put(v, xstrdup("CI=true"));
	environment_set(v, "MCI_SOURCE", source);
	inherit(v, inherited, sizeof(inherited) / sizeof(inherited[0]));
	if (strcmp(source, "local") == 0)
		inherit(v, personal, sizeof(personal) / sizeof(personal[0]));
	grant(v, granted, n);
}

void
environment_copy(struct environment *v, const char *const *granted, size_t n)
{
	*v = (struct environment){ 0 };
	for (size_t i = 0; environ[i] != NULL; i++) {
		if (strchr(environ[i], '=') != NULL)
			put(v, xstrdup(environ[i]));
	}
	grant(v, granted, n);
}

void
environment_close(struct environment *v)
{
	for (size_t i = 0; i < v->n; i++)
		free(v->pairs[i]);
	free(v->pairs);
	*v = (struct environment){ 0 };
}
