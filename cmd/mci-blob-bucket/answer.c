#include "answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "duration.h"
#include "kernel.h"
#include "markup.h"
#include "number.h"

void
answer_begin(struct answer *a)
{
	struct bytes body = a->body;

	body.len = 0;
	*a = (struct answer){ .size = -1, .start = -1, .body = body };
}

/* Of IMF-fixdate (RFC 9110 section 5.6.7); 0 where it is none. */
static int64_t
date(const char *text)
{
	struct tm tm = { 0 };

	return strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm) == NULL ? 0 : (int64_t)timegm(&tm);
}

static void
copy(char *into, size_t size, const char *value)
{
	size_t n = strlen(value);

	if (n >= 2 && value[0] == '"' && value[n - 1] == '"') {
		value++;
		n -= 2;
	}
	if (n < size) {
		memcpy(into, value, n);
		into[n] = '\0';
	}
}

static void
number(int64_t *into, const char *value)
{
	(void)number_parse(value, strspn(value, "0123456789"), 0, INT64_MAX, into, NULL);
}

static void
take_etag(struct answer *a, const char *value)
{
	copy(a->etag, sizeof(a->etag), value);
}

static void
take_sha256(struct answer *a, const char *value)
{
	if (strspn(value, "0123456789abcdef") == 64 && value[64] == '\0')
		copy(a->sha256, sizeof(a->sha256), value);
}

static void
take_modified(struct answer *a, const char *value)
{
	a->modified = date(value) * SECOND;
}

static void
take_size(struct answer *a, const char *value)
{
	number(&a->size, value);
}

/* "bytes 0-9/100" (RFC 9110 section 14.4) */
static void
take_range(struct answer *a, const char *value)
{
	if (strncasecmp(value, "bytes ", 6) == 0)
		number(&a->start, value + 6);
}

static void
take_clock(struct answer *a, const char *value)
{
	a->clock = date(value);
}

/* Seconds; a date, which it may be as well, is as good as nothing said. */
static void
take_wait(struct answer *a, const char *value)
{
	number(&a->wait, value);
}

static void
take_region(struct answer *a, const char *value)
{
	copy(a->region, sizeof(a->region), value);
}

static void
take_encryption(struct answer *a, const char *value)
{
	a->encrypted = strcmp(value, "AES256") != 0;
}

static const struct {
	const char *name;
	void (*take)(struct answer *a, const char *value);
} heads[] = {
	{ "etag", take_etag },
	{ "x-amz-meta-sha256", take_sha256 },
	{ "last-modified", take_modified },
	{ "content-length", take_size },
	{ "content-range", take_range },
	{ "date", take_clock },
	{ "retry-after", take_wait },
	{ "x-amz-bucket-region", take_region },
	{ "x-amz-server-side-encryption", take_encryption },
};

void
answer_head(struct answer *a, struct span line)
{
	char value[256];
	const char *colon;
	size_t n;

	while (line.n > 0 &&
	    (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == '\n' || line.p[line.n - 1] == ' '))
		line.n--;
	if (line.n >= 12 && strncmp(line.p, "HTTP/", 5) == 0) {
		int64_t status = 0;
		const char *blank = memchr(line.p, ' ', line.n);

		answer_begin(a);
		if (blank != NULL && blank + 4 <= line.p + line.n)
			(void)number_parse(blank + 1, 3, 100, 999, &status, NULL);
		a->status = (long)status;
		return;
	}
	colon = memchr(line.p, ':', line.n);
	if (colon == NULL)
		return;
	n = (size_t)(colon - line.p);
	colon++;
	while (colon < line.p + line.n && (*colon == ' ' || *colon == '\t'))
		colon++;
	if ((size_t)(line.p + line.n - colon) >= sizeof(value))
		return;
	snprintf(value, sizeof(value), "%.*s", (int)(line.p + line.n - colon), colon);
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		if (strlen(heads[i].name) == n && strncasecmp(heads[i].name, line.p, n) == 0)
			heads[i].take(a, value);
	}
}

/* What a code means for whoever reads it, where the server's own words do not say what to do. */
static void
say_key(char *into, size_t size, const struct answer *a, const struct place *p)
{
	(void)a;
	snprintf(into, size, "the endpoint does not know the access key %s", p->id);
}

static void
say_secret(char *into, size_t size, const struct answer *a, const struct place *p)
{
	(void)a;
	snprintf(into, size, "the secret is not that of the access key %s, or the region is not %s", p->id,
	    p->region);
}

static void
say_clock(char *into, size_t size, const struct answer *a, const struct place *p)
{
	int64_t off = a->clock == 0 ? 0 : kernel.wall() / SECOND - a->clock;

	(void)p;
	snprintf(into, size, "this machine's clock is %lld seconds %s the server's: set it right",
	    (long long)(off < 0 ? -off : off), off < 0 ? "behind" : "before");
}

static void
say_region(char *into, size_t size, const struct answer *a, const struct place *p)
{
	snprintf(into, size, "the bucket is in %s, not in %s: set AWS_REGION",
	    a->region[0] == '\0' ? "another region" : a->region, p->region);
}

static void
say_bucket(char *into, size_t size, const struct answer *a, const struct place *p)
{
	(void)a;
	snprintf(into, size, "there is no bucket %s: make it first", p->bucket);
}

static void
say_hash(char *into, size_t size, const struct answer *a, const struct place *p)
{
	(void)a;
	(void)p;
	snprintf(into, size, "other bytes came there than were signed");
}

static const struct {
	const char *code;
	bool again;
	enum error_code is;
	void (*say)(char *into, size_t size, const struct answer *a, const struct place *p);
} codes[] = {
	{ "SignatureDoesNotMatch", false, ERROR_REFUSED, say_secret },
	{ "InvalidAccessKeyId", false, ERROR_REFUSED, say_key },
	{ "RequestTimeTooSkewed", false, ERROR_REFUSED, say_clock },
	{ "RequestExpired", false, ERROR_REFUSED, say_clock },
	{ "PermanentRedirect", false, ERROR_REFUSED, say_region },
	{ "AuthorizationHeaderMalformed", false, ERROR_REFUSED, say_region },
	{ "NoSuchBucket", false, ERROR_REFUSED, say_bucket },
	{ "XAmzContentSHA256Mismatch", false, ERROR_INPUT, say_hash },
	{ "BadDigest", false, ERROR_INPUT, say_hash },
	{ "RequestTimeout", true, ERROR_SYSTEM, NULL },
	{ "InternalError", true, ERROR_SYSTEM, NULL },
	{ "SlowDown", true, ERROR_BUSY, NULL },
	{ "OperationAborted", true, ERROR_BUSY, NULL },
	{ "ConditionalRequestConflict", true, ERROR_BUSY, NULL },
};

int
answer_error(
    const struct answer *a, const struct place *p, const char *method, bool *again, struct error *e)
{
	enum error_code is = a->status == 404    ? ERROR_NOT_FOUND :
	    a->status >= 500                     ? ERROR_SYSTEM :
	    a->status == 429 || a->status == 408 ? ERROR_BUSY :
						   ERROR_REFUSED;
	struct markup_error m = { 0 };
	char said[512] = "";

	*again = a->status >= 500 || a->status == 429 || a->status == 408;
	/* a head has no body, and a proxy none of S3's */
	(void)markup_error((struct span){ a->body.data, a->body.len }, &m);
	/* the answer to HEAD has no body that would say more */
	if (a->status == 403 && m.code[0] == '\0')
		snprintf(said, sizeof(said),
		    "the key %s may not, or its secret or this machine's clock is wrong", p->id);
	else
		snprintf(said, sizeof(said), "%s", a->status == 404 && m.message[0] == '\0' ?
		    "there is no such object" : m.message);
	for (size_t i = 0; m.code[0] != '\0' && i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (strcmp(m.code, codes[i].code) != 0)
			continue;
		*again = *again || codes[i].again;
		is = codes[i].is;
		if (codes[i].say != NULL)
			codes[i].say(said, sizeof(said), a, p);
	}
	return error_set(e, is, "%s: %ld%s%s%s%s", method, a->status, m.code[0] == '\0' ? "" : " ", m.code,
	    said[0] == '\0' ? "" : ": ", said);
}
