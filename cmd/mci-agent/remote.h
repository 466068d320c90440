/*
 * remote: the repository that a build comes from: which addresses of one are taken, and the
 * environment in which git may reach it. Nothing of the machine's or the user's git configuration
 * holds there, nor anything that the repository itself brings along.
 */
#ifndef MCI_AGENT_REMOTE_H
#define MCI_AGENT_REMOTE_H

#include <jansson.h>
#include <stdbool.h>

#include "error.h"

/* https, http, ssh, git, HOST:PATH as ssh takes it, or the absolute path of a folder of this
 * machine. Everything else, as git's ext::COMMAND or what reads as an option, is ERROR_INPUT. */
int remote_check(const char *url, struct error *e);
/* Says how git fetches: own is true for the repository itself, which may be a folder here, and
 * false for what its .gitmodules names, which may not. Changes this process's environment,
 * which git gets. */
void remote_allow(bool own);
/*
 * The rest of that environment, once. keys is the order's list of ssh keys (objects with private,
 * and maybe host and known-hosts), or NULL: then ssh takes the user's own. They are in memory
 * alone: files that have no name, which ssh reads through /proc while this process lives. 0 or -1.
 */
int remote_harden(const char *url, const json_t *keys, struct error *e);

#endif
