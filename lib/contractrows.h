/* contractrows: the words in which contract-NAME.c puts its tables. */
#ifndef MCI_CONTRACTROWS_H
#define MCI_CONTRACTROWS_H

#include "contract.h"

/* In a row: a table of fields, or none. */
#define ROWS(table) table, sizeof(table) / sizeof((table)[0])
#define NONE NULL, 0
/* In the service: its two tables. */
#define EVENTS(table) .events = (table), .nevents = sizeof(table) / sizeof((table)[0])
#define METHODS(table) .methods = (table), .nmethods = sizeof(table) / sizeof((table)[0])

#endif
