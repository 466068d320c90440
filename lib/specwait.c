#include "specwait.h"

#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "memory.h"

#define WAITS 10000 /* bound on a list */

bool
spec_wait_plain(const struct spec_wait *w)
{
	return !w->glob && !w->optional && w->nsame == 0;
}

static void
wait_free(struct spec_wait *w)
{
	free(w->id);
	value_list_free(w->same, w->nsame);
}

static int
same_read(struct spec_wait *w, const struct scan_value *v, struct error *e)
{
	if (value_list(&w->same, &w->nsame, v, true, e) < 0)
		return -1;
	return w->nsame > 0 ? 0 : error_set(e, ERROR_INPUT, ": expected at least one name");
}

static int
member_read(struct spec_wait *w, const struct scan_member *m, struct error *e)
{
	static const char *const names[] = { "id", "same", "optional" };

	if (span_is(m->key, "id"))
		return value_text_into(&w->id, &m->value, e) < 0 ? error_before(e, ".id") : 0;
	if (span_is(m->key, "same") && w->same == NULL)
		return same_read(w, &m->value, e) < 0 ? error_before(e, ".same") : 0;
	if (span_is(m->key, "optional"))
		return value_bool(&w->optional, &m->value, e) < 0 ? error_before(e, ".optional") : 0;
	return value_unknown(m->key, names, sizeof(names) / sizeof(names[0]), e);
}

static int
object_read(struct spec_wait *w, const struct scan_value *v, struct error *e)
{
	struct scan object;
	struct scan_member m;
	int got;

	scan_open(&object, v->raw.p, v->raw.n, e);
	while ((got = scan_next(&object, &m, e)) > 0) {
		if (member_read(w, &m, e) < 0)
			return -1;
	}
	if (got == 0 && w->id == NULL)
		return error_set(e, ERROR_INPUT, ".id: missing; which job is meant?");
	return got;
}

static int
wait_read(struct spec_wait *w, const struct scan_value *v, struct error *e)
{
	if (v->type == SCAN_OBJECT)
		return object_read(w, v, e);
	if (v->type != SCAN_STRING)
		return value_expected(v, "a job's id or an object with id", e);
	return value_text_into(&w->id, v, e);
}

static int
waits_read(void *at, size_t *n, const struct scan_value *v, unsigned how, struct error *e)
{
	struct spec_wait **list = at;
	struct scan s;
	struct scan_member m;
	size_t size = 0;
	int got;

	(void)how;
	if (v->type != SCAN_ARRAY) {
		*list = xmalloc(sizeof(**list));
		**list = (struct spec_wait){ 0 };
		*n = 1;
		if (v->type != SCAN_OBJECT && v->type != SCAN_STRING)
			return value_expected(v, "an id, an object with id, or a list of those", e);
		return wait_read(*list, v, e);
	}
	scan_open(&s, v->raw.p, v->raw.n, e);
	while ((got = scan_next(&s, &m, e)) > 0) {
		if (*n == WAITS)
			return error_set(e, ERROR_LIMIT, ": more than %d entries", WAITS);
		if (*n == size) {
			size = size == 0 ? 4 : size * 2;
			*list = xrealloc(*list, size, sizeof(**list));
		}
		(*list)[*n] = (struct spec_wait){ 0 };
		if (wait_read(&(*list)[(*n)++], &m.value, e) < 0)
			return error_before(e, "[%zu]", *n - 1);
	}
	return got;
}

static void
wait_write(struct bytes *b, const struct spec_wait *w)
{
	if (w->nsame == 0 && !w->optional) {
		emit_string(b, w->id, strlen(w->id));
		return;
	}
	emit_open(b);
	emit_text(b, "id", w->id);
	if (w->nsame > 0)
		emit_list(b, "same", (const char *const *)w->same, w->nsame);
	if (w->optional)
		emit_bool(b, "optional", true);
	bytes_char(b, '}');
}

static void
waits_write(struct bytes *b, const char *key, const void *at, size_t n)
{
	const struct spec_wait *list = *(struct spec_wait *const *)at;

	if (n == 0)
		return;
	emit_key(b, key);
	bytes_char(b, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			bytes_char(b, ',');
		wait_write(b, &list[i]);
	}
	bytes_char(b, ']');
}

static char **
names_copy(char *const *names, size_t n)
{
	char **copy = n == 0 ? NULL : xmalloc((n + 1) * sizeof(char *));

	for (size_t i = 0; i < n; i++)
		copy[i] = xstrdup(names[i]);
	if (n > 0)
		copy[n] = NULL;
	return copy;
}

static void
waits_copy(void *at, size_t n)
{
	struct spec_wait **list = at, *copy;

	if (*list == NULL)
		return;
	copy = xmalloc(n * sizeof(*copy));
	for (size_t i = 0; i < n; i++) {
		copy[i] = (*list)[i];
		copy[i].id = xstrdup(copy[i].id);
		copy[i].same = names_copy(copy[i].same, copy[i].nsame);
	}
	*list = copy;
}

static void
waits_free(void *at, size_t n)
{
	struct spec_wait *list = *(struct spec_wait **)at;

	for (size_t i = 0; i < n; i++)
		wait_free(&list[i]);
	free(list);
}

void
spec_waits_replace(struct spec_wait **list, size_t *n, const char *const *ids, size_t nids)
{
	waits_free(list, *n);
	*list = xmalloc((nids + 1) * sizeof(**list));
	for (size_t i = 0; i < nids; i++)
		(*list)[i] = (struct spec_wait){ .id = xstrdup(ids[i]) };
	*n = nids;
}

const struct value_type value_type_waits = { "id, object or list", waits_read, waits_write, waits_copy,
	waits_free };
