/* members: what the command line says of a row: its name, K=V pairs and filters, as params of a
 * method. */
#ifndef MCI_STORE_MEMBERS_H
#define MCI_STORE_MEMBERS_H

#include "command.h"
#include "entity.h"
#include "error.h"
#include "jsontree.h"

/* The entity of that noun, or the nearest one is said. NULL with ERROR_USAGE. */
const struct entity *members_entity(const char *noun, struct error *e);
/* ORG/ID, or ID of what has no organisation, as the members org and id; nothing behind the slash is
 * no id. A name of a parameter is left to be looked up by it. */
int members_name(const struct entity *x, const char *text, json_t *into, struct error *e);
/* K=V and K:=JSON, each as its member's type wants it: numbers, true and false, and objects of
 * texts as K=V[,K=V]. */
int members_pairs(const struct entity *x, int n, char **texts, json_t *into, struct error *e);
/* --only K=V[,K=V], each an object, as the member only; none: nothing. */
int members_only(const struct option_list *only, json_t *into, struct error *e);

#endif
