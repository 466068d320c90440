#include "sessions.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "duration.h"
#include "emit.h"
#include "kernel.h"
#include "memory.h"
#include "naming.h"

/* How long a session that has a name outlives its connection, and how many may. */
#define LINGER (60 * SECOND)
#define LINGERING 64
#define NAME 32
/* How old what a status says may be. */
#define COUNTED_EVERY (10 * SECOND)

/* What it refers to stays until it is over (backend.h). */
struct session {
	struct session *next;
	struct sessions *all;
	uint64_t connection;     /* 0: it has none now */
	char name[NAME + 1];     /* "": it is over with its connection */
	struct grants *grants;   /* the thread's, but for whom it is of; NULL: it sees all */
	struct loop_timer *linger;
	struct store *stores[2]; /* the thread's: of who is trusted, and of a stranger */
	/* a pack that comes in */
	bool coming;
	struct digest pack;
	struct backend_draft draft;
	int64_t at, size;
	bool stranger;
};

struct sessions {
	struct loop *loop;
	struct offload *thread;
	size_t lingering;
	char *address;
	struct backend *drafts; /* the loop's: for packs that come in */
	struct session *first;
	void (*told)(void *arg, struct span line);
	void *arg;
	pthread_mutex_t lock; /* of counts */
	struct sessions_counts counts;
	atomic_llong hits[SESSIONS_KINDS], misses[SESSIONS_KINDS];
	int64_t counted; /* the thread's */
};

static int
count_name(void *arg, struct record *r)
{
	struct sessions_counts *c = arg;

	c->names++;
	record_free(r);
	return 0;
}

/* On the thread. */
static void
count(struct sessions *s, bool now)
{
	struct sessions_counts c = { 0 };
	struct store *store;

	if (!now && kernel.now() - s->counted < COUNTED_EVERY)
		return;
	store = direct_open(s->address, true, true, NULL);
	if (store == NULL)
		return;
	if (store->type->list(store, "", count_name, naming_pass_over, &c, NULL) == 0) {
		direct_size(store, &c.objects, &c.bytes);
		pthread_mutex_lock(&s->lock);
		s->counts = c;
		pthread_mutex_unlock(&s->lock);
		s->counted = kernel.now();
	}
	store_close(store);
}

struct sessions *
sessions_new(struct loop *loop, const char *address, void (*told)(void *arg, struct span line), void *arg,
    struct error *e)
{
	struct sessions *s = xmalloc(sizeof(*s));

	pthread_mutex_init(&s->lock, NULL);
	s->loop = loop;
	s->told = told;
	s->arg = arg;
	s->address = xstrdup(address);
	s->drafts = backend_open(address, true, e);
	if (s->drafts != NULL && (s->thread = offload_new(loop, e)) != NULL) {
		count(s, true);
		return s;
	}
	sessions_free(s);
	return NULL;
}

/* NULL: there is none. */
static struct session *
session_find(struct sessions *s, const char *name, uint64_t connection)
{
	struct session *x = s->first;

	while (x != NULL && (name[0] != '\0' ? strcmp(x->name, name) != 0 :
	    x->name[0] != '\0' || x->connection != connection))
		x = x->next;
	return x;
}

/* The name of the request's session, "" for none. */
static const char *
name_of(struct request *r)
{
	const char *name = request_text(r, "session");

	return name == NULL || strlen(name) != NAME ? "" : name;
}

static void
stay(struct session *x)
{
	if (x->linger != NULL) {
		loop_cancel(x->all->loop, x->linger);
		x->all->lingering--;
	}
	x->linger = NULL;
}

static struct session *
session_of(struct sessions *s, struct request *r)
{
	const char *name = name_of(r), *within = request_text(r, "within");
	struct session *x = session_find(s, name, request_connection(r));

	if (x == NULL) {
		x = xmalloc(sizeof(*x));
		*x = (struct session){ .all = s, .draft.fd = -1, .next = s->first };
		memcpy(x->name, name, strlen(name) + 1);
		x->grants = within == NULL ? NULL : grants_new(within);
		s->first = x;
	}
	x->connection = request_connection(r);
	stay(x);
	return x;
}

int
sessions_admit(struct sessions *s, struct request *r)
{
	const char *name = name_of(r), *within = request_text(r, "within"), *its;
	struct session *x = session_find(s, name, request_connection(r));

	if (x == NULL && name[0] != '\0' && request_flag(r, "resumed")) {
		request_fail(r, "disconnected",
		    "the session is over: what was begun in it is to be begun again");
		return -1;
	}
	its = x == NULL || x->grants == NULL ? NULL : grants_within(x->grants);
	if (x == NULL || (its == NULL ? within == NULL : within != NULL && strcmp(its, within) == 0))
		return 0;
	request_fail(r, "refused", "session: it is of others");
	return -1;
}

struct grants *
sessions_grants(const struct ask *a)
{
	return a->session->grants;
}

/* On the thread. */
static struct store *
store_of(struct sessions *s, struct session *x, bool stranger, struct error *e)
{
	if (x->stores[stranger] == NULL)
		x->stores[stranger] = direct_open(s->address, stranger, true, e);
	return x->stores[stranger];
}

void
sessions_drop(struct ask *a)
{
	if (a->draft.fd >= 0)
		a->all->drafts->type->drop(a->all->drafts, &a->draft);
	if (a->fd >= 0)
		close(a->fd);
	record_free(&a->record);
	bytes_free(&a->texts);
	bytes_free(&a->result);
	bytes_free(&a->data);
	bytes_free(&a->event);
	free(a->digests);
	free(a->name);
	free(a);
}

static void
work(void *arg)
{
	struct ask *a = arg;
	struct store *store = store_of(a->all, a->session, a->record.stranger, &a->error);

	a->failed = store == NULL || a->work(a, store, &a->error) < 0;
	if (!a->failed && a->event.len > 0)
		count(a->all, false);
}

static void
done(void *arg)
{
	struct ask *a = arg;

	if (a->failed) {
		request_fail_with(a->request, &a->error);
	} else {
		if (a->event.len > 0)
			a->all->told(a->all->arg, (struct span){ a->event.data, a->event.len });
		if (a->result.len > 0)
			bytes_char(&a->result, '}');
		if (a->gives)
			request_reply_data(a->request, (struct span){ a->result.data, a->result.len },
			    (struct span){ a->data.data, a->data.len });
		else if (a->fd >= 0)
			request_reply_fds(a->request, (struct span){ a->result.data,
			    a->result.len }, &a->fd, 1);
		else
			request_reply(a->request, (struct span){ a->result.data, a->result.len });
	}
	sessions_drop(a);
}

struct ask *
sessions_ask(struct sessions *s, struct request *r, int (*todo)(struct ask *a, struct store *store,
    struct error *e))
{
	struct ask *a;

	if (request_connection(r) == 0) {
		request_fail(r, "invalid-request", "it needs an id");
		return NULL;
	}
	a = xmalloc(sizeof(*a));
	*a = (struct ask){ .job = { .work = work, .done = done, .arg = a }, .all = s,
		.session = session_of(s, r), .request = r, .work = todo, .fd = -1,
		.draft = { -1, NULL } };
	return a;
}

static enum sessions_kind
kind_of(const char *name)
{
	int slashes = 0;

	for (const char *p = name; *p != '\0'; p++)
		slashes += *p == '/';
	if (strncmp(name, "cache/", 6) == 0)
		return SESSIONS_CACHE;
	/* result/ORG/-/KEY */
	return strncmp(name, "result/", 7) == 0 && slashes == 3 ? SESSIONS_RESULT : SESSIONS_ALL;
}

/* The loop reads these numbers at any time, and may read the one before. */
void
sessions_note(struct ask *a, const char *name, bool hit)
{
	atomic_llong *counts = hit ? a->all->hits : a->all->misses;
	enum sessions_kind kind = kind_of(name);

	atomic_fetch_add(&counts[SESSIONS_ALL], 1);
	if (kind != SESSIONS_ALL)
		atomic_fetch_add(&counts[kind], 1);
}

void
sessions_give(struct ask *a)
{
	offload_give(a->all->thread, &a->job);
}

/* Only who says what it is may have it stored under that name. */
static int
check_pack(struct ask *a, struct error *e)
{
	AUTO_FREE char *buffer = xmalloc(1 << 20);
	struct digest_state *s = digest_new();
	struct digest is;
	ssize_t got;

	for (int64_t at = 0; (got = kernel.pread(a->draft.fd, buffer, 1 << 20, at)) > 0; at += got)
		digest_add(s, buffer, (size_t)got);
	digest_end(s, &is);
	digest_free(s);
	if (got < 0)
		return error_sys(e, "read a pack");
	return digest_compare(&is, &a->digests[0]) == 0 ? 0 :
	    error_set(e, ERROR_REFUSED, "the pack's bytes are not those of its name");
}

static int
work_publish(struct ask *a, struct store *store, struct error *e)
{
	struct digest pack = a->digests[0];
	struct grants *g = a->session->grants;
	AUTO_BYTES entries = { 0 };
	const struct format_entry *all;
	size_t n;

	if (check_pack(a, e) < 0 || index_read_draft(a->draft.fd, a->size, &entries, e) < 0)
		return -1;
	all = (const struct format_entry *)(const void *)entries.data;
	n = entries.len / sizeof(*all);
	if ((g != NULL && grants_verify(a->draft.fd, all, n, e) < 0) ||
	    direct_take(store, &a->draft, &pack, a->size, e) < 0 ||
	    (g != NULL && grants_pack(g, &pack, store->stranger, all, n, e) < 0))
		return -1;
	emit_open(&a->result);
	emit_integer(&a->result, "offset", a->size);
	return 0;
}

static void
drop_draft(struct sessions *s, struct session *x)
{
	if (x->coming)
		s->drafts->type->drop(s->drafts, &x->draft);
	x->coming = false;
}

static void
reply_offset(struct request *r, int64_t at)
{
	AUTO_BYTES result = { 0 };

	emit_open(&result);
	emit_integer(&result, "offset", at);
	bytes_char(&result, '}');
	request_reply(r, (struct span){ result.data, result.len });
}

void
sessions_put(struct sessions *s, struct request *r, const char *pack, int64_t offset, int64_t size,
    bool stranger)
{
	struct session *x;
	struct digest id;
	struct error e;

	if (request_connection(r) == 0) {
		request_fail(r, "invalid-request", "it needs an id");
		return;
	}
	if (!digest_parse(&id, (struct span){ pack, strlen(pack) }) || size <= 0 ||
	    size > 4LL * FORMAT_PACK) {
		request_fail(r, "invalid-params", "blob/put: pack is no digest, or its size is none");
		return;
	}
	x = session_of(s, r);
	if (x->coming && (digest_compare(&x->pack, &id) != 0 || offset == 0))
		drop_draft(s, x);
	if (!x->coming) {
		if (s->drafts->type->draft(s->drafts, stranger ? STORE_STRANGER "packs/" : "packs/",
		    &x->draft,
		    &e) < 0) {
			request_fail_with(r, &e);
			return;
		}
		x->coming = true;
		x->pack = id;
		x->at = 0;
		x->size = size;
		x->stranger = stranger;
	}
	if (offset != x->at)
		reply_offset(r, x->at);
}

void
sessions_data(struct sessions *s, struct request *r, struct span piece, uint64_t left)
{
	struct session *x = session_of(s, r);
	struct error e;
	struct ask *a;

	if ((int64_t)piece.n > x->size - x->at) {
		request_fail(r, "refused", "blob/put: more bytes than its size");
		return;
	}
	if (kernel_write_all(x->draft.fd, piece.p, piece.n) < 0) {
		error_sys(&e, "write a pack");
		request_fail_with(r, &e);
		drop_draft(s, x);
		return;
	}
	x->at += (int64_t)piece.n;
	if (left > 0)
		return;
	if (x->at < x->size) {
		reply_offset(r, x->at);
		return;
	}
	a = sessions_ask(s, r, work_publish);
	a->draft = x->draft;
	a->size = x->size;
	a->record.stranger = x->stranger;
	a->digests = xmalloc(sizeof(*a->digests));
	a->digests[0] = x->pack;
	x->coming = false;
	x->draft = (struct backend_draft){ -1, NULL };
	sessions_give(a);
}

struct farewell {
	struct offload_job job;
	struct session *session;
};

static void
work_end(void *arg)
{
	struct farewell *f = arg;

	store_close(f->session->stores[0]);
	store_close(f->session->stores[1]);
	grants_free(f->session->grants);
	free(f->session);
	free(f);
}

static void
session_end(struct session *x)
{
	struct session **at = &x->all->first;
	struct farewell *f = xmalloc(sizeof(*f));

	while (*at != x)
		at = &(*at)->next;
	*at = x->next;
	stay(x);
	drop_draft(x->all, x);
	/* behind all that it asked */
	*f = (struct farewell){ .job = { .work = work_end, .arg = f }, .session = x };
	offload_give(x->all->thread, &f->job);
}

static void
linger_over(void *arg)
{
	session_end(arg);
}

/* Its client may come back. */
static void
session_linger(struct session *x)
{
	x->connection = 0;
	if (x->all->lingering >= LINGERING) {
		session_end(x);
		return;
	}
	x->linger = loop_after(x->all->loop, LINGER, linger_over, x);
	x->all->lingering++;
}

void
sessions_leave(struct sessions *s, struct request *r)
{
	struct session *x = session_find(s, name_of(r), request_connection(r));

	if (x != NULL)
		session_end(x);
	request_reply(r, (struct span){ NULL, 0 });
}

void
sessions_gone(struct sessions *s, uint64_t connection)
{
	struct session *x, *next;

	for (x = s->first; x != NULL; x = next) {
		next = x->next;
		if (x->connection == connection && x->name[0] != '\0')
			session_linger(x);
		else if (x->connection == connection)
			session_end(x);
	}
}

struct sessions_counts
sessions_counts(struct sessions *s)
{
	struct sessions_counts c;

	pthread_mutex_lock(&s->lock);
	c = s->counts;
	pthread_mutex_unlock(&s->lock);
	for (size_t i = 0; i < SESSIONS_KINDS; i++) {
		c.hits[i] = atomic_load(&s->hits[i]);
		c.misses[i] = atomic_load(&s->misses[i]);
	}
	return c;
}

void
sessions_free(struct sessions *s)
{
	if (s == NULL)
		return;
	while (s->thread != NULL && s->first != NULL)
		session_end(s->first);
	offload_free(s->thread);
	backend_close(s->drafts);
	pthread_mutex_destroy(&s->lock);
	free(s->address);
	free(s);
}
