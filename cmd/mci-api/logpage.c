#include "logpage.h"

#include <stdlib.h>
#include <string.h>

#include "document.h"
#include "logfeed.h"
#include "logs.h"
#include "memory.h"
#include "safe.h"
#include "web.h"

/* Bytes at the end of a log that are shown without the modules. */
#define SHOWN (64 * 1024)

struct ending {
	struct ask *a;
	struct logfeed *feed;
	bool cut; /* not all of the log is shown */
	struct bytes text;
};

static void
drop(void *state)
{
	struct ending *p = state;

	logfeed_close(p->feed);
	bytes_free(&p->text);
	free(p);
}

static void
bytes_came(void *arg, struct span piece, int64_t when)
{
	struct ending *p = arg;

	(void)when;
	bytes_add(&p->text, piece.p, piece.n);
}

static void
over(void *arg, bool truncated, const struct error *why)
{
	struct ending *p = arg;
	AUTO_BYTES html = { 0 }, clean = { 0 };
	struct safe safe = { 0 };
	size_t from = 0;

	(void)truncated;
	if (why->code != ERROR_NONE) {
		answer_error(p->a, why);
		return;
	}
	if (p->cut) {
		const char *end = memchr(p->text.data, '\n', p->text.len);

		from = end == NULL ? 0 : (size_t)(end - p->text.data) + 1;
		bytes_text(&html, "<p>The last lines; <a href=\"/api/v1/orgs/");
		bytes_format(&html, "%s/repos/%s/builds/%s/jobs/%s/log\">all of them</a>.</p>",
		    p->a->values[0], p->a->values[1], p->a->values[2], p->a->values[3]);
	}
	bytes_text(&html, "<pre>");
	if (p->text.len > 0)
		safe_add(&safe, &clean, p->text.data + from, p->text.len - from);
	safe_end(&safe, &clean);
	document_escape(&html, (struct span){ bytes_string(&clean), clean.len });
	bytes_text(&html, "</pre>");
	web_answer(p->a, 200, (struct span){ html.data, html.len });
}

static void
found(struct ask *a, const struct logs_name *name)
{
	static const struct logfeed_events events = { bytes_came, over };
	int64_t from = name->bytes > SHOWN ? name->bytes - SHOWN : 0;
	const struct logfeed_wish wish = { .build = name->build, .job = name->job, .run = name->run,
		.attempt = name->attempt, .from = from, .to = name->bytes };
	struct ending *p = xmalloc(sizeof(*p));
	struct error e;

	*p = (struct ending){ .a = a, .cut = from > 0 };
	p->feed = logfeed_open(a->gateway->loop, logs_address(a), &wish, &events, p, &e);
	if (p->feed == NULL) {
		drop(p);
		answer_error(a, &e);
		return;
	}
	a->state = p;
	a->drop = drop;
}

void
logpage_get(struct ask *a)
{
	if (document_wanted(a->x))
		logs_find(a, found);
	else
		logs_get(a);
}
