/*
 * when: the condition of a job. Either a text ("success", "failure", "always") or an object of the
 * keys branch, tag, event, path and status, which must all hold. A key's value is a glob or a list
 * of globs: one of those without "!" must fit (any text, when there are none) and none of those
 * with it.
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
	char **tags;   /* all of the commit */
	size_t ntags;
	bool has_base; /* paths were compared with something; else everything counts as changed */
	char **paths;  /* changed files, relative to the project */
	size_t npaths;
};

enum when_result {
	WHEN_RUN,
	WHEN_SKIP,
};

/* Which results of the jobs it depends on let a job run. */
enum when_status {
	WHEN_SUCCESS, /* all succeeded; the default */
	WHEN_FAILURE, /* one did not */
	WHEN_ALWAYS,
};

/* Whether it is a condition; 0, or -1 with an error that begins with the path below "when". */
int when_check(struct span when, struct error *e);

/* These take what when_check let pass, or an empty span: no condition. */

/* Decides all keys but status; *why is then the key that did not hold. */
enum when_result when_static(struct span when, const struct when_facts *f, const char **why);
/* Whether the facts are looked at: a caller without such jobs need not ask git. */
bool when_needs_facts(struct span when);
enum when_status when_status(struct span when);

#endif
