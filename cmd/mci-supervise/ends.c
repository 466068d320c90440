#include "ends.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "address.h"
#include "listener.h"
#include "memory.h"

static struct held_end *
find(const struct ends *h, const char *address)
{
	for (size_t i = 0; i < h->n; i++) {
		if (strcmp(h->items[i].address, address) == 0)
			return &h->items[i];
	}
	return NULL;
}

static int
change_mode(struct held_end *end, mode_t mode, struct error *e)
{
	/* both kinds of address that have one are of five letters and a path */
	const char *path = end->address + strlen("unix:");

	if (strncmp(end->address, "unix:", 5) != 0 && strncmp(end->address, "fifo:", 5) != 0)
		return error_set(e, ERROR_INPUT, "%s: only files have a mode", end->address);
	if (chmod(path, mode == 0 ? 0600 : mode) < 0)
		return error_sys(e, "%s: chmod", end->address);
	end->mode = mode;
	return 0;
}

int
ends_hold(struct ends *h, const struct wiring_end *end, struct error *e)
{
	struct held_end *held = find(h, end->address);
	struct listener *l;
	struct address a;

	if (held != NULL)
		return held->mode == end->mode ? 0 : change_mode(held, end->mode, e);
	if (address_parse(&a, end->address, e) < 0)
		return -1;
	l = listener_hold(&a, end->mode, e);
	address_free(&a);
	if (l == NULL)
		return -1;
	h->items = xrealloc(h->items, h->n + 1, sizeof(*h->items));
	h->items[h->n++] = (struct held_end){ xstrdup(end->address), l, end->mode };
	return 0;
}

int
ends_socket(const struct ends *h, const char *address)
{
	const struct held_end *end = find(h, address);

	return end == NULL || strncmp(address, "fifo:", 5) == 0 ?
	    -1 :
	    listener_descriptor(end->listener);
}

static void
ends_release(struct ends *h, const char *address)
{
	struct held_end *end = find(h, address);

	if (end == NULL)
		return;
	listener_close(end->listener);
	free(end->address);
	*end = h->items[--h->n];
	if (h->n == 0) {
		free(h->items);
		h->items = NULL;
	}
}

void
ends_keep(struct ends *h, bool (*wanted)(void *arg, const char *address), void *arg)
{
	for (size_t i = h->n; i-- > 0;) {
		if (wanted == NULL || !wanted(arg, h->items[i].address))
			ends_release(h, h->items[i].address);
	}
}
