/*
 * secrets: values that are sealed in the database, and who gets them. A key of its own seals each,
 * that is sealed by its organisation's, which is sealed by the master key; bound to them are the
 * organisation, the name and the row that they belong to. No method tells one; a claim takes them
 * for its build.
 *
 * All but secrets_open are for the thread that writes, inside of a write.
 */
#ifndef MCI_STORE_SECRETS_H
#define MCI_STORE_SECRETS_H

#include <stdbool.h>
#include <stdint.h>

#include "database.h"
#include "error.h"
#include "master.h"

/* What the parameters and keys of an organisation may take together in the line of a claim, as
 * JSON. */
#define SECRETS_LIMIT (512 * 1024)

struct secrets {
	struct master master;
	struct seal_key before; /* while a rotation is not settled */
	bool rotating;
	bool beside; /* the master key is only in the file beside its own */
};

/*
 * Reads the master key (master.h), which has to be the one that db was sealed with; or old is where
 * that one comes from, and what it sealed is sealed anew. source and old may be NULL.
 */
int secrets_open(struct secrets *s, struct database *db, const char *folder, const char *source,
    const char *old, struct error *e);
void secrets_close(struct secrets *s);

/* Where one is: its kind ("param" or "key"), its row, and what it is bound to besides. */
struct secret_place {
	const char *kind;
	int64_t owner;
	int64_t org;
	const char *org_name, *name;
};

/* Seals it, with a new key, in place of the one before. */
int secrets_put(struct secrets *s, struct database *db, const struct secret_place *p,
    struct span value, struct error *e);
/* Appends it. ERROR_NOT_FOUND when there is none. */
int secrets_get(struct secrets *s, struct database *db, const struct secret_place *p,
    struct bytes *into, struct error *e);
int secrets_remove(struct database *db, const char *kind, int64_t owner, struct error *e);

/* New keys for an organisation and each of its secrets; how many. */
int secrets_rotate_org(struct secrets *s, struct database *db, int64_t org, const char *name,
    int64_t *count, struct error *e);
/*
 * A new master key, which seals the keys of all organisations from here on; settle, of the same
 * write, puts it into its file, or goes back to the one before. Only for a master key of the
 * folder.
 */
int secrets_rotate_master(struct secrets *s, struct database *db, int64_t *count, struct error *e);
void secrets_settle_master(struct secrets *s, bool kept);

#endif
