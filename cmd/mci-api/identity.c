#include "identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "emit.h"
#include "jsontree.h"
#include "kernel.h"
#include "memory.h"
#include "siphash.h"

/* How long an answer of the store is believed. */
#define BELIEVED (1 * SECOND)
/* Tokens that are remembered at once; others are asked for each time. */
#define REMEMBERED 256
/* Wrong tokens that one address may show in a minute, and addresses that are watched. */
#define FAILURES 20
#define WATCHED 256
#define WATCH (60 * SECOND)

struct asked {
	struct identities *of;
	int64_t number, call;
	uint64_t hash[2];
	uint64_t generation; /* of what was known when it was asked */
	identity_known *known;
	void *arg;
	struct asked *next;
};

struct identities {
	struct gateway *gateway;
	uint64_t keys[4];
	uint64_t generation;
	int64_t numbered;
	struct known {
		uint64_t hash[2];
		int64_t until;
		struct who who;
	} known[REMEMBERED];
	struct failures {
		char from[48];
		int64_t since;
		int n;
	} failures[WATCHED];
	struct asked *asked;
};

struct identities *
identities_new(struct gateway *g)
{
	struct identities *i = xmalloc(sizeof(*i));

	*i = (struct identities){ .gateway = g };
	kernel.random(i->keys, sizeof(i->keys));
	return i;
}

static struct known *
place_of(struct identities *i, const uint64_t hash[static 2])
{
	return &i->known[hash[0] % REMEMBERED];
}

static void
forget(struct asked *a)
{
	struct asked **at = &a->of->asked;

	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
	free(a);
}

/* ---- what the store says */

static char *
text_of(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	return text == NULL ? NULL : xstrdup(text);
}

static void
read_who(struct who *w, const json_t *o)
{
	const json_t *scopes = json_object_get(o, "scopes"), *one;
	size_t i;

	*w = (struct who){ .id = text_of(o, "id"),
		.org = text_of(o, "org"),
		.repo = text_of(o, "repo"),
		.agent = text_of(o, "agent"),
		.once = json_is_true(json_object_get(o, "once")) };
	json_array_foreach(scopes, i, one) {
		const char *name = json_string_value(one);
		int scope =
		    name == NULL ? -1 : rights_scope_parse((struct span){ name, strlen(name) });

		if (scope >= 0)
			w->scopes |= 1U << scope;
	}
}

static void
told(void *arg, struct span result, const struct error *e)
{
	struct asked *a = arg;
	struct identities *i = a->of;
	identity_known *known = a->known;
	void *known_arg = a->arg;
	json_auto_t *tree = e->code == ERROR_NONE ? jsontree_read(result, NULL) : NULL;
	struct who who = { 0 };
	struct error why = *e;

	if (tree != NULL)
		read_who(&who, tree);
	if (who.id != NULL && a->generation == i->generation) {
		struct known *k = place_of(i, a->hash);

		who_free(&k->who);
		memcpy(k->hash, a->hash, sizeof(k->hash));
		k->until = kernel.now() + BELIEVED;
		who_copy(&k->who, &who);
	}
	forget(a);
	if (who.id == NULL && why.code == ERROR_NONE)
		error_set(&why, ERROR_INTERNAL, "token/check: no id in the answer");
	known(known_arg, who.id == NULL ? NULL : &who, &why);
	who_free(&who);
}

int64_t
identity_ask(struct identities *i, const char *token, identity_known *known, void *arg)
{
	static const char method[] = "token/check";
	const struct client_wish wish = { .outage = GATEWAY_OUTAGE };
	struct span text = { token, strlen(token) };
	const uint64_t hash[2] = { siphash(i->keys, text), siphash(i->keys + 2, text) };
	const struct known *k = place_of(i, hash);
	struct error e = { .code = ERROR_NONE };
	AUTO_BYTES params = { 0 };
	struct asked *a;

	if (k->who.id != NULL && k->until > kernel.now() &&
	    memcmp(k->hash, hash, sizeof(hash)) == 0) {
		struct who who;

		who_copy(&who, &k->who);
		known(arg, &who, &e);
		who_free(&who);
		return 0;
	}
	a = xmalloc(sizeof(*a));
	*a = (struct asked){ .of = i,
		.number = ++i->numbered,
		.generation = i->generation,
		.known = known,
		.arg = arg,
		.next = i->asked };
	memcpy(a->hash, hash, sizeof(hash));
	i->asked = a;
	emit_open(&params);
	emit_text(&params, "token", token);
	bytes_char(&params, '}');
	a->call = client_call(
	    gateway_place(i->gateway, (struct span){ method, sizeof(method) - 1 })->client, method,
	    (struct span){ params.data, params.len }, &wish, told, a);
	/* as short as it is: the request has it still */
	explicit_bzero(params.data, params.len);
	return a->number;
}

void
identity_cancel(struct identities *i, int64_t asked)
{
	static const char method[] = "token/check";

	for (struct asked *a = i->asked; a != NULL; a = a->next) {
		if (a->number != asked)
			continue;
		client_cancel(
		    gateway_place(i->gateway, (struct span){ method, sizeof(method) - 1 })->client,
		    a->call);
		forget(a);
		return;
	}
}

void
identities_forget(struct identities *i)
{
	i->generation++;
	for (size_t k = 0; k < REMEMBERED; k++)
		who_free(&i->known[k].who);
}

/* ---- those who guess */

static struct failures *
failures_of(struct identities *i, const char *from)
{
	struct span text = { from, strlen(from) };

	return &i->failures[siphash(i->keys, text) % WATCHED];
}

int64_t
identity_failed(struct identities *i, const char *from)
{
	struct failures *f = failures_of(i, from);
	int64_t now = kernel.now();

	if (strcmp(f->from, from) != 0 || now - f->since > WATCH)
		*f = (struct failures){ .since = now };
	snprintf(f->from, sizeof(f->from), "%s", from);
	return ++f->n <= FAILURES ? 0 : f->since + WATCH - now + 1;
}

void
identities_free(struct identities *i)
{
	if (i == NULL)
		return;
	while (i->asked != NULL)
		identity_cancel(i, i->asked->number);
	identities_forget(i);
	free(i);
}
