/* What is read of a CloudEvent is JSON, and what was written of an event of ours comes back as it was. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/mci-events/cdevent.h"
#include "cloudevent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
check_back(const struct message *m)
{
	AUTO_BYTES there = { 0 }, back = { 0 };
	struct error e;

	cloudevent_write(&there, m);
	if (cloudevent_read(&back, (struct span){ there.data, there.len - 1 }, &e) < 0 ||
	    back.len != m->line.n || memcmp(back.data, m->line.p, back.len) != 0)
		abort();
}

static void
check_written(const struct message *m)
{
	AUTO_BYTES line = { 0 }, stripped = { 0 };
	struct message again;
	enum scan_type type;

	cdevent_write(&line, m);
	if (scan_check(line.data, line.len - 1, &type, NULL) < 0 || type != SCAN_OBJECT)
		abort();
	message_unsplice(&stripped, m);
	if (message_read(&again, stripped.data, stripped.len, NULL) < 0 || again.offset.n > 0 ||
	    again.received.n > 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span line = { (const char *)data, n };
	AUTO_BYTES event = { 0 };
	struct message m;
	struct error e = { 0 };
	enum scan_type type;

	if (n > 0 && memchr(data, '\n', n) != NULL)
		return 0;
	if (cloudevent_read(&event, line, &e) == 0) {
		if (scan_check(event.data, event.len, &type, NULL) < 0 || type != SCAN_OBJECT)
			abort();
	} else if (e.code != ERROR_INPUT || e.text[0] == '\0') {
		abort();
	}
	if (message_read(&m, line.p, line.n, NULL) < 0 || m.kind != MESSAGE_EVENT)
		return 0;
	check_written(&m);
	/* only what a hub has read goes out, so an event has an id */
	if (m.offset.n > 0 || (m.build.n > 0 && m.seq > 0))
		check_back(&m);
	return 0;
}
