#include "rotation.h"

#include "entity.h"
#include "entry.h"
#include "store.h"
#include "transaction.h"

static int
answer(struct transaction *t, int64_t keys)
{
	return transaction_answer(t, json_pack("{s:I}", "keys", (json_int_t)keys));
}

static int
rotate_org(struct transaction *t, struct database *db, struct error *e)
{
	struct entry_place p = {
		.db = db, .entity = entity_of("param/"), .org_name = transaction_text(t, "org")
	};
	int64_t count;

	if (entry_place(&p, e) < 0 ||
	    secrets_rotate_org(t->secrets, db, p.org, p.org_name, &count, e) < 0)
		return -1;
	return answer(t, count);
}

static int
rotate_master(struct transaction *t, struct database *db, struct error *e)
{
	int64_t count;

	return secrets_rotate_master(t->secrets, db, &count, e) < 0 ? -1 : answer(t, count);
}

static void
settle_master(struct transaction *t, bool kept)
{
	secrets_settle_master(t->secrets, kept);
}

void
rotation_begin(void *self, struct request *r)
{
	struct store *s = self;
	struct transaction *t = transaction_new(r);
	bool master;

	if (t == NULL)
		return;
	master = transaction_text(t, "org") == NULL;
	t->secrets = &s->secrets;
	t->work = master ? rotate_master : rotate_org;
	t->settled = master ? settle_master : NULL;
	transaction_give(t, s->writer);
}
