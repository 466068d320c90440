/* systemd: what a service manager is told, if there is one (sd_notify(3), Type=notify). */
#ifndef MCI_SUPERVISE_SYSTEMD_H
#define MCI_SUPERVISE_SYSTEMD_H

#include "loop.h"

struct systemd {
	struct loop *loop;
	char *socket;     /* NULL: there is none */
	int64_t watchdog; /* how often it is told that we are well; 0: never */
	struct loop_timer *timer;
};

/* Takes what it needs from the environment, out of it. */
void systemd_open(struct systemd *s, struct loop *loop);
/* Lines such as "READY=1". */
void systemd_say(const struct systemd *s, const char *lines);
/* "RELOADING=1", with the time that goes with it. */
void systemd_reloading(const struct systemd *s);
void systemd_close(struct systemd *s);

#endif
