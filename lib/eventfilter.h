/* eventfilter: which events a subscriber wants. */
#ifndef MCI_EVENTFILTER_H
#define MCI_EVENTFILTER_H

#include <stdbool.h>

#include "bytes.h"
#include "error.h"

struct eventfilter;

/*
 * From the params of event/subscribe: types (globs), build (prefix), job, where (members that must
 * be there with the same JSON value). NULL without an error (code ERROR_NONE) when everything is
 * wanted, NULL with one when a param is no good.
 */
struct eventfilter *eventfilter_read(struct span params, struct error *e);
/* Whether an event line is wanted. The line is valid JSON. */
bool eventfilter_match(const struct eventfilter *f, const char *line, size_t n);
void eventfilter_free(struct eventfilter *f);

#endif
