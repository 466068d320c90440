#include "window.h"

#include "memory.h"

#define WINDOWS 16

struct window *
window_get(struct window **owner)
{
	static struct window windows[WINDOWS];
	static uint64_t clock;
	struct window *w = *owner;

	if (w == NULL) {
		w = &windows[0];
		for (size_t i = 0; i < WINDOWS && w->owner != NULL; i++) {
			if (windows[i].owner == NULL || windows[i].used < w->used)
				w = &windows[i];
		}
		window_release(w);
		if (w->bytes == NULL)
			w->bytes = xmalloc(WINDOW_SIZE);
		w->owner = owner;
		*owner = w;
	}
	w->used = ++clock;
	return w;
}

void
window_release(struct window *w)
{
	if (w == NULL)
		return;
	if (w->owner != NULL)
		*w->owner = NULL;
	w->owner = NULL;
	w->n = 0;
}
