/* meter: how much passed in the last seconds, without a timer. */
#ifndef MCI_EVENTS_METER_H
#define MCI_EVENTS_METER_H

#include <stdint.h>

#define METER_SECONDS 10

struct meter {
	int64_t second; /* of the newest bucket */
	int64_t buckets[METER_SECONDS + 1];
};

/* now is kernel.now(). */
void meter_add(struct meter *m, int64_t now, int64_t n);
/* A second, over the last METER_SECONDS whole ones. */
int64_t meter_rate(struct meter *m, int64_t now);

#endif
