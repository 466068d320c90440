/* An order is taken whole, or refused with a reason; and whatever lines a log holds are taken in. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/mci-build/order.h"
#include "cmd/mci-build/past.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
order_try(const char *text, size_t n)
{
	struct order o = { .fd = -1 };
	struct error e = { 0 };

	if (order_parse(&o, (struct span){ text, n }, &e) < 0) {
		if (e.code == ERROR_NONE || e.text[0] == '\0')
			abort();
	} else if (o.build == NULL || o.run < 1 || o.dir[0] != '/' || o.folder[0] != '/' || o.rerun.of == NULL) {
		abort();
	}
	order_free(&o);
}

static void
past_try(const char *text, size_t n, bool script)
{
	struct past p = { 0 };
	struct message m;

	for (const char *end; n > 0; n -= (size_t)(end - text), text = end) {
		end = memchr(text, '\n', n);
		end = end == NULL ? text + n : end + 1;
		if (message_read(&m, text, (size_t)(end - text) - (end[-1] == '\n'), NULL) == 0)
			past_take(&p, &m);
	}
	past_move(&p, script);
	past_repeat(&p, script ? "a" : "");
	past_count(&p);
	past_free(&p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *text = (const char *)data;

	order_try(text, n);
	past_try(text, n, n % 2 == 0);
	return 0;
}
