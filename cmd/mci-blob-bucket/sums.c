#include "sums.h"

#include <errno.h>
#include <string.h>

#include "kernel.h"
#include "memory.h"

#define PIECE (256 * 1024)

static EVP_MD_CTX *
begin(const EVP_MD *kind)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	if (c != NULL && EVP_DigestInit_ex(c, kind, NULL) == 1)
		return c;
	EVP_MD_CTX_free(c);
	return NULL;
}

void
sums_begin(struct sums *s, bool md5)
{
	s->sha256 = begin(EVP_sha256());
	s->md5 = md5 ? begin(EVP_md5()) : NULL;
}

void
sums_add(struct sums *s, const void *p, size_t n)
{
	EVP_DigestUpdate(s->sha256, p, n);
	if (s->md5 != NULL)
		EVP_DigestUpdate(s->md5, p, n);
}

void
sums_hex(const unsigned char *p, size_t n, char *text)
{
	for (size_t i = 0; i < n; i++) {
		text[2 * i] = "0123456789abcdef"[p[i] >> 4];
		text[2 * i + 1] = "0123456789abcdef"[p[i] & 15];
	}
	text[2 * n] = '\0';
}

void
sums_end(struct sums *s, struct sums_text *text)
{
	unsigned char sum[EVP_MAX_MD_SIZE];

	if (text != NULL && s->sha256 != NULL) {
		*text = (struct sums_text){ 0 };
		EVP_DigestFinal_ex(s->sha256, sum, NULL);
		sums_hex(sum, 32, text->sha256);
		if (s->md5 != NULL) {
			EVP_DigestFinal_ex(s->md5, text->md5_raw, NULL);
			sums_hex(text->md5_raw, sizeof(text->md5_raw), text->md5);
		}
	}
	EVP_MD_CTX_free(s->sha256);
	EVP_MD_CTX_free(s->md5);
	*s = (struct sums){ 0 };
}

void
sums_of(struct span bytes, struct sums_text *text)
{
	struct sums s;

	sums_begin(&s, true);
	sums_add(&s, bytes.p, bytes.n);
	sums_end(&s, text);
}

int
sums_add_file(struct sums *s, int fd, int64_t at, int64_t size, struct error *e)
{
	AUTO_FREE char *piece = xmalloc(PIECE);

	while (size > 0) {
		ssize_t n = kernel.pread(fd, piece, size < PIECE ? (size_t)size : PIECE, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_sys(e, "read");
		if (n == 0)
			return error_set(e, ERROR_INPUT, "it became shorter while it was read");
		sums_add(s, piece, (size_t)n);
		at += n;
		size -= n;
	}
	return 0;
}
