#include "naming.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"
#include "number.h"
#include "store.h"

static int
read_object(struct backend *b, const char *object, struct record *r, struct error *e)
{
	AUTO_BYTES text = { 0 };
	struct backend_object o;

	*r = (struct record){ 0 };
	if (b->type->stat(b, object, &o, e) < 0 || backend_read(b, object, RECORD_LIMIT, &text, e) < 0 ||
	    record_read(r, (struct span){ text.data, text.len }, object, e) < 0)
		return -1;
	r->used = o.used;
	r->stranger = strncmp(object, STORE_STRANGER, strlen(STORE_STRANGER)) == 0;
	return 0;
}

static int
naming_read(struct backend *b, const char *side, const char *name, struct record *r, struct error *e)
{
	AUTO_FREE char *object = record_object(side, name, true);

	return read_object(b, object, r, e);
}

struct listing {
	struct backend *b;
	int (*each)(void *arg, struct record *r);
	int (*damaged)(void *arg, const char *object, const struct error *why);
	void *arg;
	struct error *e;
};

static int
list_one(void *arg, const struct backend_object *o)
{
	struct listing *l = arg;
	size_t n = strlen(o->name);
	struct record r;
	struct error why;

	if (n == 0 || o->name[n - 1] != '=')
		return 0;
	if (read_object(l->b, o->name, &r, &why) == 0)
		return l->each(l->arg, &r);
	/* removed in between */
	if (why.code == ERROR_NOT_FOUND)
		return 0;
	if (l->damaged != NULL)
		return l->damaged(l->arg, o->name, &why);
	*l->e = why;
	return -1;
}

int
naming_list(struct backend *b, const char *side, const char *prefix, int (*each)(void *arg, struct record *r),
    int (*damaged)(void *arg, const char *object, const struct error *why), void *arg, struct error *e)
{
	struct listing l = { b, each, damaged, arg, e };
	AUTO_FREE char *object = record_object(side, prefix, false);

	return b->type->list(b, object, list_one, &l, e);
}

static int
keep_newest(void *arg, struct record *r)
{
	struct record *newest = arg;

	if (newest->name == NULL || r->created > newest->created) {
		record_free(newest);
		*newest = *r;
	} else {
		record_free(r);
	}
	return 0;
}

int
naming_pass_over(void *arg, const char *object, const struct error *why)
{
	(void)arg;
	(void)object;
	(void)why;
	return 0;
}

int
naming_find(struct backend *b, bool stranger, const char *const *names, size_t n, struct record *r, bool *hit,
    struct error *e)
{
	static const char *const sides[] = { "", STORE_STRANGER };
	AUTO_FREE char *object = NULL;

	*r = (struct record){ 0 };
	for (size_t i = 0; i < n; i++) {
		/* a stranger's own comes before what is trusted, when it is as new */
		for (size_t side = stranger ? 2 : 1; side-- > 0 && (i > 0 || r->name == NULL);) {
			struct error why;

			if (i > 0) {
				if (naming_list(b, sides[side], names[i], keep_newest,
				    naming_pass_over, r, e) < 0)
					return -1;
			} else if (naming_read(b, sides[side], names[i], r, &why) < 0 &&
			    why.code != ERROR_NOT_FOUND) {
				*e = why;
				return -1;
			}
		}
		if (r->name != NULL) {
			object = record_object(r->stranger ? STORE_STRANGER : "", r->name, true);
			b->type->touch(b, object);
			*hit = i == 0;
			return 0;
		}
	}
	return error_set(e, ERROR_NOT_FOUND, "%s is not there", names[0]);
}

#define RUN_LIMIT 32

/* The newest run of the build that has committed anything: runs/BUILD=. 0: none. */
static int
read_run(struct backend *b, const char *object, int64_t *run, struct error *e)
{
	AUTO_BYTES text = { 0 };
	struct error why;

	*run = 0;
	if (backend_read(b, object, RUN_LIMIT, &text, &why) < 0) {
		if (why.code == ERROR_NOT_FOUND)
			return 0;
		*e = why;
		return -1;
	}
	if (text.len == 0 || number_parse(text.data, text.len - 1, 1, INT64_MAX, run, e) < 0)
		return error_set(e, ERROR_INPUT, "%s: is damaged", object);
	return 0;
}

static int
check_run(struct backend *b, const struct record *r, struct error *e)
{
	AUTO_FREE char *name = record_object("", r->build, true);
	AUTO_FREE char *object = xformat("%sruns/%s", r->stranger ? STORE_STRANGER : "",
	    name + strlen("names/"));
	char text[RUN_LIMIT];
	int64_t newest;

	if (read_run(b, object, &newest, e) < 0)
		return -1;
	if (newest > r->run)
		return error_set(e, ERROR_FENCED, "%s: run %" PRId64 " of %s has begun: this is run %" PRId64,
		    r->name, newest, r->build, r->run);
	if (newest == r->run)
		return 0;
	snprintf(text, sizeof(text), "%" PRId64 "\n", r->run);
	return b->type->put(b, object, (struct span){ text, strlen(text) }, e);
}

int
naming_commit(struct backend *b, const struct record *r, struct error *e)
{
	const char *side = r->stranger ? STORE_STRANGER : "";
	AUTO_FREE char *object = record_object(side, r->name, true);
	AUTO_BYTES line = { 0 };
	AUTO_CLOSE int lock = -1;

	if (record_check_name(r->name, e) < 0 || (r->build != NULL && record_check_name(r->build, e) < 0))
		return -1;
	lock = b->type->lock(b, "commit", true, e);
	if (lock < 0 || (r->build != NULL && r->run > 0 && check_run(b, r, e) < 0))
		return -1;
	record_write(&line, r);
	return b->type->put(b, object, (struct span){ line.data, line.len }, e);
}

int
naming_remove(struct backend *b, const char *side, const char *name, struct error *e)
{
	AUTO_FREE char *object = record_object(side, name, true);
	AUTO_CLOSE int lock = b->type->lock(b, "commit", true, e);
	struct backend_object o;

	if (lock < 0)
		return -1;
	if (b->type->stat(b, object, &o, e) < 0)
		return e != NULL && e->code == ERROR_NOT_FOUND ?
		    error_set(e, ERROR_NOT_FOUND, "%s is not there", name) : -1;
	return b->type->remove(b, object, e);
}
