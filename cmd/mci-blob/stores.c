#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "folder.h"
#include "memory.h"
#include "store.h"

/* A server that is started anew is there by then. */
#define TRIES 60
#define PAUSE_MS 500

char *
store_address(const char *address, struct error *e)
{
	AUTO_FREE char *state = NULL;

	if (address == NULL || address[0] == '\0')
		address = getenv("MCI_BLOB");
	if (address != NULL && address[0] != '\0')
		return xstrdup(address);
	state = folder_state(e);
	return state == NULL ? NULL : xformat("file:%s/blobs", state);
}

int
store_scope(const char *scope, bool *stranger, struct error *e)
{
	*stranger = scope != NULL && strcmp(scope, "stranger") == 0;
	if (scope != NULL && !*stranger && strcmp(scope, "trusted") != 0)
		return error_set(e, ERROR_USAGE, "%s: no scope: expected trusted or stranger", scope);
	return 0;
}

struct store *
store_open(const char *address, bool stranger, bool make, struct error *e)
{
	AUTO_FREE char *text = store_address(address, e);

	if (text == NULL)
		return NULL;
	return backend_is(text) ? direct_open(text, stranger, make, e) : remote_open(text, stranger, e);
}

bool
store_again(const struct store *s, const struct error *e, int *tries)
{
	if (e->code != ERROR_DISCONNECTED || *tries == TRIES || (*tries == 0 && (s == NULL || !s->began)))
		return false;
	(*tries)++;
	poll(NULL, 0, PAUSE_MS);
	return true;
}

void
store_close(struct store *s)
{
	if (s != NULL)
		s->type->close(s);
}
