/* filter: which events a subscriber wants. */
#ifndef MCI_EVENTS_FILTER_H
#define MCI_EVENTS_FILTER_H

#include <stdbool.h>

#include "bytes.h"
#include "error.h"

struct filter;

/*
 * From the params of event/subscribe: types (globs), build (prefix), job, where (members that must
 * be there with the same JSON value). NULL without an error (code ERROR_NONE) when everything is
 * wanted, NULL with one when a param is no good.
 */
struct filter *filter_read(struct span params, struct error *e);
/* Whether an event line is wanted. The line is valid JSON. */
bool filter_match(const struct filter *f, const char *line, size_t n);
void filter_free(struct filter *f);

#endif
