#include "document.h"

#include <string.h>

/* Nothing is taken from elsewhere, nothing inline is run or shown, and nobody frames it (Content Security
 * Policy level 3). */
#define POLICY "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " \
	"connect-src 'self'; " \
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

const struct document_file *
document_find(const char *name)
{
	for (size_t i = 0; i < ndocument_files; i++) {
		if (strcmp(document_files[i].name, name) == 0)
			return &document_files[i];
	}
	return NULL;
}

bool
document_wanted(const struct exchange *x)
{
	const char *accept = exchange_header(x, "Accept");

	return accept != NULL && strstr(accept, "text/html") != NULL;
}

void
document_escape(struct bytes *into, struct span text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '<')
			bytes_text(into, "&lt;");
		else if (text.p[i] == '>')
			bytes_text(into, "&gt;");
		else if (text.p[i] == '&')
			bytes_text(into, "&amp;");
		else
			bytes_char(into, text.p[i]);
	}
}

/* The frame, with its two words replaced. */
void
document_write(struct bytes *page, struct span html)
{
	const struct document_file *f = document_find("index.html");
	const struct {
		const char *word;
		struct span text;
	} words[] = { { "@TAG@", { document_tag, strlen(document_tag) } }, { "@CONTENT@", html } };
	const char *p = f->plain;

	while (p < f->plain_end) {
		const char *at = memchr(p, '@', (size_t)(f->plain_end - p));

		if (at == NULL)
			at = f->plain_end;
		bytes_add(page, p, (size_t)(at - p));
		p = at;
		for (size_t i = 0; p == at && i < 2; i++) {
			size_t n = strlen(words[i].word);

			if ((size_t)(f->plain_end - at) >= n && memcmp(at, words[i].word, n) == 0) {
				bytes_add(page, words[i].text.p, words[i].text.n);
				p = at + n;
			}
		}
		if (p == at && at < f->plain_end)
			bytes_char(page, *p++);
	}
}

void
document_headers(struct exchange *x)
{
	exchange_add(x, "Content-Security-Policy", POLICY);
	exchange_add(x, "Referrer-Policy", "same-origin");
}
