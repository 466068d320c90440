#include "seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "digest.h"
#include "kernel.h"
#include "memory.h"

#define VERSION 1
#define NONCE 12
#define TAG 16
#define AROUND (1 + NONCE + TAG)

void
seal_key_new(struct seal_key *k)
{
	kernel.random(k->bytes, sizeof(k->bytes));
}

void
seal_key_clear(struct seal_key *k)
{
	OPENSSL_cleanse(k, sizeof(*k));
}

void
seal_bytes_clear(struct bytes *b)
{
	if (b->data != NULL)
		OPENSSL_cleanse(b->data, b->size);
	bytes_free(b);
}

void
seal_key_text(const struct seal_key *k, struct bytes *into)
{
	for (size_t i = 0; i < sizeof(k->bytes); i++)
		bytes_format(into, "%02x", k->bytes[i]);
}

static int
digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at =
	    c == '\0' ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);

	return at == NULL ? -1 : (int)(at - digits);
}

int
seal_key_read(struct seal_key *k, struct span text, struct error *e)
{
	while (text.n > 0 && strchr(" \t\r\n", text.p[text.n - 1]) != NULL)
		text.n--;
	for (size_t i = 0; i < sizeof(k->bytes) && text.n == 2 * sizeof(k->bytes); i++) {
		int high = digit(text.p[2 * i]), low = digit(text.p[2 * i + 1]);

		if (high < 0 || low < 0)
			text.n = 0;
		else
			k->bytes[i] = (unsigned char)(high << 4 | low);
	}
	if (text.n == 2 * sizeof(k->bytes))
		return 0;
	seal_key_clear(k);
	return error_set(e, ERROR_INPUT, "expected a key of %d hexadecimal digits", 2 * SEAL_KEY);
}

void
seal_key_name(const struct seal_key *k, char name[static SEAL_NAME])
{
	static const char what[] = "name of an mci key";
	char text[DIGEST_TEXT];
	AUTO_CLEAR content = { 0 };

	bytes_add(&content, what, sizeof(what));
	bytes_add(&content, k->bytes, sizeof(k->bytes));
	digest_text((struct span){ content.data, content.len }, text);
	memcpy(name, text, SEAL_NAME - 1);
	name[SEAL_NAME - 1] = '\0';
}

/* The value between nonce and tag of raw, which has the room. */
static int
encrypt(EVP_CIPHER_CTX *c, const struct seal_key *k, struct span bound, struct span value,
    unsigned char *raw)
{
	unsigned char *nonce = raw + 1, *into = nonce + NONCE;
	int n;

	return EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, k->bytes, nonce) == 1 &&
		EVP_EncryptUpdate(c, NULL, &n, (const unsigned char *)bound.p, (int)bound.n) == 1 &&
		EVP_EncryptUpdate(c, into, &n, (const unsigned char *)value.p, (int)value.n) == 1 &&
		EVP_EncryptFinal_ex(c, into + value.n, &n) == 1 &&
		EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG, into + value.n) == 1 ?
	    0 :
	    -1;
}

int
seal_close(const struct seal_key *k, struct span bound, struct span value, struct bytes *into,
    struct error *e)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	AUTO_CLEAR raw = { 0 };
	unsigned char *p = (unsigned char *)bytes_reserve(&raw, value.n + AROUND);
	int result = -1;

	if (value.p == NULL)
		value.p = "";
	p[0] = VERSION;
	kernel.random(p + 1, NONCE);
	if (c != NULL)
		result = encrypt(c, k, bound, value, p);
	EVP_CIPHER_CTX_free(c);
	if (result < 0)
		return error_set(e, ERROR_INTERNAL, "libcrypto cannot seal");
	into->len += (size_t)EVP_EncodeBlock(
	    (unsigned char *)bytes_reserve(into, (value.n + AROUND + 2) / 3 * 4 + 1), p,
	    (int)(value.n + AROUND));
	return 0;
}

/* Base64 to bytes, padding left out; how many, or -1. */
static int
decode(struct span text, unsigned char *into)
{
	int n = text.n % 4 != 0 || text.n == 0 ?
	    -1 :
	    EVP_DecodeBlock(into, (const unsigned char *)text.p, (int)text.n);

	for (size_t i = 1; n > 0 && i <= 2 && text.p[text.n - i] == '='; i++)
		n--;
	return n;
}

static int
decrypt(EVP_CIPHER_CTX *c, const struct seal_key *k, struct span bound, unsigned char *raw,
    size_t n, unsigned char *into)
{
	int got;

	return EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, k->bytes, raw + 1) == 1 &&
		EVP_DecryptUpdate(c, NULL, &got, (const unsigned char *)bound.p, (int)bound.n) ==
		    1 &&
		EVP_DecryptUpdate(c, into, &got, raw + 1 + NONCE, (int)n) == 1 &&
		EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG, raw + 1 + NONCE + n) == 1 &&
		EVP_DecryptFinal_ex(c, into + n, &got) == 1 ?
	    0 :
	    -1;
}

int
seal_open(const struct seal_key *k, struct span bound, struct span sealed, struct bytes *into,
    struct error *e)
{
	AUTO_BYTES raw = { 0 };
	unsigned char *p = (unsigned char *)bytes_reserve(&raw, sealed.n + 4);
	int n = decode(sealed, p), result = -1;
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();

	if (c != NULL && n >= AROUND && p[0] == VERSION)
		result = decrypt(c, k, bound, p, (size_t)n - AROUND,
		    (unsigned char *)bytes_reserve(into, (size_t)n));
	EVP_CIPHER_CTX_free(c);
	if (result < 0)
		return error_set(e, ERROR_SYSTEM, "it was changed, or sealed by another key");
	into->len += (size_t)n - AROUND;
	return 0;
}
