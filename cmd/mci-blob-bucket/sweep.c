#include "sweep.h"

#include <stdlib.h>
#include <string.h>

#include "markup.h"
#include "memory.h"
#include "timestamp.h"

struct upload {
	char *key, *id;
	int64_t begun;
};

struct sweep {
	struct traffic *traffic;
	int64_t before, n;
	struct upload item, *all; /* of one answer, that are old enough */
	size_t nall, at;
	bool more; /* another answer would have others */
	sweep_done *done;
	void *arg;
};

static void list(struct sweep *s);
static void next(struct sweep *s);

static void
item_clear(struct upload *u)
{
	free(u->key);
	free(u->id);
	*u = (struct upload){ 0 };
}

static void
all_clear(struct sweep *s)
{
	for (size_t i = 0; i < s->nall; i++)
		item_clear(&s->all[i]);
	item_clear(&s->item);
	free(s->all);
	s->all = NULL;
	s->nall = s->at = 0;
	s->more = false;
}

static void
finish(struct sweep *s, const struct error *e)
{
	s->done(s->arg, s->n, e);
	all_clear(s);
	free(s);
}

static void
item_begin(void *arg)
{
	item_clear(&((struct sweep *)arg)->item);
}

static void
item_end(void *arg)
{
	struct sweep *s = arg;
	const char *prefix = traffic_place(s->traffic)->prefix;
	struct upload *u = &s->item;

	if (u->key == NULL || u->id == NULL || u->begun == 0 || u->begun >= s->before ||
	    strncmp(u->key, prefix, strlen(prefix)) != 0)
		return;
	s->all = xrealloc(s->all, s->nall + 1, sizeof(*s->all));
	s->all[s->nall++] = *u;
	*u = (struct upload){ 0 };
}

static void
item_field(void *arg, int item, const char *name, const char *text)
{
	struct sweep *s = arg;

	if (!item && strcmp(name, "IsTruncated") == 0)
		s->more = strcmp(text, "true") == 0;
	else if (item && strcmp(name, "Key") == 0 && s->item.key == NULL)
		s->item.key = xstrdup(text);
	else if (item && strcmp(name, "UploadId") == 0 && s->item.id == NULL)
		s->item.id = xstrdup(text);
	else if (item && strcmp(name, "Initiated") == 0)
		(void)timestamp_parse(text, strlen(text), &s->item.begun, NULL);
}

static int
list_check(void *arg, const struct answer *a, struct error *e)
{
	static const struct markup_events events = { "Upload", item_begin, item_end, item_field };
	struct sweep *s = arg;

	all_clear(s);
	return markup_read(
	    (struct span){ a->body.data, a->body.len }, "ListMultipartUploadsResult", &events, s, e);
}

static void
aborted(void *arg, const struct answer *a, const struct error *e)
{
	struct sweep *s = arg;

	(void)a;
	if (e->code != ERROR_NONE && e->code != ERROR_NOT_FOUND) {
		finish(s, e);
		return;
	}
	s->n += e->code == ERROR_NONE;
	s->at++;
	next(s);
}

static void
next(struct sweep *s)
{
	const struct upload *u = &s->all[s->at];
	const struct error fine = { 0 };

	if (s->at == s->nall && s->more && s->nall > 0)
		list(s); /* those are gone: the first answer has others now */
	else if (s->at == s->nall)
		finish(s, &fine);
	else
		exchange_start(s->traffic,
		    &(struct exchange_wish){ .method = "DELETE",
			.name = u->key + strlen(traffic_place(s->traffic)->prefix),
			.query = { { "uploadId", u->id } },
			.nquery = 1,
			.fd = -1,
			.to = -1,
			.done = aborted,
			.arg = s });
}

static void
listed(void *arg, const struct answer *a, const struct error *e)
{
	struct sweep *s = arg;

	(void)a;
	if (e->code != ERROR_NONE)
		finish(s, e);
	else
		next(s);
}

static void
list(struct sweep *s)
{
	exchange_start(s->traffic,
	    &(struct exchange_wish){ .method = "GET",
		.query = { { "max-uploads", "1000" }, { "prefix", traffic_place(s->traffic)->prefix },
		    { "uploads", "" } },
		.nquery = 3,
		.fd = -1,
		.to = -1,
		.check = list_check,
		.done = listed,
		.arg = s });
}

void
sweep_start(struct traffic *t, int64_t before, sweep_done *done, void *arg)
{
	struct sweep *s = xmalloc(sizeof(*s));

	*s = (struct sweep){ .traffic = t, .before = before, .done = done, .arg = arg };
	list(s);
}
