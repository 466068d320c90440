/* logscan: functions of rows: where the lines of a log begin, and when they came: what a page needs to
 * show a part of a log without having all of it. One pass over the bytes, which are not kept. */
#ifndef MCI_API_LOGSCAN_H
#define MCI_API_LOGSCAN_H

#include "ask.h"

extern const struct contract_field logscan_index_answer[8], logscan_times_answer[2];

/* The offset of each so many-th line. */
void logscan_index(struct ask *a);
/* The first line of each second. */
void logscan_times(struct ask *a);

#endif
