/*
 * launch: what has to be done in the new process of a part before it becomes its command, and
 * cannot be told to posix_spawn(3): this program starts itself for it, as mci-supervise --launch
 * SETTING... -- COMMAND...
 */
#ifndef MCI_SUPERVISE_LAUNCH_H
#define MCI_SUPERVISE_LAUNCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "wiring.h"

#define LAUNCH "--launch"

struct launch {
	bool listens;      /* it is handed sockets: LISTEN_PID is its number */
	bool ends_with_us; /* gets SIGTERM when the supervisor ends */
	const char *user;  /* NULL: the same */
	const struct wiring_limit *limits;
	size_t nlimits;
	mode_t mask;    /* umask(2) */
	uint64_t files; /* soft limit of descriptors, unless limits has one */
};

/* The words of such a command line, behind which the command's are to come; *n is their number.
 * more: room for so many, and NULL. The caller frees the list and its n words. */
char **launch_words(const struct launch *l, size_t more, size_t *n);
/* Inside: becomes the command. Returns the exit status when it cannot, and has said why. */
int launch_run(int argc, char **argv);

#endif
