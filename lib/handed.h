/*
 * handed: the sockets that whoever started this process holds for it and hands over: descriptors
 * from 3 on (LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES of sd_listen_fds(3)), as systemd and
 * mci-supervise do.
 */
#ifndef MCI_HANDED_H
#define MCI_HANDED_H

#include <stddef.h>

/* sd_listen_fds(3) */
#define HANDED_FIRST 3

struct handed {
	size_t n;
	char *names; /* split by colons; NULL: they have none */
};

/* Takes note of them, and out of the environment, so that they are no child's: for the start of a
 * process. */
void handed_take(struct handed *h);
/* The name of the place-th, "" when it has none. The caller frees. */
char *handed_name(const struct handed *h, size_t place);
void handed_close(struct handed *h);

#endif
