#include "digest.h"

#include <openssl/sha.h>

void
digest_text(struct span content, char text[static DIGEST_TEXT])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char sum[SHA256_DIGEST_LENGTH];

	SHA256((const unsigned char *)content.p, content.n, sum);
	for (size_t i = 0; i < sizeof(sum); i++) {
		text[2 * i] = digits[sum[i] >> 4];
		text[2 * i + 1] = digits[sum[i] & 15];
	}
	text[2 * sizeof(sum)] = '\0';
}
