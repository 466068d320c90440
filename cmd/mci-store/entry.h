/*
 * entry: what people enter, written: one row of an entity, with what is sealed of it. For the
 * thread that writes, inside of a write.
 */
#ifndef MCI_STORE_ENTRY_H
#define MCI_STORE_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "entity.h"
#include "error.h"
#include "jsontree.h"
#include "secrets.h"

/* Whose rows are written. */
struct entry_place {
	struct secrets *secrets;
	struct database *db;
	const struct entity *entity;
	const char *org_name; /* NULL where it has none */
	int64_t org;
};

/* Finds the organisation; ERROR_NOT_FOUND says how one is made. */
int entry_place(struct entry_place *p, struct error *e);
/* Makes or changes what given says, which entity_check has passed. id is the row's, the caller's;
 * created says whether it is new. */
int entry_put(
    const struct entry_place *p, const json_t *given, char **id, bool *created, struct error *e);
/* ERROR_NOT_FOUND, or ERROR_REFUSED where others stand on it. */
int entry_remove(const struct entry_place *p, const char *id, struct error *e);
/* Behind the last change: whether a claim of the organisation's parameters and keys fits a line. */
int entry_fits(const struct entry_place *p, struct error *e);
/* A readable id that no row of the place has, made from what people call it. */
int entry_id(const struct entry_place *p, const char *title, char **id, struct error *e);

#endif
