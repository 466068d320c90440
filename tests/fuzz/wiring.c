/* Any bytes as a wiring: every problem has its place, and what has none is whole: each part comes after parts that
 * are there, and nowhere after itself. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/mci-supervise/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
complain(void *arg, const struct error *e)
{
	int *n = arg;

	/* NAME:LINE:COLUMN: text */
	if (strncmp(e->text, "w:", 2) != 0 && strncmp(e->text, "the default wiring:", 19) != 0)
		abort();
	++*n;
}

static void
check(const struct wiring *w, const struct wiring_part *p)
{
	if (p->ncommands == 0 || p->commands[0].argv[0] == NULL || p->text.len == 0)
		abort();
	for (size_t i = 0; i < p->nafter; i++) {
		const struct wiring_part *other = wiring_find(w, p->after[i]);

		if (other == NULL || other == p)
			abort();
		for (size_t k = 0; k < other->nafter; k++) {
			if (strcmp(other->after[k], p->name) == 0)
				abort();
		}
	}
}

/* Whether it is right. */
static bool
read_one(struct span text)
{
	const struct wiring_place place = { .name = "w", .dir = "/dir", .run = "/run", .http = "127.0.0.1:1" };
	struct wiring w;
	int problems = 0, result = wiring_read(&w, text, &place, complain, &problems);

	if ((result == 0) != (problems == 0) || (result == 0 && w.n == 0))
		abort();
	for (size_t i = 0; result == 0 && i < w.n; i++)
		check(&w, w.parts[i]);
	wiring_free(&w);
	return result == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTO_BYTES single = { 0 };

	bytes_add(&single, (const char *)data, n);
	bytes_text(&single, "\n\nsingle\n");
	if (read_one((struct span){ (const char *)data, n }))
		read_one((struct span){ single.data, single.len });
	return 0;
}
