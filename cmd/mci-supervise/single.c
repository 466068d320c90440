#include "single.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "serveentry.h"

static const struct known {
	const char *service, *program, *verb;
} known[] = {
#define KNOWN(service, program, verb) { #service, program, verb },
	SERVE_ENTRIES(KNOWN)
};
#define NKNOWN (sizeof(known) / sizeof(known[0]))

/* The words that say where it says that it is ready, from argv[i] on: "--ready-fd $READY" or with a
 * '='. 0: it is another word. */
static size_t
ready_words(char *const *argv, size_t i)
{
	const char *word = argv[i];

	if (strncmp(word, "--ready-fd", 10) != 0)
		return 0;
	if (word[10] == '=')
		return word[11] == WORDS_READY && word[12] == '\0';
	return word[10] == '\0' && argv[i + 1] != NULL && argv[i + 1][0] == WORDS_READY &&
		argv[i + 1][1] == '\0' ?
	    2 :
	    0;
}

/* Whether all its words can stand in another command line, between two "--". */
static bool
words_fit(char *const *argv)
{
	for (size_t i = 0; argv[i] != NULL; i++) {
		size_t n = ready_words(argv, i);

		if (n > 0)
			i += n - 1;
		else if (strcmp(argv[i], "--") == 0 || strchr(argv[i], WORDS_READY) != NULL)
			return false;
	}
	return true;
}

/* Whether the part is that server, and needs no process of its own. */
static bool
is(const struct wiring_part *p, const struct known *k)
{
	char *const *argv = p->commands[0].argv;

	return p->ncommands == 1 && strcmp(argv[0], k->program) == 0 &&
	    (k->verb == NULL || (argv[1] != NULL && strcmp(argv[1], k->verb) == 0)) && words_fit(argv) &&
	    !p->once && p->user == NULL && p->dir == NULL && p->env_file == NULL && p->nenv == 0 &&
	    p->nlimits == 0 && p->drain == 0;
}

static size_t
find(const struct wiring *w, const struct known *k)
{
	size_t i = 0;

	while (i < w->n && !is(w->parts[i], k))
		i++;
	return i;
}

static void
add_word(struct wiring_command *c, size_t *n, const char *word)
{
	c->argv = xrealloc(c->argv, *n + 2, sizeof(*c->argv));
	c->argv[(*n)++] = xstrdup(word);
	c->argv[*n] = NULL;
}

static void
add_command(struct wiring_command *c, size_t *n, char *const *argv)
{
	add_word(c, n, "--");
	for (size_t i = 0; argv[i] != NULL; i++) {
		size_t ready = ready_words(argv, i);

		if (ready > 0)
			i += ready - 1;
		else
			add_word(c, n, argv[i]);
	}
}

/* What is held for the part is held for that service of the other one. */
static void
move_ends(struct wiring_part *from, struct wiring_part *to, const char *service)
{
	to->ends = xrealloc(to->ends, to->nends + from->nends + 1, sizeof(*to->ends));
	for (size_t i = 0; i < from->nends; i++) {
		to->ends[to->nends] = from->ends[i];
		const char *own = from->ends[i].service;

		/* what else the service serves keeps its name behind the service's */
		to->ends[to->nends++].taker = own == NULL || strcmp(own, service) == 0 ?
		    xstrdup(service) :
		    xformat("%s.%s", service, own);
	}
	from->nends = 0;
}

static void
add_after(struct wiring_part *p, const char *name)
{
	p->after = xrealloc(p->after, p->nafter + 1, sizeof(*p->after));
	p->after[p->nafter++] = xstrdup(name);
}

/* The service takes part in it; they end one behind the other. */
static void
join(struct wiring_part *single, size_t *words, struct wiring_part *p, const struct known *k)
{
	add_command(&single->commands[0], words, p->commands[0].argv);
	move_ends(p, single, k->service);
	for (size_t i = 0; i < p->nafter; i++)
		add_after(single, p->after[i]);
	single->grace += p->grace;
	single->pause = p->pause > single->pause ? p->pause : single->pause;
	single->retries = p->retries > single->retries ? p->retries : single->retries;
	bytes_add(&single->text, p->text.data, p->text.len);
}

static struct wiring_part *
single_new(size_t line, size_t *words)
{
	struct wiring_part *p = xmalloc(sizeof(*p));

	*p = (struct wiring_part){ .name = xstrdup(SINGLE), .line = line, .ncommands = 1 };
	p->commands = xmalloc(sizeof(*p->commands));
	p->commands[0] = (struct wiring_command){ .tells = true };
	*words = 0;
	add_word(&p->commands[0], words, "mci-single");
	add_word(&p->commands[0], words, "--ready-fd");
	add_word(&p->commands[0], words, (const char[]){ WORDS_READY, '\0' });
	return p;
}

/* Who comes after one that joined comes after all of them. */
static void
rename_after(struct wiring_part *p, const struct wiring *joined)
{
	bool itself = strcmp(p->name, SINGLE) == 0;
	size_t n = 0;

	for (size_t i = 0; i < p->nafter; i++) {
		char *name = p->after[i];

		if (wiring_find(joined, name) != NULL) {
			free(name);
			name = itself ? NULL : xstrdup(SINGLE);
		}
		if (name != NULL)
			p->after[n++] = name;
	}
	p->nafter = n;
}

static void
add_part(struct wiring *w, size_t place, struct wiring_part *p)
{
	w->parts = xrealloc(w->parts, w->n + 1, sizeof(*w->parts));
	memmove(w->parts + place + 1, w->parts + place, (w->n - place) * sizeof(*w->parts));
	w->parts[place] = p;
	w->n++;
}

static void
wrong(struct reader *r, size_t line, const char *text)
{
	r->raw = (struct span){ "", 0 };
	r->line = line;
	reader_wrong(r, 1, "single: %s", text);
}

void
single_make(struct reader *r)
{
	struct wiring *w = r->wiring, joined = { 0 };
	const struct wiring_part *other = wiring_find(w, SINGLE);
	struct wiring_part *single;
	size_t first = w->n, words;

	if (other != NULL) {
		wrong(r, other->line, "there is a part " SINGLE " already");
		return;
	}
	for (size_t k = 0; k < NKNOWN; k++) {
		size_t i = find(w, &known[k]);

		first = i < first ? i : first;
	}
	if (first == w->n) {
		wrong(r, 1, "no part is a server of the kit that can share a process");
		return;
	}
	single = single_new(w->parts[first]->line, &words);
	for (size_t k = 0; k < NKNOWN; k++) {
		size_t i = find(w, &known[k]);

		if (i == w->n)
			continue;
		join(single, &words, w->parts[i], &known[k]);
		add_part(&joined, joined.n, wiring_take(w, i));
	}
	/* where the first of them stood */
	add_part(w, first, single);
	for (size_t i = 0; i < w->n; i++)
		rename_after(w->parts[i], &joined);
	wiring_free(&joined);
}
