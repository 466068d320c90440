#include "order.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "nearest.h"

/* before[i * n + k]: part i comes after part k. */
struct order {
	struct reader *reader;
	size_t n;
	bool *before;
};

static void
wrong(struct order *o, const struct wiring_part *p, const char *name, const char *near)
{
	o->reader->raw = (struct span){ "", 0 };
	o->reader->line = p->line;
	reader_wrong(o->reader, 1, "%s comes after %.64s, which is no part%s%s%s", p->name, name,
	    near == NULL ? "" : "; did you mean ", near == NULL ? "" : near,
	    near == NULL ? "" : "?");
}

static size_t
place_of(const struct order *o, const char *name)
{
	const struct wiring *w = o->reader->wiring;
	size_t i = 0;

	while (i < w->n && strcmp(w->parts[i]->name, name) != 0)
		i++;
	return i;
}

static void
read_names(struct order *o, size_t place)
{
	const struct wiring *w = o->reader->wiring;
	const struct wiring_part *p = w->parts[place];

	for (size_t i = 0; i < p->nafter; i++) {
		const char *names[WIRING_PARTS];
		size_t other = place_of(o, p->after[i]);

		for (size_t k = 0; k < w->n; k++)
			names[k] = w->parts[k]->name;
		if (other == o->n)
			wrong(o, p, p->after[i], nearest_word(p->after[i], names, w->n));
		else
			o->before[place * o->n + other] = true;
	}
}

/* All that follows (Warshall). */
static void
close_all(struct order *o)
{
	for (size_t k = 0; k < o->n; k++) {
		for (size_t i = 0; i < o->n; i++) {
			for (size_t j = 0; o->before[i * o->n + k] && j < o->n; j++)
				o->before[i * o->n + j] |= o->before[k * o->n + j];
		}
	}
}

static void
find_circles(struct order *o)
{
	const struct wiring *w = o->reader->wiring;

	for (size_t i = 0; i < o->n; i++) {
		size_t k = 0;

		if (!o->before[i * o->n + i])
			continue;
		while (k < o->n && !(k != i && o->before[i * o->n + k] && o->before[k * o->n + i]))
			k++;
		o->reader->raw = (struct span){ "", 0 };
		o->reader->line = w->parts[i]->line;
		if (k < o->n)
			reader_wrong(o->reader, 1, "%s comes after %s, and %s after %s",
			    w->parts[i]->name, w->parts[k]->name, w->parts[k]->name,
			    w->parts[i]->name);
		else
			reader_wrong(o->reader, 1, "%s comes after itself", w->parts[i]->name);
		return;
	}
}

static bool
serves(const struct wiring_part *p)
{
	for (size_t i = 0; i < p->nends; i++) {
		if (p->ends[i].service != NULL)
			return true;
	}
	return false;
}

/* Behind all services, but for those that say that they come after it. */
static void
add_unsaid(struct order *o)
{
	const struct wiring *w = o->reader->wiring;

	for (size_t i = 0; i < o->n; i++) {
		for (size_t k = 0; w->parts[i]->nafter == 0 && !serves(w->parts[i]) && k < o->n;
		     k++) {
			if (k != i && serves(w->parts[k]) && !o->before[k * o->n + i])
				o->before[i * o->n + k] = true;
		}
		close_all(o);
	}
}

static void
write_names(struct order *o, size_t place)
{
	const struct wiring *w = o->reader->wiring;
	struct wiring_part *p = w->parts[place];

	for (size_t i = 0; i < p->nafter; i++)
		free(p->after[i]);
	p->nafter = 0;
	p->after = xrealloc(p->after, o->n, sizeof(*p->after));
	for (size_t k = 0; k < o->n; k++) {
		if (o->before[place * o->n + k])
			p->after[p->nafter++] = xstrdup(w->parts[k]->name);
	}
}

void
order_find(struct reader *r)
{
	struct order o = { .reader = r, .n = r->wiring->n };

	o.before = xmalloc(o.n * o.n * sizeof(bool));
	for (size_t i = 0; i < o.n; i++)
		read_names(&o, i);
	close_all(&o);
	find_circles(&o);
	if (!r->wrong) {
		add_unsaid(&o);
		for (size_t i = 0; i < o.n; i++)
			write_names(&o, i);
	}
	free(o.before);
}
