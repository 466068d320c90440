#include "web.h"

#include <string.h>

/* Nothing is taken from elsewhere, nothing inline is run or shown, and nobody frames it (Content Security
 * Policy level 3). */
#define POLICY "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " \
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
/* RFC 8246 */
#define FOR_EVER "public, max-age=31536000, immutable"

static const struct contract_field fields[] = {
	{ "next", CONTRACT_TEXT, false, "the page to go to when there is a session" },
	{ "of", CONTRACT_TEXT, false, "the build to run again with other params" },
};
const struct contract_method web_takes = { .name = "page", .params = fields,
	.nparams = sizeof(fields) / sizeof(fields[0]) };

static const struct web_file *
find(const char *name)
{
	for (size_t i = 0; i < nweb_files; i++) {
		if (strcmp(web_files[i].name, name) == 0)
			return &web_files[i];
	}
	return NULL;
}

/* Browsers all take gzip; whoever has not said so gets plain bytes. */
static bool
takes_gzip(const struct ask *a)
{
	const char *takes = exchange_header(a->x, "Accept-Encoding");

	return takes != NULL && strstr(takes, "gzip") != NULL && strstr(takes, "gzip;q=0") == NULL;
}

void
web_file(struct ask *a)
{
	const struct web_file *f = find(a->values[1]);

	if (f == NULL || strcmp(f->name, "index.html") == 0) {
		answer_text(a, 404, NULL, "the page has no such file");
		return;
	}
	exchange_add(a->x, "Vary", "Accept-Encoding");
	if (strcmp(a->values[0], web_tag) == 0)
		exchange_add(a->x, "Cache-Control", FOR_EVER);
	if (takes_gzip(a)) {
		exchange_add(a->x, "Content-Encoding", "gzip");
		answer_as(a, 200, f->type, (struct span){ f->packed, (size_t)(f->packed_end - f->packed) });
	} else {
		answer_as(a, 200, f->type, (struct span){ f->plain, (size_t)(f->plain_end - f->plain) });
	}
}

/* The frame, with its two words replaced. */
static void
frame(struct bytes *page, struct span html)
{
	const struct web_file *f = find("index.html");
	const struct {
		const char *word;
		struct span text;
	} words[] = { { "@TAG@", { web_tag, strlen(web_tag) } }, { "@CONTENT@", html } };
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
web_answer(struct ask *a, int status, struct span html)
{
	AUTO_BYTES page = { 0 };

	frame(&page, html);
	exchange_add(a->x, "Content-Security-Policy", POLICY);
	exchange_add(a->x, "Referrer-Policy", "same-origin");
	answer_as(a, status, "text/html; charset=utf-8", (struct span){ page.data, page.len });
}

void
web_escape(struct bytes *into, struct span text)
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

bool
web_wanted(const struct ask *a)
{
	const char *accept = exchange_header(a->x, "Accept");

	return accept != NULL && strstr(accept, "text/html") != NULL;
}

void
web_page(struct ask *a)
{
	static const char without[] =
	    "<noscript><p class=\"message\">This page needs JavaScript. Lists, builds and logs are shown without "
	    "it.</p></noscript>";

	web_answer(a, 200, (struct span){ without, sizeof(without) - 1 });
}
