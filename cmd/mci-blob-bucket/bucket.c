#include "bucket.h"

#include <string.h>

#include "duration.h"
#include "number.h"
#include "option.h"
#include "upload.h"

#define PARALLEL 8
#define PART ((int64_t)8 * 1024 * 1024)
#define STALL (30 * SECOND)

static int
part_size(struct bucket *b, const char *text, struct error *e)
{
	b->part = PART;
	if (text == NULL)
		return 0;
	if (number_size(text, strlen(text), &b->part, e) < 0)
		return error_before(e, "--part-size: ");
	if (b->part < UPLOAD_PART_LEAST)
		return error_set(e, ERROR_USAGE, "--part-size %s: S3 takes no parts below 5M", text);
	return 0;
}

int
bucket_open(struct bucket *b, const char *address, const struct bucket_options *o, struct error *e)
{
	const struct traffic_options t = { o->parallel > 0 ? o->parallel : PARALLEL,
		o->stall > 0 ? o->stall : STALL, option_common.quiet };

	*b = (struct bucket){ 0 };
	if (part_size(b, o->part, e) < 0 || place_open(&b->place, address, e) < 0)
		return -1;
	b->loop = loop_new(e);
	if (b->loop != NULL)
		b->traffic = traffic_new(b->loop, &b->place, &t, e);
	if (b->traffic != NULL)
		return 0;
	bucket_close(b);
	return -1;
}

void
bucket_close(struct bucket *b)
{
	traffic_free(b->traffic);
	if (b->loop != NULL)
		loop_free(b->loop);
	place_close(&b->place);
	*b = (struct bucket){ 0 };
}
