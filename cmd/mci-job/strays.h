/* strays: what an attempt started beside its leader; it becomes our child when orphaned. */
#ifndef JOB_STRAYS_H
#define JOB_STRAYS_H

#include "process.h"
#include "site.h"

/* Appends those of our children that are no leader, may be killed and belong to the attempt. Cheap when there
 * are none. */
void strays_find(const struct attempt *a, struct process_list *out);

/* They get the signal (0: none); whether there are any. */
bool strays_signal(struct attempt *a, int signal);

/* Nobody waits for this child any more. */
void strays_spare(struct site *site, pid_t pid);
/* Nor for those that the attempt has left. */
void strays_spare_all(const struct attempt *a);
/* Names on standard error those that are spared and live: they outlive this program. */
void strays_tell(const struct site *site);

#endif
