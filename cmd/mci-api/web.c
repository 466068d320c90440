#include "web.h"

#include <string.h>

#include "document.h"
#include "encoding.h"
#include "params.h"
#include "target.h"

/* RFC 8246 */
#define FOR_EVER "public, max-age=31536000, immutable"

static const struct contract_field fields[] = {
	{ "next", CONTRACT_TEXT, false, "the page to go to when there is a session" },
	{ "of", CONTRACT_TEXT, false, "the build to run again with other params" },
};
const struct contract_method web_takes = { .name = "page", .params = fields,
	.nparams = sizeof(fields) / sizeof(fields[0]) };

void
web_file(struct ask *a)
{
	const struct document_file *f = document_find(a->values[1]);

	if (f == NULL || strcmp(f->name, "index.html") == 0) {
		answer_text(a, 404, NULL, "the page has no such file");
		return;
	}
	exchange_add(a->x, "Vary", "Accept-Encoding");
	if (strcmp(a->values[0], document_tag) == 0)
		exchange_add(a->x, "Cache-Control", FOR_EVER);
	/* browsers all take gzip; whoever has not said so gets plain bytes */
	if (encoding_weight(exchange_header(a->x, "Accept-Encoding"), ENCODING_GZIP) > 0) {
		exchange_add(a->x, "Content-Encoding", "gzip");
		answer_kept(a, 200, f->type, (struct span){ f->packed, (size_t)(f->packed_end - f->packed) });
	} else {
		answer_kept(a, 200, f->type, (struct span){ f->plain, (size_t)(f->plain_end - f->plain) });
	}
}

/* Links to the organisation, repository and build that a page is of: the way up where no module makes one. */
static void
put_way(struct ask *a, struct bytes *html)
{
	static const char *const names[] = { "org", "repo", "number", "job" };
	AUTO_BYTES place = { 0 };

	if (params_value(a, names[0]) == NULL)
		return;
	bytes_text(html, "<p class=\"crumbs\">");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = params_value(a, names[i]);

		if (value == NULL)
			break;
		bytes_char(&place, '/');
		target_escape(&place, value);
		bytes_format(html, "%s<a href=\"%s\">", i > 0 ? " / " : "", bytes_string(&place));
		document_escape(html, (struct span){ value, strlen(value) });
		bytes_text(html, "</a>");
	}
	bytes_text(html, "</p>");
}

void
web_answer(struct ask *a, int status, struct span html)
{
	AUTO_BYTES page = { 0 }, whole = { 0 };

	put_way(a, &whole);
	bytes_add(&whole, html.p, html.n);
	document_write(&page, (struct span){ whole.data, whole.len });
	document_headers(a->x);
	answer_as(a, status, "text/html; charset=utf-8", (struct span){ page.data, page.len });
}

void
web_page(struct ask *a)
{
	static const char without[] =
	    "<noscript><p class=\"message\">This page needs JavaScript. Lists, builds and logs are "
	    "shown without it.</p></noscript>";

	web_answer(a, 200, (struct span){ without, sizeof(without) - 1 });
}
