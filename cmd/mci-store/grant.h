/* grant: which parameters and keys of an organisation the builds of a repository get, by its
 * labels. For the thread that writes, inside of a write. */
#ifndef MCI_STORE_GRANT_H
#define MCI_STORE_GRANT_H

#include <stdint.h>

#include "database.h"
#include "error.h"
#include "jsontree.h"
#include "secrets.h"

/* What the parameters and keys of an organisation may take together in the line of a claim, as
 * JSON: what is entered is held against it. */
#define GRANT_LIMIT (512 * 1024)

/* How many labels the best alternative of a filter (an array of objects; NULL: it holds for all)
 * asks for; -1: none holds. */
int grant_filter(const json_t *filters, const json_t *labels);
/*
 * Of each name the parameter whose filter says most, of those the newest: plain ones into params,
 * the others into values, texts by name; and into keys an object each with name, host, private and
 * known-hosts.
 */
int grant_to_repo(struct secrets *s, struct database *db, int64_t repo, json_t *params,
    json_t *values, json_t *keys, struct error *e);

#endif
