/* strays: processes of an attempt that left its group; they become our children when orphaned. */
#ifndef JOB_STRAYS_H
#define JOB_STRAYS_H

#include "attempt.h"
#include "process.h"

/* Appends those of our children that are no leader and belong to the attempt. Cheap when there are none. */
void strays_find(const struct attempt *a, struct process_list *out);

#endif
