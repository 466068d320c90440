#include "acknowledge.h"

#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "duration.h"
#include "emit.h"
#include "memory.h"

/* How long after a failure it is tried again. */
#define PAUSE (100 * MILLISECOND)

struct acknowledger {
	struct loop *loop;
	const char *address, *name;
	void (*settled)(void *arg, const struct error *why);
	void *arg;
	struct client *client;
	int64_t newest, asked, done; /* offsets: to be said, under way (0: nothing is), answered */
	struct loop_timer *again;
	bool closing;
};

static void say(struct acknowledger *a);

static void
try_again(void *arg)
{
	struct acknowledger *a = arg;

	a->again = NULL;
	say(a);
}

static void
put_off(struct acknowledger *a)
{
	struct client *c = a->client;

	a->client = NULL;
	client_close(c);
	if (!a->closing && a->again == NULL)
		a->again = loop_after(a->loop, PAUSE, try_again, a);
}

static void
answered(void *arg, struct span result, const struct error *e)
{
	struct acknowledger *a = arg;
	int64_t asked = a->asked;

	(void)result;
	a->asked = 0;
	if (e->code == ERROR_DISCONNECTED || e->code == ERROR_BUSY || e->code == ERROR_SYSTEM) {
		put_off(a);
		return;
	}
	/* what is refused is not said again: the hub has lost the event, or was told to forget
	 * the name */
	a->done = asked;
	if (e->code != ERROR_NONE)
		a->settled(a->arg, e);
	if (a->newest > a->done)
		say(a);
	else if (e->code == ERROR_NONE)
		a->settled(a->arg, NULL);
}

static void
say(struct acknowledger *a)
{
	AUTO_BYTES params = { 0 };

	if (a->asked > 0 || a->again != NULL || a->newest <= a->done)
		return;
	if (a->client == NULL)
		a->client = client_open(a->loop, a->address, NULL);
	if (a->client == NULL) {
		put_off(a);
		return;
	}
	a->asked = a->newest;
	emit_open(&params);
	emit_text(&params, "name", a->name);
	emit_integer(&params, "offset", a->asked);
	bytes_char(&params, '}');
	client_call(a->client, "event/acknowledge", (struct span){ params.data, params.len }, answered, a);
}

struct acknowledger *
acknowledger_new(struct loop *loop, const char *address, const char *name,
    void (*settled)(void *arg, const struct error *why), void *arg)
{
	struct acknowledger *a = xmalloc(sizeof(*a));

	*a = (struct acknowledger){ .loop = loop, .address = address, .name = name, .settled = settled,
		.arg = arg };
	return a;
}

void
acknowledge(struct acknowledger *a, int64_t offset)
{
	/* after a crash of the hub offsets may begin again at a smaller one */
	if (offset < a->newest)
		a->done = 0;
	a->newest = offset;
	say(a);
}

bool
acknowledger_settled(const struct acknowledger *a)
{
	return a->asked == 0 && a->done >= a->newest;
}

void
acknowledger_free(struct acknowledger *a)
{
	struct client *c;

	if (a == NULL)
		return;
	a->closing = true;
	c = a->client;
	a->client = NULL;
	client_close(c);
	loop_cancel(a->loop, a->again);
	free(a);
}
