#include "supervisor.h"

#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "emit.h"
#include "kernel.h"
#include "memory.h"

/* What was told the hub last is to be there before that ends. */
#define FAREWELL (500 * MILLISECOND)

static void settle(void *arg);

/* Not inside what is under way. */
static void
changed(void *arg)
{
	struct supervisor *s = arg;

	if (s->settling == NULL)
		s->settling = loop_after(s->host.loop, 0, settle, s);
}

struct part *
supervisor_find(const struct supervisor *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++) {
		if (strcmp(s->parts[i]->wiring->name, name) == 0)
			return s->parts[i];
	}
	return NULL;
}

static bool
comes_after(const struct wiring_part *p, const char *name)
{
	for (size_t i = 0; i < p->nafter; i++) {
		if (strcmp(p->after[i], name) == 0)
			return true;
	}
	return false;
}

/* ---- what a member is given */

static void
set_services(struct environment *v, const struct wiring_part *p)
{
	for (size_t i = 0; i < p->nends; i++) {
		AUTO_FREE char *name = NULL;

		if (p->ends[i].service == NULL)
			continue;
		name = xformat("MCI_%s", p->ends[i].service);
		for (char *c = name; *c != '\0'; c++)
			*c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
		environment_set(v, name, p->ends[i].address);
	}
}

static void
environment(void *arg, struct environment *v)
{
	const struct supervisor *s = arg;

	for (size_t i = 0; i < s->n; i++)
		set_services(
		    v, s->parts[i]->next != NULL ? s->parts[i]->next : s->parts[i]->wiring);
	environment_set(v, "MCI_SUPERVISE", s->control);
}

static int
keeps(void *arg, const struct wiring_part *p, int *fds)
{
	const struct supervisor *s = arg;
	int n = 0;

	for (size_t i = 0; i < p->nafter; i++) {
		const struct part *other = supervisor_find(s, p->after[i]);

		if (other != NULL)
			fds[n++] = other->lifeline[1];
	}
	return n;
}

static void
post(void *arg, const struct bytes *line)
{
	struct supervisor *s = arg;

	news_post(s->news, line);
}

static void
tell(void *arg, const struct error *e)
{
	struct supervisor *s = arg;

	s->tell(s->arg, e);
}

void
supervisor_open(struct supervisor *s, struct loop *loop, const char *dir, const char *control)
{
	s->host.loop = loop;
	s->host.dir = dir;
	s->host.ends = &s->ends;
	s->host.arg = s;
	s->host.changed = changed;
	s->host.environment = environment;
	s->host.keeps = keeps;
	s->host.post = post;
	s->host.tell = tell;
	s->control = xstrdup(control);
}

/* ---- which comes next */

/* Whether all are ready that it comes after. */
static bool
may_start(const struct supervisor *s, const struct part *p)
{
	for (size_t i = 0; i < p->wiring->nafter; i++) {
		const struct part *other = supervisor_find(s, p->wiring->after[i]);

		if (other != NULL && !part_is_ready(other))
			return false;
	}
	return true;
}

/* Whether none is left that comes after it, and the hub was told all. */
static bool
may_stop(struct supervisor *s, const struct part *p)
{
	for (size_t i = 0; i < s->n && !p->alone; i++) {
		if (s->parts[i]->phase != PART_DOWN &&
		    comes_after(s->parts[i]->wiring, p->wiring->name))
			return false;
	}
	return true;
}

static void
farewell_over(void *arg)
{
	struct supervisor *s = arg;

	s->farewell = NULL;
	news_free(s->news);
	s->news = NULL;
	changed(s);
}

static bool
is_hub(const struct supervisor *s, const struct part *p)
{
	for (size_t i = 0; i < p->wiring->nends; i++) {
		if (s->hub != NULL && strcmp(p->wiring->ends[i].address, s->hub) == 0)
			return true;
	}
	return false;
}

/* The last events are on their way to the hub that is to end: for a moment they are waited for. */
static bool
hub_listens(struct supervisor *s, const struct part *p)
{
	if (!s->stopping || s->news == NULL || !is_hub(s, p) || !part_is_ready(p))
		return false;
	if (s->farewell == NULL)
		s->farewell = loop_after(s->host.loop, FAREWELL, farewell_over, s);
	if (news_waiting(s->news))
		return true;
	loop_cancel(s->host.loop, s->farewell);
	farewell_over(s);
	return false;
}

static void
step_down(struct supervisor *s, struct part *p)
{
	struct error e;

	if (p->next != NULL && part_change(p, &e) < 0)
		tell(s, &e);
	p->again = false;
	if (p->wanted && !s->stopping && may_start(s, p))
		part_start(p);
}

static void
step_up(struct supervisor *s, struct part *p)
{
	bool changes = p->next != NULL || p->again;

	if (p->wanted && !changes && !s->stopping)
		return;
	if (!changes && !may_stop(s, p))
		return;
	if (hub_listens(s, p))
		return;
	if (changes && !s->stopping)
		part_drain(p);
	else
		part_stop(p);
}

static void
remove_part(struct supervisor *s, size_t place)
{
	part_free(s->parts[place]);
	memmove(s->parts + place, s->parts + place + 1, (s->n - place - 1) * sizeof(*s->parts));
	s->n--;
}

static bool
end_wanted(void *arg, const char *address)
{
	const struct supervisor *s = arg;

	for (size_t i = 0; i < s->n; i++) {
		const struct wiring_part *both[] = { s->parts[i]->wiring, s->parts[i]->next };

		for (size_t b = 0; b < 2; b++) {
			for (size_t k = 0; both[b] != NULL && k < both[b]->nends; k++) {
				if (strcmp(both[b]->ends[k].address, address) == 0)
					return true;
			}
		}
	}
	return false;
}

bool
supervisor_is_down(const struct supervisor *s)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->parts[i]->phase != PART_DOWN)
			return false;
	}
	return true;
}

static void
settle(void *arg)
{
	struct supervisor *s = arg;

	s->settling = NULL;
	for (size_t i = 0; i < s->n; i++)
		part_go_on(s->parts[i]);
	for (size_t i = 0; i < s->n; i++) {
		struct part *p = s->parts[i];

		if (p->phase == PART_UP)
			step_up(s, p);
		if (p->phase == PART_DOWN && !p->removed)
			step_down(s, p);
		if (p->phase == PART_DOWN && p->removed)
			remove_part(s, i--);
	}
	ends_keep(&s->ends, end_wanted, s);
	if (s->stopping && supervisor_is_down(s))
		s->stopped(s->arg);
	else
		s->settled(s->arg);
}

/* ---- a wiring */

static bool
same(const struct wiring_part *a, const struct wiring_part *b)
{
	return a->text.len == b->text.len && memcmp(a->text.data, b->text.data, a->text.len) == 0;
}

/* What it is, or will be. */
static const struct wiring_part *
wiring_of(const struct part *p)
{
	return p->next != NULL ? p->next : p->wiring;
}

static void
list_add(struct bytes *list, const char *name)
{
	bytes_char(list, list->len == 0 ? '[' : ',');
	emit_string(list, name, strlen(name));
}

static void
list_close(struct bytes *list)
{
	bytes_text(list, list->len == 0 ? "[]" : "]");
}

void
supervisor_compare(const struct supervisor *s, const struct wiring *w, struct changes *c)
{
	*c = (struct changes){ 0 };
	for (size_t i = 0; i < w->n; i++) {
		const struct part *p = supervisor_find(s, w->parts[i]->name);

		if (p == NULL || p->removed)
			list_add(&c->start, w->parts[i]->name);
		else if (!same(wiring_of(p), w->parts[i]))
			list_add(
			    p->wiring->drain != 0 ? &c->drain : &c->restart, w->parts[i]->name);
	}
	for (size_t i = 0; i < s->n; i++) {
		if (!s->parts[i]->removed && wiring_find(w, s->parts[i]->wiring->name) == NULL)
			list_add(&c->stop, s->parts[i]->wiring->name);
	}
	list_close(&c->start);
	list_close(&c->stop);
	list_close(&c->restart);
	list_close(&c->drain);
}

void
changes_free(struct changes *c)
{
	bytes_free(&c->start);
	bytes_free(&c->stop);
	bytes_free(&c->restart);
	bytes_free(&c->drain);
}

/* Holds all that the wiring asks for; what was opened for it goes again when one fails. */
static int
hold_all(struct supervisor *s, const struct wiring *w, struct error *e)
{
	for (size_t i = 0; i < w->n; i++) {
		for (size_t k = 0; k < w->parts[i]->nends; k++) {
			if (ends_hold(&s->ends, &w->parts[i]->ends[k], e) < 0) {
				ends_keep(&s->ends, end_wanted, s);
				return -1;
			}
		}
	}
	return 0;
}

/* Makes the parts that are new; none when one fails. */
static int
add_new(struct supervisor *s, struct wiring *w, struct error *e)
{
	size_t before = s->n;

	for (size_t i = 0; i < w->n;) {
		struct part *p;

		if (supervisor_find(s, w->parts[i]->name) != NULL) {
			i++;
			continue;
		}
		p = part_new(&s->host, w->parts[i], e);
		if (p == NULL) {
			while (s->n > before)
				part_free(s->parts[--s->n]);
			return -1;
		}
		wiring_take(w, i);
		p->wanted = true;
		s->parts = xrealloc(s->parts, s->n + 1, sizeof(struct part *));
		s->parts[s->n++] = p;
	}
	return 0;
}

static void
set_next(struct part *p, struct wiring_part *next)
{
	if (p->next != NULL)
		wiring_part_free(p->next);
	p->next = next;
}

static void
change_old(struct supervisor *s, struct wiring *w)
{
	for (size_t i = w->n; i-- > 0;) {
		struct part *p = supervisor_find(s, w->parts[i]->name);
		struct wiring_part *next = wiring_take(w, i);

		if (same(p->wiring, next) && !p->removed && p->next == NULL) {
			/* the same words; what goes without saying may be another */
			char **after = p->wiring->after;
			size_t nafter = p->wiring->nafter;

			p->wiring->place = next->place;
			p->wiring->after = next->after;
			p->wiring->nafter = next->nafter;
			next->after = after;
			next->nafter = nafter;
			wiring_part_free(next);
			continue;
		}
		p->removed = false;
		p->wanted = true;
		p->alone = false;
		set_next(p, next);
	}
}

static void
remove_old(struct supervisor *s, const bool *gone, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct part *p = s->parts[i];

		if (gone[i]) {
			p->removed = true;
			p->wanted = p->alone = false;
		}
	}
}

/* The hub that is told what happens. */
static void
find_hub(struct supervisor *s)
{
	const char *found = NULL;

	for (size_t i = 0; i < s->n && found == NULL; i++) {
		const struct wiring_part *p = wiring_of(s->parts[i]);

		for (size_t k = 0; k < p->nends && found == NULL && !s->parts[i]->removed; k++) {
			if (p->ends[k].service != NULL && strcmp(p->ends[k].service, "events") == 0)
				found = p->ends[k].address;
		}
	}
	if (found != NULL && s->hub != NULL && strcmp(found, s->hub) == 0)
		return;
	news_free(s->news);
	free(s->hub);
	s->hub = found == NULL ? NULL : xstrdup(found);
	s->news = found == NULL ? NULL : news_new(s->host.loop, found, changed, s, NULL);
}

static int
by_place(const void *a, const void *b)
{
	const struct part *const *one = a, *const *other = b;
	size_t x = wiring_of(*one)->place, y = wiring_of(*other)->place;

	return x < y ? -1 : x > y;
}

int
supervisor_apply(struct supervisor *s, struct wiring *w, struct error *e)
{
	size_t old = s->n;

	if (s->stopping)
		return error_set(e, ERROR_BUSY, "the supervisor is stopping");
	AUTO_FREE bool *gone = xmalloc((old + 1) * sizeof(bool));
	for (size_t i = 0; i < old; i++)
		gone[i] = wiring_find(w, s->parts[i]->wiring->name) == NULL;
	if (hold_all(s, w, e) < 0)
		return -1;
	if (add_new(s, w, e) < 0) {
		ends_keep(&s->ends, end_wanted, s);
		return -1;
	}
	remove_old(s, gone, old);
	change_old(s, w);
	qsort(s->parts, s->n, sizeof(struct part *), by_place);
	find_hub(s);
	changed(s);
	return 0;
}

/* ---- one part */

void
supervisor_start_part(struct supervisor *s, struct part *p)
{
	p->alone = false;
	if (!p->wanted || part_has_failed(p))
		supervisor_restart_part(s, p);
	p->wanted = true;
}

void
supervisor_stop_part(struct supervisor *s, struct part *p)
{
	p->wanted = false;
	p->alone = true;
	changed(s);
}

void
supervisor_restart_part(struct supervisor *s, struct part *p)
{
	p->alone = false;
	p->wanted = true;
	p->again = p->phase != PART_DOWN;
	changed(s);
}

bool
supervisor_is_ready(const struct supervisor *s)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->parts[i]->wanted && !part_is_ready(s->parts[i]))
			return false;
	}
	return true;
}

void
supervisor_stop(struct supervisor *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct part *p = s->parts[i];

		if (s->stopping && p->phase != PART_DOWN)
			part_kill(p);
		if (p->phase == PART_STOPPING && p->draining)
			part_stop(p);
		p->wanted = p->alone = p->again = false;
	}
	s->stopping = true;
	changed(s);
}

void
supervisor_close(struct supervisor *s)
{
	loop_cancel(s->host.loop, s->settling);
	loop_cancel(s->host.loop, s->farewell);
	while (s->n > 0)
		part_free(s->parts[--s->n]);
	free(s->parts);
	news_free(s->news);
	ends_keep(&s->ends, NULL, NULL);
	free(s->hub);
	free(s->control);
}
