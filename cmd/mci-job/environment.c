#include "environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

/* Taken over from our own environment, as far as they are there. */
static const char *const inherited[] = {
	"MCI_BUILD", "MCI_BUILD_ID", "PATH", "HOME", "LANG", "TZ", "USER", "TMPDIR",
	"http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy",
	"HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY",
};
#define NINHERITED (sizeof(inherited) / sizeof(inherited[0]))

/* Names that only mci-job gives: a spec's value for them is not used. */
static const char *const own[] = { "MCI_JOB_ID", "MCI_ATTEMPT", "MCI_OUTPUT", "MCI_NOTES" };
#define NOWN (sizeof(own) / sizeof(own[0]))
#define PER_ATTEMPT (NOWN + 1) /* and PWD */

static bool
names(const char *pair, const char *name, size_t n)
{
	return strncmp(pair, name, n) == 0 && pair[n] == '=';
}

static ssize_t
find(char *const *pairs, size_t n, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < n; i++) {
		if (names(pairs[i], name, length))
			return (ssize_t)i;
	}
	return -1;
}

static bool
is_own(const char *name)
{
	for (size_t i = 0; i < NOWN; i++) {
		if (strcmp(name, own[i]) == 0)
			return true;
	}
	return false;
}

/* Adds NAME=VALUE, which becomes ours, in place of an older one of that name. */
static void
set(struct environment *v, char *pair)
{
	size_t length = strcspn(pair, "=");

	for (size_t i = 0; i < v->n; i++) {
		if (!names(v->common[i], pair, length))
			continue;
		/* to the end, where what was granted stands */
		free(v->common[i]);
		memmove(v->common + i, v->common + i + 1, (v->n - i - 1) * sizeof(*v->common));
		v->n--;
		if (i < v->granted)
			v->granted--;
		break;
	}
	v->common[v->n++] = pair;
}

void
environment_open(struct environment *v, const char *const *granted, size_t n)
{
	const char *source = getenv("MCI_SOURCE");

	v->common = xmalloc((NINHERITED + 2 + n) * sizeof(*v->common));
	v->n = 0;
	set(v, xstrdup("CI=true"));
	set(v, xformat("MCI_SOURCE=%s", source != NULL ? source : "local"));
	for (size_t i = 0; i < NINHERITED; i++) {
		const char *value = getenv(inherited[i]);

		if (value != NULL)
			set(v, xformat("%s=%s", inherited[i], value));
	}
	v->granted = v->n;
	for (size_t i = 0; i < n; i++) {
		const char *value;

		if (strchr(granted[i], '=') != NULL)
			set(v, xstrdup(granted[i]));
		else if ((value = getenv(granted[i])) != NULL)
			set(v, xformat("%s=%s", granted[i], value));
	}
}

void
environment_close(struct environment *v)
{
	for (size_t i = 0; i < v->n; i++)
		free(v->common[i]);
	free(v->common);
	*v = (struct environment){ 0 };
}

const char *
environment_value(const struct environment *v, const struct spec *s, const char *name)
{
	ssize_t at = find(v->common, v->n, name);

	if (at >= 0 && (size_t)at >= v->granted)
		return strchr(v->common[at], '=') + 1;
	for (size_t i = 0; i < s->nenv; i++) {
		if (strcmp(s->env[i].name, name) == 0)
			return s->env[i].value;
	}
	return at >= 0 ? strchr(v->common[at], '=') + 1 : NULL;
}

static size_t
text_size(const struct spec *s, const struct environment_attempt *a)
{
	size_t size = strlen(a->id) + 64;

	for (size_t i = 0; i < s->nenv; i++)
		size += strlen(s->env[i].name) + strlen(s->env[i].value) + 2;
	return size;
}

/* The spec's own variables; the spec holds no name twice. Returns how many strings there are now. */
static size_t
put_spec(const struct environment *v, const struct spec *s, char **env, size_t n, char **text)
{
	for (size_t i = 0; i < s->nenv; i++) {
		const struct spec_pair *pair = &s->env[i];
		ssize_t at = find(env, v->n, pair->name);

		if (is_own(pair->name) || (at >= 0 && (size_t)at >= v->granted))
			continue;
		if (at < 0)
			at = (ssize_t)n++;
		env[at] = *text;
		*text += sprintf(*text, "%s=%s", pair->name, pair->value) + 1;
	}
	return n;
}

char **
environment_make(const struct environment *v, const struct spec *s,
    const struct environment_attempt *a)
{
	size_t slots = v->n + s->nenv + PER_ATTEMPT + 1, n;
	char **env = xmalloc(slots * sizeof(*env) + text_size(s, a));
	char *text = (char *)(env + slots);
	const char *const given[] = { a->output, a->notes, a->pwd };

	memcpy(env, v->common, v->n * sizeof(*env));
	n = put_spec(v, s, env, v->n, &text);
	env[n++] = text;
	text += sprintf(text, "MCI_JOB_ID=%s", a->id) + 1;
	env[n++] = text;
	sprintf(text, "MCI_ATTEMPT=%d", a->number);
	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		if (given[i] != NULL)
			env[n++] = (char *)(uintptr_t)given[i];
	}
	env[n] = NULL;
	return env;
}
