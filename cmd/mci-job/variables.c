#include "variables.h"

#include <stdio.h>
#include <string.h>

#include "memory.h"

/* Names that only mci-job gives: a spec's value for them is not used. */
static const char *const own[] = { "MCI_JOB_ID", "MCI_ATTEMPT", "MCI_OUTPUT", "MCI_NOTES",
	"MCI_STATUS", "MCI_EXIT" };
#define NOWN (sizeof(own) / sizeof(own[0]))
#define PER_ATTEMPT (NOWN + 2) /* and PWD, TERM */

/* What a pseudo-terminal is unless somebody says otherwise: the same everywhere, and what shows logs knows
 * its colours. */
static const char pty_term[] = "TERM=xterm-256color";

static bool
is_own(const char *name)
{
	for (size_t i = 0; i < NOWN; i++) {
		if (strcmp(name, own[i]) == 0)
			return true;
	}
	return false;
}

const char *
variables_value(const struct environment *v, const struct spec *s, const char *name)
{
	ptrdiff_t at = environment_find(v->pairs, v->n, name);

	if (at >= 0 && (size_t)at >= v->granted)
		return strchr(v->pairs[at], '=') + 1;
	for (size_t i = 0; i < s->nenv; i++) {
		if (strcmp(s->env[i].name, name) == 0)
			return s->env[i].value;
	}
	return at >= 0 ? strchr(v->pairs[at], '=') + 1 : NULL;
}

/* What means something on this machine alone. */
static bool
stays(const char *name, size_t n)
{
	static const char *const names[] = { "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR",
		"PWD", "OLDPWD", "MCI_BUILD", "MCI_EVENTS", "MCI_LOG", "MCI_STORE", "MCI_BLOB",
		"MCI_API", "SSH_AUTH_SOCK" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i]) == n && memcmp(names[i], name, n) == 0)
			return true;
	}
	return n > 4 && memcmp(name, "XDG_", 4) == 0;
}

static bool
is_named(const char *pair, const char *name, size_t n)
{
	return strncmp(pair, name, n) == 0 && (pair[n] == '=' || pair[n] == '\0');
}

bool
variables_travel(const struct spec *s, const char *const *asked, size_t nasked, const char *pair)
{
	size_t n = strcspn(pair, "=");
	bool named = !stays(pair, n);

	for (size_t i = 0; i < s->nenv && !named; i++)
		named = is_named(s->env[i].name, pair, n);
	for (size_t i = 0; i < nasked && !named; i++)
		named = is_named(asked[i], pair, n);
	return named;
}

static size_t
text_size(const struct spec *s, const struct variables_attempt *a)
{
	size_t size = 64 + (a->id == NULL ? 0 : strlen(a->id));

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
		ptrdiff_t at = environment_find(env, v->n, pair->name);

		if (is_own(pair->name) || (at >= 0 && (size_t)at >= v->granted))
			continue;
		if (at < 0)
			at = (ptrdiff_t)n++;
		env[at] = *text;
		*text += sprintf(*text, "%s=%s", pair->name, pair->value) + 1;
	}
	return n;
}

char **
variables_make(const struct environment *v, const struct spec *s,
    const struct variables_attempt *a)
{
	size_t slots = v->n + s->nenv + PER_ATTEMPT + 1, n;
	char **env = xmalloc(slots * sizeof(*env) + text_size(s, a));
	char *text = (char *)(env + slots);
	const bool job = a->id != NULL;
	const char *const given[] = { a->pwd, job ? a->output : NULL, job ? a->notes : NULL, a->status,
	    a->exit };

	memcpy(env, v->pairs, v->n * sizeof(*env));
	n = put_spec(v, s, env, v->n, &text);
	if (job) {
		env[n++] = text;
		text += sprintf(text, "MCI_JOB_ID=%s", a->id) + 1;
		env[n++] = text;
		sprintf(text, "MCI_ATTEMPT=%d", a->number);
	}
	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		if (given[i] != NULL)
			env[n++] = (char *)(uintptr_t)given[i];
	}
	if (s->pty && variables_value(v, s, "TERM") == NULL)
		env[n++] = (char *)(uintptr_t)pty_term;
	env[n] = NULL;
	return env;
}
