#include "listing.h"

#include <stdlib.h>
#include <string.h>

#include "markup.h"
#include "memory.h"
#include "number.h"
#include "sums.h"
#include "timestamp.h"

/* ---- parts */

struct arrived {
	void (*part)(void *arg, int64_t number, const char *etag);
	void *arg;
	int64_t number;
	char etag[SUMS_MD5];
};

static void
arrived_begin(void *arg)
{
	struct arrived *x = arg;

	x->number = 0;
	x->etag[0] = '\0';
}

static void
arrived_end(void *arg)
{
	struct arrived *x = arg;

	if (x->number >= 1)
		x->part(x->arg, x->number, x->etag);
}

static void
arrived_field(void *arg, int item, const char *name, const char *text)
{
	struct arrived *x = arg;
	size_t n = strlen(text);

	if (item && strcmp(name, "PartNumber") == 0)
		(void)number_parse(text, n, 1, LISTING_PARTS_MOST, &x->number, NULL);
	if (!item || strcmp(name, "ETag") != 0)
		return;
	if (n > 2 && text[0] == '"') {
		text++;
		n -= 2;
	}
	if (n == 32) {
		memcpy(x->etag, text, n);
		x->etag[n] = '\0';
	}
}

int
listing_parts(struct span body, void (*part)(void *arg, int64_t number, const char *etag), void *arg,
    struct error *e)
{
	static const struct markup_events events = { "Part", arrived_begin, arrived_end, arrived_field };
	struct arrived x = { .part = part, .arg = arg };

	return markup_read(body, "ListPartsResult", &events, &x, e);
}

/* ---- uploads */

struct found {
	const char *wanted;
	char **taken;
	char *key, *id;
	int64_t begun, newest; /* of this one; of the one that was taken */
};

static void
found_begin(void *arg)
{
	struct found *f = arg;

	free(f->key);
	free(f->id);
	f->key = f->id = NULL;
	f->begun = 0;
}

static void
found_end(void *arg)
{
	struct found *f = arg;

	if (f->key == NULL || f->id == NULL || strcmp(f->key, f->wanted) != 0 || f->begun < f->newest)
		return;
	f->newest = f->begun;
	free(*f->taken);
	*f->taken = f->id;
	f->id = NULL;
}

static void
found_field(void *arg, int item, const char *name, const char *text)
{
	struct found *f = arg;

	if (item && strcmp(name, "Key") == 0 && f->key == NULL)
		f->key = xstrdup(text);
	else if (item && strcmp(name, "UploadId") == 0 && f->id == NULL)
		f->id = xstrdup(text);
	else if (item && strcmp(name, "Initiated") == 0)
		(void)timestamp_parse(text, strlen(text), &f->begun, NULL);
}

int
listing_newest(struct span body, const char *key, char **id, struct error *e)
{
	static const struct markup_events events = { "Upload", found_begin, found_end, found_field };
	struct found f = { .wanted = key, .taken = id };
	int done = markup_read(body, "ListMultipartUploadsResult", &events, &f, e);

	found_begin(&f);
	return done;
}
