/* digest: SHA-256 (FIPS 180-4), which names content and stands for tokens. */
#ifndef MCI_STORE_DIGEST_H
#define MCI_STORE_DIGEST_H

#include "bytes.h"

/* In hexadecimal, and its NUL. */
#define DIGEST_TEXT 65

void digest_text(struct span content, char text[static DIGEST_TEXT]);

#endif
