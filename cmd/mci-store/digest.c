#include "digest.h"

/* SHA256() fetches an implementation, for which libcrypto reads its configuration and makes tables
 * of half a megabyte, which an idle store has no use for; what is called here does neither. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

void
digest_text(struct span content, char text[static DIGEST_TEXT])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char sum[SHA256_DIGEST_LENGTH];

	SHA256_CTX c;

	SHA256_Init(&c);
	SHA256_Update(&c, content.p, content.n);
	SHA256_Final(sum, &c);
	for (size_t i = 0; i < sizeof(sum); i++) {
		text[2 * i] = digits[sum[i] >> 4];
		text[2 * i + 1] = digits[sum[i] & 15];
	}
	text[2 * sizeof(sum)] = '\0';
}
