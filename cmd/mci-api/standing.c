#include "standing.h"

#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "emit.h"
#include "kernel.h"
#include "memory.h"
#include "message.h"
#include "siphash.h"
#include "timestamp.h"
#include "visibility.h"

/* What is taken away without this program's doing is noticed so late. */
#define LOOK (5 * SECOND)
#define BUCKETS 256

/* What some of them stand on. */
struct ground {
	struct standings *of;
	char *name;  /* of a token, or ORG/REPO */
	bool public; /* which is to be public */
	struct ask *first;
	int64_t call;
	struct client *client;
	struct ground *next, **at;
};

struct standings {
	struct gateway *gateway;
	uint64_t key[2];
	struct ground *grounds[BUCKETS];
	size_t n;
	struct loop_timer *look;
};

static void
cut_all(const struct ground *g)
{
	for (struct ask *a = g->first; a != NULL; a = a->standing.next)
		exchange_cut(a->x);
}

static bool
has_expired(struct span token)
{
	struct scan_value expires;
	AUTO_BYTES text = { 0 };
	int64_t when;

	return message_member(token.p, token.n, "expires", &expires, NULL) > 0 &&
	    expires.type == SCAN_STRING && scan_text(&expires, &text, NULL) == 0 &&
	    timestamp_parse(text.data, text.len, &when, NULL) == 0 && when <= kernel.wall();
}

/* A store that is away says nothing about it. */
static void
told(void *arg, struct span result, const struct error *e)
{
	struct ground *g = arg;

	bool over = g->public ? visibility_told(result, e) == 0 :
				e->code == ERROR_NOT_FOUND || (e->code == ERROR_NONE && has_expired(result));

	g->call = 0;
	if (over)
		cut_all(g);
}

static void
ask_store(struct ground *g)
{
	static const char method[] = "token/get";
	const struct client_wish wish = { .again = CLIENT_ONCE, .limit = LOOK };
	AUTO_BYTES params = { 0 };

	if (g->call != 0)
		return;
	if (g->public) {
		g->call = visibility_ask(g->of->gateway, g->name, &wish, told, g, &g->client);
		return;
	}
	emit_open(&params);
	emit_text(&params, "id", g->name);
	bytes_char(&params, '}');
	g->client = gateway_place(g->of->gateway, (struct span){ method, sizeof(method) - 1 })->client;
	g->call = client_call(
	    g->client, method, (struct span){ params.data, params.len }, &wish, told, g);
}

static void
look(void *arg)
{
	struct standings *s = arg;

	s->look = loop_after(s->gateway->loop, LOOK, look, s);
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct ground *g = s->grounds[i]; g != NULL; g = g->next)
			ask_store(g);
	}
}

void
standings_look(struct standings *s)
{
	if (s->n == 0)
		return;
	loop_cancel(s->gateway->loop, s->look);
	look(s);
}

/* ---- grounds */

static struct ground *
ground_of(struct standings *s, const char *name, bool public)
{
	struct ground **at = &s->grounds[siphash(s->key, (struct span){ name, strlen(name) }) % BUCKETS];
	struct ground *g = *at;

	while (g != NULL && (g->public != public || strcmp(g->name, name) != 0))
		g = g->next;
	if (g != NULL)
		return g;
	g = xmalloc(sizeof(*g));
	*g = (struct ground){ .of = s, .name = xstrdup(name), .public = public, .next = *at, .at = at };
	if (g->next != NULL)
		g->next->at = &g->next;
	*at = g;
	if (s->n++ == 0)
		s->look = loop_after(s->gateway->loop, LOOK, look, s);
	return g;
}

static void
ground_free(struct ground *g)
{
	struct standings *s = g->of;

	*g->at = g->next;
	if (g->next != NULL)
		g->next->at = g->at;
	if (g->call != 0)
		client_cancel(g->client, g->call);
	free(g->name);
	free(g);
	if (--s->n == 0) {
		loop_cancel(s->gateway->loop, s->look);
		s->look = NULL;
	}
}

void
standing_over(struct ask *a)
{
	struct ground *g = a->standing.ground;

	if (g == NULL)
		return;
	*a->standing.at = a->standing.next;
	if (a->standing.next != NULL)
		a->standing.next->standing.at = a->standing.at;
	a->standing.ground = NULL;
	if (g->first == NULL)
		ground_free(g);
}

void
standing_watch(struct ask *a)
{
	struct standings *s = a->gateway->standings;
	struct ground *g;

	standing_over(a);
	if (a->public_repo == NULL && a->who.id == NULL)
		return;
	g = a->public_repo != NULL ? ground_of(s, a->public_repo, true) : ground_of(s, a->who.id, false);
	a->standing.ground = g;
	a->standing.next = g->first;
	a->standing.at = &g->first;
	if (g->first != NULL)
		g->first->standing.at = &a->standing.next;
	g->first = a;
}

void
standing_stream(struct ask *a, int status, const char *type, int64_t size,
    const struct exchange_source *source, void *arg)
{
	standing_watch(a);
	exchange_stream(a->x, status, type, size, source, arg);
}

struct standings *
standings_new(struct gateway *g)
{
	struct standings *s = xmalloc(sizeof(*s));

	*s = (struct standings){ .gateway = g };
	kernel.random(s->key, sizeof(s->key));
	return s;
}

void
standings_free(struct standings *s)
{
	free(s);
}
