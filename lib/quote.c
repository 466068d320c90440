#include "quote.h"

#include <string.h>

void
quote_word(struct bytes *into, const char *text)
{
	bytes_char(into, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			bytes_text(into, "'\\''");
		else
			bytes_char(into, *text);
	}
	bytes_char(into, '\'');
}

void
quote_shown(struct bytes *into, const char *text)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./,:+@%=";

	if (*text != '\0' && text[strspn(text, plain)] == '\0') {
		bytes_text(into, text);
		return;
	}
	if (strpbrk(text, "\n\t\r\033") == NULL) {
		quote_word(into, text);
		return;
	}
	bytes_text(into, "$'");
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '\n' || c == '\t')
			bytes_text(into, c == '\n' ? "\\n" : "\\t");
		else if (c < 0x20)
			bytes_format(into, "\\%03o", c);
		else
			bytes_format(into, c == '\\' || c == '\'' ? "\\%c" : "%c", c);
	}
	bytes_char(into, '\'');
}
