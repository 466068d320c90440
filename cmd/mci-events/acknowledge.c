#include "acknowledge.h"

#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "emit.h"
#include "memory.h"

struct acknowledger {
	struct client *client;
	const char *name;
	void (*settled)(void *arg, const struct error *why);
	void *arg;
	/* to be said, under way (offset 0: nothing is), answered */
	struct follow_place newest, asked, done;
};

static void say(struct acknowledger *a);

/* Behind a crash of the hub offsets may begin again at a smaller one, of another epoch. */
static bool
is_done(const struct acknowledger *a)
{
	return a->newest.epoch == a->done.epoch && a->newest.offset <= a->done.offset;
}

static void
answered(void *arg, struct span result, const struct error *e)
{
	struct acknowledger *a = arg;

	(void)result;
	/* what is refused is not said again: the hub has lost the event, or was told to forget
	 * the name */
	a->done = a->asked;
	a->asked.offset = 0;
	if (e->code != ERROR_NONE)
		a->settled(a->arg, e);
	if (!is_done(a))
		say(a);
	else if (e->code == ERROR_NONE)
		a->settled(a->arg, NULL);
}

static void
say(struct acknowledger *a)
{
	static const struct client_wish wish = { .again = CLIENT_INSIST, .limit = CLIENT_FOREVER };
	AUTO_BYTES params = { 0 };

	if (a->asked.offset > 0 || is_done(a))
		return;
	a->asked = a->newest;
	emit_open(&params);
	emit_text(&params, "name", a->name);
	emit_integer(&params, "epoch", a->asked.epoch);
	emit_integer(&params, "offset", a->asked.offset);
	bytes_char(&params, '}');
	client_call(a->client, "event/acknowledge", (struct span){ params.data, params.len }, &wish,
	    answered, a);
}

struct acknowledger *
acknowledger_new(struct loop *loop, const char *address, const char *name,
    void (*settled)(void *arg, const struct error *why), void *arg, struct error *e)
{
	struct acknowledger *a = xmalloc(sizeof(*a));

	*a = (struct acknowledger){ .name = name, .settled = settled, .arg = arg };
	a->client = client_open(loop, address, NULL, NULL, e);
	if (a->client != NULL)
		return a;
	free(a);
	return NULL;
}

void
acknowledge(struct acknowledger *a, struct follow_place last)
{
	a->newest = last;
	say(a);
}

bool
acknowledger_settled(const struct acknowledger *a)
{
	return a->asked.offset == 0 && is_done(a);
}

void
acknowledger_free(struct acknowledger *a)
{
	if (a == NULL)
		return;
	client_close(a->client);
	free(a);
}
