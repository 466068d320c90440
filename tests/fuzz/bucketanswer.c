/* What a bucket answers: a line of its head each up to an empty one, then the XML of its body. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/mci-blob-bucket/answer.h"
#include "cmd/mci-blob-bucket/markup.h"
#include "memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct seen {
	int open;
	size_t items, fields;
};

static void
begin(void *arg)
{
	struct seen *s = arg;

	if (s->open++ != 0)
		abort();
	s->items++;
}

static void
end(void *arg)
{
	struct seen *s = arg;

	if (--s->open != 0)
		abort();
}

static void
field(void *arg, int item, const char *name, const char *text)
{
	struct seen *s = arg;

	if (item != (s->open > 0) || *name == '\0' || strlen(text) > MARKUP_TEXT)
		abort();
	s->fields++;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct markup_events events = { "Contents", begin, end, field };
	AUTO_FREE char *text = xmemdup(data, n);
	struct place place = { .bucket = text, .id = text, .region = text };
	struct span left = { text, n };
	struct answer a = { 0 };
	struct seen seen = { 0 };
	struct error e;
	bool again;

	/* names that are in the messages end somewhere */
	if (n > 20000)
		return 0;
	answer_begin(&a);
	while (left.n > 0 && *left.p != '\n') {
		const char *line = left.p, *newline = memchr(line, '\n', left.n);
		size_t length = newline == NULL ? left.n : (size_t)(newline - line) + 1;

		answer_head(&a, (struct span){ line, length });
		left = (struct span){ line + length, left.n - length };
	}
	a.body.len = 0;
	bytes_add(&a.body, left.p, left.n);
	if (a.sha256[0] != '\0' && strlen(a.sha256) != 64)
		abort();
	answer_error(&a, &place, "GET", &again, &e);
	if (markup_read(left, "ListBucketResult", &events, &seen, &e) == 0 && seen.open != 0)
		abort();
	bytes_free(&a.body);
	return 0;
}
