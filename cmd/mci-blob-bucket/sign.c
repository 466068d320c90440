#include "sign.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "duration.h"
#include "memory.h"
#include "sums.h"

#define ALGORITHM "AWS4-HMAC-SHA256"

void
sign_date(int64_t wall, char text[static SIGN_DATE])
{
	time_t seconds = (time_t)(wall / SECOND);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(text, SIGN_DATE, "%Y%m%dT%H%M%SZ", &tm);
}

static bool
unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	    c == '.' || c == '_' || c == '~';
}

void
sign_encode(struct bytes *into, const char *text, bool slashes)
{
	for (; *text != '\0'; text++) {
		if (unreserved(*text) || (slashes && *text == '/'))
			bytes_char(into, *text);
		else
			bytes_format(into, "%%%02X", (unsigned char)*text);
	}
}

/* By name, as they are sent; no name of S3 is the beginning of another and goes on before '='. */
static int
by_name(const void *a, const void *b)
{
	const struct sign_pair *one = a, *other = b;
	int order = strcmp(one->name, other->name);

	return order != 0 ? order : strcmp(one->value, other->value);
}

void
sign_query(struct bytes *into, struct sign_pair *pairs, size_t n)
{
	qsort(pairs, n, sizeof(*pairs), by_name);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			bytes_char(into, '&');
		sign_encode(into, pairs[i].name, false);
		bytes_char(into, '=');
		sign_encode(into, pairs[i].value, false);
	}
}

static void
hmac(const void *key, size_t nkey, const void *p, size_t n, unsigned char out[static 32])
{
	HMAC(EVP_sha256(), key, (int)nkey, p, n, out, NULL);
}

static void
signed_names(struct bytes *into, const struct sign_request *r)
{
	for (size_t i = 0; i < r->nheaders; i++)
		bytes_format(into, "%s%s", i > 0 ? ";" : "", r->headers[i].name);
}

/* Without blanks around it, and one for each run of them. */
static void
header_value(struct bytes *into, const char *value)
{
	value += strspn(value, " ");
	while (*value != '\0') {
		size_t n = strcspn(value, " ");
		size_t blanks = strspn(value + n, " ");

		bytes_add(into, value, n);
		value += n + blanks;
		if (blanks > 0 && *value != '\0')
			bytes_char(into, ' ');
	}
}

static void
canonical(struct bytes *into, const struct sign_request *r)
{
	bytes_format(into, "%s\n%s\n%s\n", r->method, r->path, r->query);
	for (size_t i = 0; i < r->nheaders; i++) {
		bytes_format(into, "%s:", r->headers[i].name);
		header_value(into, r->headers[i].value);
		bytes_char(into, '\n');
	}
	bytes_char(into, '\n');
	signed_names(into, r);
	bytes_format(into, "\n%s", r->sha256);
}

static void
signing_key(const struct sign_key *key, const char *date, unsigned char out[static 32])
{
	AUTO_FREE char *secret = xformat("AWS4%s", key->secret);
	unsigned char step[32];

	hmac(secret, strlen(secret), date, 8, out);
	hmac(out, 32, key->region, strlen(key->region), step);
	hmac(step, 32, key->service, strlen(key->service), out);
	hmac(out, 32, "aws4_request", 12, step);
	memcpy(out, step, 32);
	explicit_bzero(secret, strlen(secret));
}

void
sign_authorization(
    struct bytes *into, const struct sign_key *key, const struct sign_request *r, const char *date)
{
	AUTO_BYTES request = { 0 }, text = { 0 }, scope = { 0 };
	unsigned char secret[32], signature[32];
	struct sums_text sums;
	char hex[SUMS_SHA256];

	canonical(&request, r);
	sums_of((struct span){ request.data, request.len }, &sums);
	bytes_format(&scope, "%.8s/%s/%s/aws4_request", date, key->region, key->service);
	bytes_format(&text, ALGORITHM "\n%s\n%s\n%s", date, bytes_string(&scope), sums.sha256);
	signing_key(key, date, secret);
	hmac(secret, sizeof(secret), text.data, text.len, signature);
	sums_hex(signature, sizeof(signature), hex);
	bytes_format(into, ALGORITHM " Credential=%s/%s, SignedHeaders=", key->id, bytes_string(&scope));
	signed_names(into, r);
	bytes_format(into, ", Signature=%s", hex);
	explicit_bzero(secret, sizeof(secret));
}
