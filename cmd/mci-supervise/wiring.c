#include "wiring.h"

#include <stdlib.h>
#include <string.h>

struct wiring_part *
wiring_find(const struct wiring *w, const char *name)
{
	for (size_t i = 0; i < w->n; i++) {
		if (strcmp(w->parts[i]->name, name) == 0)
			return w->parts[i];
	}
	return NULL;
}

const char *
wiring_kind(const struct wiring_part *p)
{
	for (size_t i = 0; i < p->ncommands && !p->once; i++) {
		if (p->commands[i].tells)
			return "server";
	}
	return p->once ? "once" : "filter";
}

struct wiring_part *
wiring_take(struct wiring *w, size_t place)
{
	struct wiring_part *p = w->parts[place];

	memmove(w->parts + place, w->parts + place + 1,
	    (w->n - place - 1) * sizeof(struct wiring_part *));
	w->n--;
	return p;
}

static void
texts_free(char **texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(texts[i]);
	free(texts);
}

void
wiring_part_free(struct wiring_part *p)
{
	for (size_t i = 0; i < p->ncommands; i++) {
		for (char **word = p->commands[i].argv; *word != NULL; word++)
			free(*word);
		free(p->commands[i].argv);
	}
	for (size_t i = 0; i < p->nends; i++) {
		free(p->ends[i].address);
		free(p->ends[i].service);
		free(p->ends[i].taker);
	}
	texts_free(p->after, p->nafter);
	texts_free(p->env, p->nenv);
	free(p->commands);
	free(p->ends);
	free(p->limits);
	free(p->user);
	free(p->dir);
	free(p->env_file);
	free(p->name);
	bytes_free(&p->text);
	free(p);
}

void
wiring_free(struct wiring *w)
{
	for (size_t i = 0; i < w->n; i++)
		wiring_part_free(w->parts[i]);
	free(w->parts);
	*w = (struct wiring){ 0 };
}
