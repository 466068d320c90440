#include "transaction.h"

#include <stdlib.h>

#include "jsontree.h"
#include "memory.h"

static void
transaction_free(struct transaction *t)
{
	json_decref(t->params);
	bytes_free(&t->result);
	bytes_free(&t->name);
	free(t);
}

static int
work(void *arg, struct database *db, struct error *e)
{
	struct transaction *t = arg;

	return t->work(t, db, e);
}

static void
settled(void *arg, bool kept)
{
	struct transaction *t = arg;

	if (t->settled != NULL)
		t->settled(t, kept);
}

static void
done(void *arg, const struct error *e)
{
	struct transaction *t = arg;

	if (t->after != NULL)
		t->after(t, e);
	if (t->request != NULL && e->code != ERROR_NONE)
		request_fail_with(t->request, e);
	else if (t->request != NULL)
		request_reply(t->request, (struct span){ t->result.data, t->result.len });
	transaction_free(t);
}

struct transaction *
transaction_new(struct request *r)
{
	struct transaction *t = xmalloc(sizeof(*t));
	struct span params = r == NULL ? (struct span){ NULL, 0 } : request_params(r);
	struct error e;

	t->request = r;
	t->method = r == NULL ? NULL : request_row(r)->name;
	t->write = (struct write){ .work = work, .done = done, .settled = settled, .arg = t };
	t->params = params.n == 0 ? json_object() : jsontree_read(params, &e);
	if (t->params == NULL) {
		transaction_fail(t, &e);
		return NULL;
	}
	if (r != NULL)
		request_forget(r);
	return t;
}

void
transaction_give(struct transaction *t, struct writer *w)
{
	writer_give(w, &t->write);
}

void
transaction_do(struct request *r, struct secrets *secrets, struct writer *w, transaction_work *does)
{
	struct transaction *t = transaction_new(r);

	if (t == NULL)
		return;
	t->secrets = secrets;
	t->work = does;
	transaction_give(t, w);
}

void
transaction_fail(struct transaction *t, const struct error *e)
{
	if (t->request != NULL)
		request_fail_with(t->request, e);
	transaction_free(t);
}

const char *
transaction_text(const struct transaction *t, const char *name)
{
	return json_string_value(json_object_get(t->params, name));
}

int64_t
transaction_integer(const struct transaction *t, const char *name, int64_t otherwise)
{
	const json_t *value = json_object_get(t->params, name);

	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

int
transaction_answer(struct transaction *t, json_t *result)
{
	jsontree_write(&t->result, result);
	json_decref(result);
	return 0;
}
