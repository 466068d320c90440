#include "encodings.h"

#include <stdbool.h>
#include <string.h>

#include "bytes.h"
#include "decode.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

struct output {
	encodings_form *form;
	void *arg;
	struct bytes text; /* the form that is being made */
};

static void
give(struct output *o)
{
	if (o->text.len > 0)
		o->form(o->arg, o->text.data, o->text.len);
	o->text.len = 0;
}

/* Digits, and what stands between two bytes: xxd -p and programs; openssl; od, hexdump and Go; .NET. */
static const struct hex {
	const char *digits, *between;
} hexes[] = {
	{ "0123456789abcdef", "" }, { "0123456789ABCDEF", "" },
	{ "0123456789abcdef", ":" }, { "0123456789ABCDEF", ":" },
	{ "0123456789abcdef", " " }, { "0123456789ABCDEF", " " },
	{ "0123456789ABCDEF", "-" },
};

static void
hex_each(struct output *o, const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < COUNT(hexes); i++) {
		for (size_t at = 0; at < n; at++) {
			bytes_text(&o->text, at > 0 ? hexes[i].between : "");
			bytes_char(&o->text, hexes[i].digits[p[at] >> 4]);
			bytes_char(&o->text, hexes[i].digits[p[at] & 15]);
		}
		give(o);
	}
}

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* The six bits from bit at on, of bytes that are followed by zeros. */
static unsigned
six_bits(const unsigned char *p, size_t n, size_t at)
{
	size_t byte = at / 8;
	unsigned pair = (unsigned)p[byte] << 8 | (byte + 1 < n ? p[byte + 1] : 0);

	return pair >> (10 - at % 8) & 63;
}

/* Appends the characters that hold bits of p alone, which stands behind skip bytes (0 to 2) of a group of
 * three; with end also the last one when the encoded bytes end there. */
static void
base64_put(struct bytes *b, const unsigned char *p, size_t n, size_t skip, const char *alphabet,
    bool end)
{
	/* bits of p in the character shared with what is before */
	static const size_t first[] = { 0, 4, 2 };
	size_t bits = n * 8;

	for (size_t at = first[skip]; end ? at < bits : at + 6 <= bits; at += 6)
		bytes_char(b, alphabet[six_bits(p, n, at)]);
}

static void
base64_each(struct output *o, const unsigned char *p, size_t n)
{
	static const char *const alphabets[] = { standard, url_safe };

	for (size_t i = 0; i < COUNT(alphabets) * 6; i++) {
		base64_put(&o->text, p, n, i % 3, alphabets[i / 6], i / 3 % 2 == 1);
		give(o);
	}
}

/* How a blank is written, other white space, and a single quote. */
static const struct plain {
	const char *blank, *other, *quote;
} plains[] = {
	{ " ", " ", "'" },
	{ "", "", "'" },        /* where lines break anywhere */
	{ "+", " ", "'" },      /* forms of the web */
	{ " ", " ", "'\\''" },   /* within single quotes of a shell */
	{ " ", " ", "'\"'\"'" },
	{ " ", " ", "''" },     /* of YAML, SQL, PowerShell */
};

static void
plain_put(struct bytes *b, const struct plain *plain, const char *p, size_t n)
{
	for (size_t at = 0, end; at < n; at = end) {
		bool blanks = true;

		for (end = at; end < n && decode_blank(p[end]); end++)
			blanks &= p[end] == ' ';
		if (end > at && !blanks) {
			bytes_text(b, plain->other);
		} else if (end > at) {
			/* each is encoded by itself */
			for (size_t i = at; i < (plain->blank[0] == ' ' ? at + 1 : end); i++)
				bytes_text(b, plain->blank);
		} else if (p[at] == '\'') {
			bytes_text(b, plain->quote);
			end++;
		} else {
			bytes_char(b, p[at]);
			end++;
		}
	}
}

void
encodings_text(const void *p, size_t n, encodings_form *form, void *arg)
{
	struct output o = { .form = form, .arg = arg };

	for (size_t i = 0; i < COUNT(plains); i++) {
		plain_put(&o.text, &plains[i], p, n);
		give(&o);
	}
	bytes_free(&o.text);
}

void
encodings_bytes(const void *p, size_t n, encodings_form *form, void *arg)
{
	struct output o = { .form = form, .arg = arg };

	hex_each(&o, p, n);
	base64_each(&o, p, n);
	bytes_free(&o.text);
}
