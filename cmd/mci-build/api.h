/*
 * api: the build's two sockets. The API at $MCI_BUILD is for its jobs: params, outputs, new jobs, events.
 * The control socket, whose path is in the build folder, takes cancel and unblock from people.
 */
#ifndef MCI_BUILD_API_H
#define MCI_BUILD_API_H

#include "build.h"

int api_open(struct build *b, struct error *e);
void api_close(struct build *b);

/* The services alone, for the contract suite. self is a struct build *. */
extern const struct service api_service, control_service;

#endif
