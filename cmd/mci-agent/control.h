/*
 * control: what is asked of a build that runs, brought to its control socket: each thing once, and
 * again until the build has taken it.
 */
#ifndef MCI_AGENT_CONTROL_H
#define MCI_AGENT_CONTROL_H

#include <jansson.h>

#include "client.h"
#include "loop.h"

struct control {
	struct loop *loop;
	const char *folder;    /* of the build, borrowed: the file "control" in it names the socket */
	struct client *client; /* NULL: it has none yet */
	json_t *taken;         /* an object: what the build has taken, by its text */
	json_t *asked;         /* an array: what is on its way, in its order */
};

void control_open(struct control *c, struct loop *loop, const char *folder);
/* answer is the result of build/renew: whatever in it the build has not taken is asked of it
 * now. Without a socket nothing is; the next answer says it again. */
void control_ask(struct control *c, const json_t *answer);
void control_close(struct control *c);

#endif
