#include "digest.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hexdump.h"
#include "memory.h"

struct digest_state {
	EVP_MD *method;
	EVP_MD_CTX *context;
};

/* libcrypto fails here only when it has no memory, or no SHA-256: no program of ours goes on then. */
static void
must(int done)
{
	if (done == 1)
		return;
	fputs("mci-blob: libcrypto cannot compute SHA-256\n", stderr);
	exit(125);
}

struct digest_state *
digest_new(void)
{
	struct digest_state *s = xmalloc(sizeof(*s));

	s->method = EVP_MD_fetch(NULL, "SHA256", NULL);
	s->context = EVP_MD_CTX_new();
	must(s->method != NULL && s->context != NULL);
	must(EVP_DigestInit_ex2(s->context, s->method, NULL));
	return s;
}

void
digest_add(struct digest_state *s, const void *p, size_t n)
{
	must(EVP_DigestUpdate(s->context, p, n));
}

void
digest_end(struct digest_state *s, struct digest *d)
{
	must(EVP_DigestFinal_ex(s->context, d->bytes, NULL));
	must(EVP_DigestInit_ex2(s->context, NULL, NULL));
}

void
digest_free(struct digest_state *s)
{
	if (s == NULL)
		return;
	EVP_MD_CTX_free(s->context);
	EVP_MD_free(s->method);
	free(s);
}

void
digest_of(struct digest_state *s, struct digest *d, const void *p, size_t n)
{
	digest_add(s, p, n);
	digest_end(s, d);
}

int
digest_compare(const struct digest *a, const struct digest *b)
{
	return memcmp(a->bytes, b->bytes, DIGEST_SIZE);
}

void
digest_hex(const struct digest *d, char hex[DIGEST_HEX + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < DIGEST_SIZE; i++) {
		hex[2 * i] = digits[d->bytes[i] >> 4];
		hex[2 * i + 1] = digits[d->bytes[i] & 15];
	}
	hex[DIGEST_HEX] = '\0';
}

bool
digest_parse(struct digest *d, struct span hex)
{
	if (hex.n != DIGEST_HEX)
		return false;
	for (size_t i = 0; i < DIGEST_SIZE; i++) {
		int high = hexdump_digit(hex.p[2 * i]), low = hexdump_digit(hex.p[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		d->bytes[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}
