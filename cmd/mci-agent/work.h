/*
 * work: one claimed build from its claim to the store's answer that it is over. Its checkout and
 * mci-build are processes; the lease is renewed meanwhile, and what is asked of the build is
 * brought to it.
 *
 * mci-build gets its order through a pipe that stays open for as long as the build may go on (its
 * lifeline).
 */
#ifndef MCI_AGENT_WORK_H
#define MCI_AGENT_WORK_H

#include <stdbool.h>

#include "claim.h"
#include "client.h"
#include "error.h"
#include "loop.h"
#include "settings.h"

struct work;

enum work_end {
	WORK_ENDED,    /* the store knows its end */
	WORK_RELEASED, /* another run goes on with it, here or elsewhere */
	WORK_LOST,     /* the lease was another's by then */
};

/* Once, from the loop; status is mci-build's exit status, or that of a build that could not be
 * begun. The callee frees it. */
typedef void work_over(void *arg, struct work *w, enum work_end end, int status);

/* Takes the claim over. folder is there, and is this build's. Never NULL: what goes wrong is
 * how it ends. */
struct work *work_start(struct loop *loop, struct client *store, const struct settings *settings,
    struct claim *claim, const char *folder, work_over *over, void *arg);
const char *work_build(const struct work *w);
/* Something is asked of the build: the lease is renewed now, which says what. */
void work_renew(struct work *w);
/* Its processes end, and it is released. */
void work_stop(struct work *w);
/* Nothing more is told. */
void work_free(struct work *w);

#endif
