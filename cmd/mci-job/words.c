#include "words.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

void
words_give(struct words *w, char *word)
{
	w->list = xrealloc(w->list, w->n + 2, sizeof(*w->list));
	w->list[w->n++] = word;
	w->list[w->n] = NULL;
}

void
words_add_all(struct words *w, const char *const *texts)
{
	for (; *texts != NULL; texts++)
		words_give(w, xstrdup(*texts));
}

void
words_free(struct words *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->list[i]);
	free(w->list);
	*w = (struct words){ 0 };
}

void
words_quote(struct bytes *into, const char *text)
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
words_show(struct bytes *into, const char *text)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./,:+@%=";

	if (*text != '\0' && text[strspn(text, plain)] == '\0') {
		bytes_text(into, text);
		return;
	}
	if (strpbrk(text, "\n\t\r\033") == NULL) {
		words_quote(into, text);
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
