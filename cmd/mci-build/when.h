/*
 * when: the condition of a job. Either a text ("success", "failure", "always") or an object of the
 * keys branch, target, tag, event, path and status, which must all hold, or a list of such objects, of
 * which one must hold. A key's value is a glob or a list of globs: one of those without "!" must fit (any
 * text, when there are none) and none of those with it.
 */
#ifndef WHEN_H
#define WHEN_H

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"
#include "error.h"

/* What is known before any job runs. Texts may be NULL: there is no branch. */
struct when_facts {
	const char *branch, *event;
	const char *target; /* the branch that a change is meant for */
	char **tags;   /* all of the commit */
	size_t ntags;
	bool has_base; /* paths were compared with something; else everything counts as changed */
	char **paths;  /* changed files, relative to the project */
	size_t npaths;
};

/* Which results of the jobs it depends on let a job run: bits. */
enum when_status {
	WHEN_SUCCESS = 1, /* all succeeded; the default */
	WHEN_FAILURE = 2, /* one did not */
	WHEN_ALWAYS = WHEN_SUCCESS | WHEN_FAILURE,
};

/* Whether it is a condition; 0, or -1 with an error that begins with the path below "when". */
int when_check(struct span when, struct error *e);

/* These take what when_check let pass, or an empty span: no condition. */

/*
 * Decides all keys but status: the statuses, enum when_status, of all objects that hold, 0 when none does;
 * why (which may be NULL) then gets the keys that did not hold. Without facts everything holds: the
 * statuses that the job may run with.
 */
unsigned when_decide(struct span when, const struct when_facts *f, struct bytes *why);
/* Whether the facts are looked at: a caller without such jobs need not ask git. */
bool when_needs_facts(struct span when);

#endif
