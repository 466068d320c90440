/* door: the sockets that mci's verbs call: the API of the build that a job is part of, and the
 * control socket of any build of this user. */
#ifndef MCI_DOOR_H
#define MCI_DOOR_H

#include "bytes.h"
#include "error.h"
#include "state.h"

/* The address given with -a, else $MCI_BUILD; NULL with an error when there is neither. */
const char *door_address(const char *given, struct error *e);
/* Calls a method there; result gets the raw JSON. params is an object, closed, without newline. */
int door_call(const char *given, const char *method, struct span params, struct bytes *result,
    struct error *e);
/* Calls a method of the build's control socket. ERROR_NOT_FOUND when the build does not run. */
int door_control(const struct state_build *b, const char *method, struct span params,
    struct error *e);
/* Looks a member of a reply up and appends it: a string's text, anything else as JSON. 1, 0, -1. */
int door_member(struct bytes *into, struct span result, const char *key, struct error *e);

#endif
