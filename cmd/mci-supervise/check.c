#include "check.h"

#include <stdio.h>

#include "call.h"
#include "duration.h"
#include "emit.h"
#include "memory.h"
#include "message.h"
#include "option.h"
#include "scan.h"

#define PATIENCE (10 * SECOND)

static void
tell(void *arg, const struct error *e)
{
	(void)arg;
	option_complain("mci-supervise", e);
}

/* The parts in one list of the reply, a line each. */
static void
print_list(const struct bytes *reply, const char *key)
{
	struct scan s;
	struct scan_member m;
	struct scan_value list;

	if (message_member(reply->data, reply->len, key, &list, NULL) != 1 ||
	    scan_open(&s, list.raw.p, list.raw.n, NULL) < 0)
		return;
	while (scan_next(&s, &m, NULL) > 0) {
		AUTO_BYTES name = { 0 };

		if (scan_text(&m.value, &name, NULL) == 0)
			printf("%s\t%s\n", key, bytes_string(&name));
	}
}

static int
ask(const struct source *s, const struct bytes *text, struct bytes *reply, struct error *e)
{
	AUTO_FREE char *address = xformat("unix:%s/supervise.sock", s->run);
	AUTO_BYTES params = { 0 };

	emit_open(&params);
	emit_bool(&params, "dry-run", true);
	emit_span(&params, "wiring", (struct span){ text->data, text->len });
	emit_text(&params, "name", s->name);
	bytes_char(&params, '}');
	return call_once(
	    address, "part/reload", (struct span){ params.data, params.len }, PATIENCE, reply, e);
}

static int
compare(const struct source *s, const struct wiring *w)
{
	static const char *const lists[] = { "start", "stop", "restart", "drain" };
	AUTO_BYTES text = { 0 };
	AUTO_BYTES reply = { 0 };
	struct error e;

	if (source_text(s, &text, &e) < 0 || ask(s, &text, &reply, &e) < 0) {
		if (e.code != ERROR_DISCONNECTED) {
			tell(NULL, &e);
			return error_status(&e);
		}
		for (size_t i = 0; i < w->n; i++)
			printf("start\t%s\n", w->parts[i]->name);
		return 0;
	}
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		print_list(&reply, lists[i]);
	return 0;
}

int
check_run(const struct source *s)
{
	struct wiring w;
	struct error e;
	int status = source_read(s, &w, tell, NULL, &e) < 0 ? 2 : compare(s, &w);

	wiring_free(&w);
	return status;
}
