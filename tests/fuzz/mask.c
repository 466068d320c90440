/*
 * Secrets, an empty line, and a text, compared with the plain twin. In the text byte 1 and three
 * more bytes stand for a form of a secret as some program writes it, byte 2 for a place where it is
 * split.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/masktwin.h"
#include "tests/unit/maskwriters.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define SECRETS 4
#define TEXT_LIMIT 800

struct input {
	size_t nsecrets;
	struct bytes text;
	size_t splits[TEXT_LIMIT];
	size_t nsplits;
};

/* The secrets are the lines in front; what of them a mask takes is in both. */
static size_t
secrets_read(struct input *in, struct mask *m, struct twin *t, const char *p, size_t n)
{
	size_t at = 0;

	while (at < n) {
		const char *newline = memchr(p + at, '\n', n - at);
		size_t length = newline == NULL ? n - at : (size_t)(newline - p) - at;
		AUTO_FREE char *secret = xmemdup(p + at, length);

		if (length == 0)
			return at + 1;
		/* a secret of several lines can be written too */
		for (size_t i = 0; i < length; i++)
			secret[i] = secret[i] == 1 ? '\n' : secret[i];
		if (in->nsecrets < SECRETS && length < 80 &&
		    mask_add(m, secret, length, NULL) == 0) {
			twin_add(t, secret, length);
			in->nsecrets++;
		}
		at += length + 1;
	}
	return n;
}

static void
text_read(struct input *in, const struct twin *t, const uint8_t *p, size_t n)
{
	for (size_t at = 0; at < n && in->text.len < TEXT_LIMIT; at++) {
		if (p[at] == 1 && at + 3 < n && t->n > 0) {
			struct span f = t->forms[(size_t)(p[at + 1] << 8 | p[at + 2]) % t->n];
			struct writer_seed seed = { p[at + 3] };

			writers[p[at + 3] % WRITERS](
			    &in->text, &seed, (const unsigned char *)f.p, f.n);
			at += 3;
		} else if (p[at] == 2 && in->nsplits < TEXT_LIMIT) {
			in->splits[in->nsplits++] = in->text.len;
		} else {
			bytes_char(&in->text, (char)p[at]);
		}
	}
}

static void
feed(struct mask *m, struct mask_stream *s, struct bytes *got, const struct bytes *text,
    size_t from, size_t to)
{
	struct span out = mask_feed(m, s, text->data + from, to - from);

	bytes_add(got, out.p, out.n);
}

static void
compare(const struct input *in, struct mask *m, const struct twin *t)
{
	AUTO_BYTES expected = { 0 };
	AUTO_BYTES got = { 0 };
	struct mask_stream s = { 0 };
	struct span rest;
	size_t at = 0;

	twin_text(t, &expected, in->text.data, in->text.len);
	for (size_t i = 0; i < in->nsplits; i++) {
		feed(m, &s, &got, &in->text, at, in->splits[i]);
		at = in->splits[i];
	}
	feed(m, &s, &got, &in->text, at, in->text.len);
	rest = mask_flush(m, &s);
	bytes_add(&got, rest.p, rest.n);
	if (got.len != expected.len || memcmp(got.data, expected.data, got.len) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct input *in = xmalloc(sizeof(*in));
	struct mask *m = mask_new();
	struct twin t = { 0 };
	size_t text = secrets_read(in, m, &t, (const char *)data, n);

	text_read(in, &t, data + text, n - text);
	if (in->text.len > 0 && !mask_empty(m))
		compare(in, m, &t);
	bytes_free(&in->text);
	free(in);
	twin_free(&t);
	mask_free(m);
	return 0;
}
