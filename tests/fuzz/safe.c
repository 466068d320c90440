/* What a terminal is shown: no byte that it obeys but newline, tab and SGR, and the same for any
 * cut. The first two bytes say where the rest is cut: into pieces of so many bytes, in turn. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "safe.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
expect(int truth)
{
	if (!truth)
		abort();
}

static void
expect_harmless(const struct bytes *b)
{
	expect(b->len == 0 || utf8_valid(b->data, b->len));
	for (size_t i = 0; i < b->len; i++) {
		unsigned char c = (unsigned char)b->data[i];

		if (c == '\033') {
			size_t at = i + 2;

			expect(i + 2 < b->len && b->data[i + 1] == '[');
			while (at < b->len && strchr("0123456789;:", b->data[at]) != NULL)
				at++;
			expect(at < b->len && b->data[at] == 'm');
			continue;
		}
		expect(c >= ' ' || c == '\n' || c == '\t');
		expect(c != 0x7f && (c != 0xc2 || (unsigned char)b->data[i + 1] >= 0xa0));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTO_BYTES whole = { 0 };
	AUTO_BYTES cut = { 0 };
	struct safe s = { .color = true }, t = { .color = true };
	const char *p = (const char *)data + 2;

	if (n < 2)
		return 0;
	n -= 2;
	safe_add(&s, &whole, p, n);
	safe_end(&s, &whole);
	expect_harmless(&whole);
	for (size_t at = 0, turn = 0; at < n; turn ^= 1) {
		size_t piece = 1 + data[turn] % 64;

		piece = piece < n - at ? piece : n - at;
		safe_add(&t, &cut, p + at, piece);
		at += piece;
	}
	safe_end(&t, &cut);
	expect(cut.len == whole.len && (cut.len == 0 || memcmp(cut.data, whole.data, cut.len) == 0));
	return 0;
}
