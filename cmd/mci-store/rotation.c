#include "rotation.h"

#include <stdlib.h>

#include "change.h"
#include "entity.h"
#include "entry.h"
#include "memory.h"

static int
count_keys(struct change *c, int64_t count)
{
	c->result = json_pack("{s:I}", "keys", (json_int_t)count);
	return 0;
}

static int
rotate_org(struct change *c, struct database *db, struct error *e)
{
	struct entry_place p = {
		.db = db, .entity = entity_of("param/"), .org_name = change_text(c, "org")
	};
	int64_t count;

	if (entry_place(&p, e) < 0 ||
	    secrets_rotate_org(&c->store->secrets, db, p.org, p.org_name, &count, e) < 0)
		return -1;
	return count_keys(c, count);
}

static int
rotate_master(struct change *c, struct database *db, struct error *e)
{
	int64_t count;

	if (secrets_rotate_master(&c->store->secrets, db, &count, e) < 0)
		return -1;
	return count_keys(c, count);
}

static void
settle_master(struct change *c, bool kept)
{
	secrets_settle_master(&c->store->secrets, kept);
}

void
rotation_begin(void *self, struct request *r)
{
	bool master = request_text(r, "org") == NULL;
	struct change *c = change_new(self, r, master ? rotate_master : rotate_org);

	if (c == NULL)
		return;
	if (master)
		c->settled = settle_master;
	change_write(c);
}
