/* logsearch: a function of a row: the lines of a log that match, found by "mci-log grep" in a process
 * of its own: a search through much takes longer than anybody else may wait. */
#ifndef MCI_API_LOGSEARCH_H
#define MCI_API_LOGSEARCH_H

#include "ask.h"

extern const struct contract_field logsearch_answer[2];

void logsearch_get(struct ask *a);

#endif
