#include "containerwatch.h"

#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "emit.h"
#include "eventline.h"
#include "mask.h"
#include "memory.h"
#include "place.h"

/* Between two looks: nothing tells when podman has written which process it is. */
#define LOOK (20 * MILLISECOND)

struct containerwatch {
	struct attempt *a;
	const struct runner_job *place;
	const struct spec *spec;
	const char *service;
	struct loop_timer *look;
	bool started;
};

static struct bytes *
event_open(const struct containerwatch *w, const char *type)
{
	struct bytes *b = eventline_open(w->a, type);

	if (b != NULL && w->service != NULL)
		emit_text(b, "service", w->service);
	return b;
}

static void
pending_tell(const struct containerwatch *w)
{
	struct bytes *b = event_open(w, "container/pending");
	AUTO_BYTES image = { 0 };

	if (b == NULL)
		return;
	mask_text(w->a->site->mask, &image, w->spec->image, strlen(w->spec->image));
	emit_span(b, "image", (struct span){ image.data, image.len });
	emit_line(b);
}

void
containerwatch_look(struct containerwatch *w)
{
	pid_t pid = w == NULL || w->started ? -1 : place_first(w->place);
	struct bytes *b;

	if (pid <= 0)
		return;
	w->started = true;
	b = event_open(w, "container/start");
	if (b == NULL)
		return;
	emit_integer(b, "pid", pid);
	eventline_ports(b, w->spec, w->place);
	emit_line(b);
}

static void
due(void *arg)
{
	struct containerwatch *w = arg;

	w->look = NULL;
	containerwatch_look(w);
	if (!w->started)
		w->look = loop_after(w->a->site->loop, LOOK, due, w);
}

struct containerwatch *
containerwatch_begin(struct attempt *a, const struct runner_job *place, const struct spec *spec,
    const char *service)
{
	struct containerwatch *w;

	if (!place_is_container(place))
		return NULL;
	w = xmalloc(sizeof(*w));
	*w = (struct containerwatch){ .a = a, .place = place, .spec = spec, .service = service };
	pending_tell(w);
	w->look = loop_after(a->site->loop, LOOK, due, w);
	return w;
}

void
containerwatch_end(struct containerwatch **w)
{
	struct bytes *b;

	if (*w == NULL)
		return;
	loop_cancel((*w)->a->site->loop, (*w)->look);
	b = event_open(*w, "container/end");
	if (b != NULL)
		emit_line(b);
	free(*w);
	*w = NULL;
}
