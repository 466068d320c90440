#include "rights.h"

#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "memory.h"
#include "message.h"
#include "scan.h"

/* What the parameters of a method name. */
enum whose {
	ALL,        /* nothing of anybody's: for who may touch all */
	OWN,        /* what its own parameters prove */
	ORG_ID,     /* id: an organisation */
	OF_ORG,     /* org: what belongs to it, and not to one repository */
	REPO_ID,    /* org and id: a repository */
	REPO,       /* repo: ORG/REPO */
	BUILD,      /* build: ORG/REPO/N */
	EVENTS,     /* event, events: each of a build */
	LIST_ORG,   /* id: the only one that is listed; narrowed */
	LIST_OF,    /* org: whose are listed; narrowed, but not to a repository */
	LIST_REPO,  /* org and id: the same of repositories; narrowed */
	LIST_BUILD, /* org or repo: whose builds are listed; narrowed */
	TOKENS,     /* org and repo: whom tokens are for; narrowed */
	TOKEN,      /* org: whom a token is for; narrowed, and not for who has a repository alone */
	FILES,      /* within: whose files they are; narrowed. For agents too, whatever the scope is */
	PREFIX,     /* build: what the names of builds begin with; narrowed */
};

/* Each method that is not here is for nobody from outside. */
static const struct right {
	const char *method;
	enum rights_scope scope;
	enum whose whose;
} rights[] = {
	{ "org/get", RIGHTS_READ, ORG_ID },
	{ "org/list", RIGHTS_READ, LIST_ORG },
	{ "org/put", RIGHTS_ADMIN, ORG_ID },
	{ "org/remove", RIGHTS_ADMIN, ORG_ID },
	{ "repo/get", RIGHTS_READ, REPO_ID },
	{ "repo/list", RIGHTS_READ, LIST_REPO },
	{ "repo/put", RIGHTS_WRITE, REPO_ID },
	{ "repo/remove", RIGHTS_WRITE, REPO_ID },
	{ "repo/params", RIGHTS_READ, REPO_ID },
	{ "repo/keys", RIGHTS_READ, REPO_ID },
	{ "param/get", RIGHTS_READ, OF_ORG },
	{ "param/list", RIGHTS_READ, LIST_OF },
	{ "param/put", RIGHTS_WRITE, OF_ORG },
	{ "param/replace", RIGHTS_WRITE, OF_ORG },
	{ "param/remove", RIGHTS_WRITE, OF_ORG },
	{ "key/get", RIGHTS_READ, OF_ORG },
	{ "key/list", RIGHTS_READ, LIST_OF },
	{ "key/put", RIGHTS_WRITE, OF_ORG },
	{ "key/replace", RIGHTS_WRITE, OF_ORG },
	{ "key/remove", RIGHTS_WRITE, OF_ORG },
	{ "token/get", RIGHTS_ADMIN, TOKEN },
	{ "token/list", RIGHTS_ADMIN, TOKENS },
	{ "token/create", RIGHTS_ADMIN, TOKENS },
	{ "token/remove", RIGHTS_ADMIN, TOKEN },
	{ "token/check", RIGHTS_AGENT, ALL },
	{ "session/begin", RIGHTS_READ, OWN },
	{ "session/end", RIGHTS_READ, OWN },
	{ "agent/get", RIGHTS_ADMIN, ALL },
	{ "agent/list", RIGHTS_ADMIN, ALL },
	{ "agent/put", RIGHTS_ADMIN, ALL },
	{ "agent/remove", RIGHTS_ADMIN, ALL },
	{ "store/rotate", RIGHTS_ADMIN, ALL },
	{ "store/rebuild", RIGHTS_ADMIN, ALL },
	{ "store/status", RIGHTS_ADMIN, ALL },
	{ "build/trigger", RIGHTS_TRIGGER, REPO },
	{ "build/cancel", RIGHTS_TRIGGER, BUILD },
	{ "build/get", RIGHTS_READ, BUILD },
	{ "build/list", RIGHTS_READ, LIST_BUILD },
	{ "build/latest", RIGHTS_READ, LIST_OF },
	{ "build/events", RIGHTS_READ, BUILD },
	{ "build/status", RIGHTS_READ, ALL },
	{ "build/claim", RIGHTS_AGENT, OWN },
	{ "build/renew", RIGHTS_AGENT, BUILD },
	{ "build/release", RIGHTS_AGENT, BUILD },
	{ "build/end", RIGHTS_AGENT, BUILD },
	{ "job/unblock", RIGHTS_TRIGGER, BUILD },
	{ "job/get", RIGHTS_READ, BUILD },
	{ "job/list", RIGHTS_READ, BUILD },
	{ "artifact/get", RIGHTS_READ, BUILD },
	{ "artifact/list", RIGHTS_READ, BUILD },
	{ "artifact/search", RIGHTS_READ, LIST_BUILD },
	{ "log/open", RIGHTS_AGENT, BUILD },
	{ "log/append", RIGHTS_AGENT, BUILD },
	{ "log/close", RIGHTS_AGENT, BUILD },
	{ "log/get", RIGHTS_READ, BUILD },
	{ "log/list", RIGHTS_READ, BUILD },
	{ "log/read", RIGHTS_READ, BUILD },
	{ "log/follow", RIGHTS_READ, BUILD },
	{ "log/remove", RIGHTS_WRITE, BUILD },
	{ "log/status", RIGHTS_ADMIN, ALL },
	{ "blob/find", RIGHTS_READ, FILES },
	{ "blob/list", RIGHTS_READ, FILES },
	{ "blob/locate", RIGHTS_READ, FILES },
	{ "blob/read", RIGHTS_READ, FILES },
	{ "blob/leave", RIGHTS_READ, FILES },
	{ "blob/put", RIGHTS_WRITE, FILES },
	{ "blob/commit", RIGHTS_WRITE, FILES },
	{ "blob/remove", RIGHTS_WRITE, FILES },
	{ "blob/status", RIGHTS_ADMIN, ALL },
	{ "event/publish", RIGHTS_AGENT, EVENTS },
	{ "event/subscribe", RIGHTS_READ, PREFIX },
	{ "event/status", RIGHTS_ADMIN, ALL },
	{ "event/acknowledge", RIGHTS_ADMIN, ALL },
	{ "event/forget", RIGHTS_ADMIN, ALL },
	{ "part/status", RIGHTS_ADMIN, ALL },
};
#define NRIGHTS (sizeof(rights) / sizeof(rights[0]))

static const char *const scopes[RIGHTS_SCOPES] = { "read", "trigger", "write", "admin", "agent" };

const char *
rights_scope_name(enum rights_scope scope)
{
	return scope < RIGHTS_SCOPES ? scopes[scope] : scope == RIGHTS_ANYBODY ? "anybody" : "none";
}

int
rights_scope_parse(struct span name)
{
	for (int i = 0; i < RIGHTS_SCOPES; i++) {
		if (span_is(name, scopes[i]))
			return i;
	}
	return -1;
}

/* ---- who */

void
who_copy(struct who *to, const struct who *from)
{
	*to = (struct who){ .scopes = from->scopes,
		.id = from->id == NULL ? NULL : xstrdup(from->id),
		.org = from->org == NULL ? NULL : xstrdup(from->org),
		.repo = from->repo == NULL ? NULL : xstrdup(from->repo),
		.agent = from->agent == NULL ? NULL : xstrdup(from->agent),
		.once = from->once };
}

void
who_free(struct who *w)
{
	free(w->id);
	free(w->org);
	free(w->repo);
	free(w->agent);
	*w = (struct who){ 0 };
}

bool
who_has(const struct who *w, enum rights_scope scope)
{
	if (scope == RIGHTS_ANYBODY)
		return true;
	if (scope >= RIGHTS_SCOPES)
		return false;
	if (scope == RIGHTS_AGENT)
		return (w->scopes & 1U << RIGHTS_AGENT) != 0;
	if (scope == RIGHTS_READ && (w->scopes & 1U << RIGHTS_AGENT) != 0)
		return true;
	/* of those that take each other in, any from it on */
	return (w->scopes & ((1U << RIGHTS_AGENT) - 1)) >> scope != 0;
}

/* ---- methods */

static const struct right *
right_of(const struct contract_method *m)
{
	for (size_t i = 0; i < NRIGHTS; i++) {
		if (strcmp(rights[i].method, m->name) == 0)
			return &rights[i];
	}
	return NULL;
}

enum rights_scope
rights_of(const struct contract_method *m)
{
	const struct right *r = right_of(m);

	return r == NULL ? RIGHTS_NONE : r->scope;
}

/* ---- what is named */

/* The text of a parameter; empty when it is not there. */
static void
text_of(const struct contract_method *m, const struct scan_value *values, const char *name,
    struct bytes *into)
{
	for (size_t i = 0; i < m->nparams; i++) {
		if (strcmp(m->params[i].name, name) == 0 && values[i].raw.n > 0 &&
		    values[i].type == SCAN_STRING)
			scan_text(&values[i], into, NULL);
	}
}

/* Whether "ORG", "ORG/REPO" or "ORG/REPO/N" is theirs: all of it. */
static bool
owns(const struct who *w, const char *name)
{
	size_t n = w->org == NULL ? 0 : strlen(w->org), k;

	if (w->org == NULL)
		return w->id != NULL;
	if (strncmp(name, w->org, n) != 0 || (name[n] != '/' && name[n] != '\0'))
		return false;
	if (w->repo == NULL)
		return true;
	k = strlen(w->repo);
	return name[n] == '/' && strncmp(name + n + 1, w->repo, k) == 0 &&
	    (name[n + 1 + k] == '/' || name[n + 1 + k] == '\0');
}

/* Puts a member into an object of params. */
static void
put(struct bytes *params, const char *name, const char *value)
{
	while (params->len > 0 && params->data[params->len - 1] != '}')
		params->len--;
	if (params->len == 0)
		bytes_char(params, '{');
	else
		params->len--;
	emit_text(params, name, value);
	bytes_char(params, '}');
}

/* What stands in front of the n-th slash. */
static void
cut(struct bytes *into, const char *name, int slashes)
{
	const char *p = name;

	while (*p != '\0' && (*p != '/' || --slashes > 0))
		p++;
	bytes_add(into, name, (size_t)(p - name));
}

struct names {
	struct bytes org, id, repo, build, durable, within;
};

static void
names_free(struct names *n)
{
	bytes_free(&n->org);
	bytes_free(&n->id);
	bytes_free(&n->repo);
	bytes_free(&n->build);
	bytes_free(&n->durable);
	bytes_free(&n->within);
}

/* A list, of which they get only what is theirs: params say so from here on. */
static bool
narrow(const struct who *w, enum whose whose, struct names *n, struct bytes *params)
{
	const char *org = bytes_string(&n->org), *id = bytes_string(&n->id),
		   *repo = bytes_string(&n->repo);
	AUTO_FREE char *own = NULL;

	if (w->org == NULL)
		return w->id != NULL;
	own = w->repo == NULL ? xstrdup(w->org) : xformat("%s/%s", w->org, w->repo);
	switch (whose) {
	case LIST_ORG:
		if (*id == '\0')
			put(params, "id", w->org);
		return *id == '\0' || strcmp(id, w->org) == 0;
	case LIST_OF:
		if (*org == '\0')
			put(params, "org", w->org);
		return w->repo == NULL && (*org == '\0' || strcmp(org, w->org) == 0);
	case LIST_REPO:
		if (*org == '\0')
			put(params, "org", w->org);
		if (w->repo != NULL && *id == '\0')
			put(params, "id", w->repo);
		return (*org == '\0' || strcmp(org, w->org) == 0) &&
		    (w->repo == NULL || *id == '\0' || strcmp(id, w->repo) == 0);
	case LIST_BUILD:
		if (*repo != '\0')
			return owns(w, repo) && (*org == '\0' || strcmp(org, w->org) == 0);
		if (w->repo != NULL)
			put(params, "repo", own);
		else if (*org == '\0')
			put(params, "org", w->org);
		return *org == '\0' || strcmp(org, w->org) == 0;
	case TOKENS:
		if (*org == '\0')
			put(params, "org", w->org);
		if (w->repo != NULL && *repo == '\0')
			put(params, "repo", w->repo);
		return (*org == '\0' || strcmp(org, w->org) == 0) &&
		    (w->repo == NULL || *repo == '\0' || strcmp(repo, w->repo) == 0);
	case FILES:
		if (n->within.len == 0)
			put(params, "within", own);
		return n->within.len == 0 || owns(w, bytes_string(&n->within));
	case TOKEN:
		if (*org == '\0')
			put(params, "org", w->org);
		return w->repo == NULL && (*org == '\0' || strcmp(org, w->org) == 0);
	default:
		break;
	}
	/* PREFIX: with the slash, or acme would see acme2 */
	if (n->build.len > 0)
		return strncmp(bytes_string(&n->build), own, strlen(own)) == 0 &&
		    bytes_string(&n->build)[strlen(own)] == '/';
	bytes_text(&n->build, own);
	bytes_char(&n->build, '/');
	put(params, "build", bytes_string(&n->build));
	return true;
}

static int
slashes(const char *text)
{
	int n = 0;

	for (; *text != '\0'; text++)
		n += *text == '/';
	return n;
}

static bool
event_fits(const struct who *w, struct span event)
{
	struct scan_value build;
	AUTO_BYTES name = { 0 };

	return message_member(event.p, event.n, "build", &build, NULL) > 0 &&
	    build.type == SCAN_STRING && scan_text(&build, &name, NULL) == 0 &&
	    owns(w, bytes_string(&name));
}

/* Of who has not all, each event is of a build of theirs. */
static bool
events_fit(const struct who *w, const struct bytes *params)
{
	struct scan_value value;
	struct scan s;
	struct scan_member one;

	if (w->org == NULL)
		return w->id != NULL;
	if (message_member(params->data, params->len, "event", &value, NULL) > 0 &&
	    !event_fits(w, value.raw))
		return false;
	if (message_member(params->data, params->len, "events", &value, NULL) <= 0)
		return true;
	if (scan_open(&s, value.raw.p, value.raw.n, NULL) < 0)
		return false;
	while (scan_next(&s, &one, NULL) > 0) {
		if (one.value.type != SCAN_OBJECT || !event_fits(w, one.value.raw))
			return false;
	}
	return true;
}

/* Whether what is named is theirs; repo gets the repository when it is one, of which it may be
 * asked. */
static bool
theirs(const struct who *w, const struct right *r, struct names *n, struct bytes *params,
    struct bytes *repo)
{
	AUTO_BYTES name = { 0 };

	switch (r->whose) {
	case ALL:
		return w->id != NULL && w->org == NULL;
	case OWN:
		return w->id != NULL;
	case ORG_ID:
		bytes_text(&name, bytes_string(&n->id));
		break;
	case OF_ORG:
		bytes_text(&name, bytes_string(&n->org));
		break;
	case REPO_ID:
		bytes_format(&name, "%s/%s", bytes_string(&n->org), bytes_string(&n->id));
		bytes_add(repo, name.data, name.len);
		break;
	case REPO:
		bytes_text(&name, bytes_string(&n->repo));
		bytes_add(repo, name.data, name.len);
		break;
	case BUILD:
		bytes_text(&name, bytes_string(&n->build));
		cut(repo, bytes_string(&name), 2);
		break;
	case EVENTS:
		return events_fit(w, params);
	default:
		if (r->whose == LIST_BUILD)
			bytes_text(repo, bytes_string(&n->repo));
		else if (r->whose == PREFIX && slashes(bytes_string(&n->build)) >= 2)
			cut(repo, bytes_string(&n->build), 2);
		return narrow(w, r->whose, n, params);
	}
	/* an organisation is more than a repository of it */
	if ((r->whose == ORG_ID || r->whose == OF_ORG) && w->repo != NULL &&
	    (r->whose == OF_ORG || r->scope != RIGHTS_READ))
		return false;
	return r->whose == ORG_ID && w->org != NULL ? strcmp(w->org, bytes_string(&name)) == 0 :
						      owns(w, bytes_string(&name));
}

/* Names of builds that stand elsewhere: to go on behind, or to run again. They have to be of what
 * is asked. */
static bool
others_fit(const struct contract_method *m, const struct scan_value *values, struct names *n,
    const struct who *w)
{
	AUTO_BYTES before = { 0 };

	/* a subscriber that the hub remembers is somebody's, and has no organisation */
	if (n->durable.len > 0 && (w->org != NULL || !who_has(w, RIGHTS_ADMIN)))
		return false;
	text_of(m, values, "before", &before);
	if (before.len > 0 && n->repo.len > 0)
		return strncmp(bytes_string(&before), bytes_string(&n->repo), n->repo.len) == 0 &&
		    before.data[n->repo.len] == '/';
	return before.len == 0 || w->org == NULL || owns(w, bytes_string(&before));
}

/* The build that a trigger runs again is of the same repository. */
static bool
rerun_fits(const struct contract_method *m, const struct scan_value *values, const char *repo)
{
	for (size_t i = 0; i < m->nparams; i++) {
		struct scan_value of;
		AUTO_BYTES name = { 0 };

		if (strcmp(m->params[i].name, "rerun") != 0 || values[i].raw.n == 0)
			continue;
		if (message_member(values[i].raw.p, values[i].raw.n, "of", &of, NULL) <= 0)
			return true;
		if (of.type != SCAN_STRING || scan_text(&of, &name, NULL) < 0)
			return true;
		return strncmp(bytes_string(&name), repo, strlen(repo)) == 0 &&
		    bytes_string(&name)[strlen(repo)] == '/';
	}
	return true;
}

static enum rights_answer
answer(const struct who *w, const struct right *r, const struct names *n, bool fits,
    const struct bytes *repo, struct error *e)
{
	if (fits && (who_has(w, r->scope) || (r->whose == FILES && who_has(w, RIGHTS_AGENT))))
		return RIGHTS_YES;
	if (fits) {
		error_set(e, ERROR_REFUSED, "this token has not the scope %s",
		    rights_scope_name(r->scope));
		return RIGHTS_FORBIDDEN;
	}
	if (r->scope == RIGHTS_READ && repo->len > 0)
		return RIGHTS_IF_PUBLIC;
	if (w->id == NULL) {
		error_set(e, ERROR_REFUSED, RIGHTS_TOKEN_NEEDED);
		return RIGHTS_UNKNOWN;
	}
	/* what is about all, or makes what is nobody's yet, is no secret: only who may do it */
	if (r->whose == ALL || (r->whose == ORG_ID && n->id.len == 0)) {
		error_set(e, ERROR_REFUSED, "this is for tokens of all organisations alone");
		return RIGHTS_FORBIDDEN;
	}
	error_set(e, ERROR_NOT_FOUND, "nothing of that name is here for this token");
	return RIGHTS_MISSING;
}

enum rights_answer
rights_check(const struct who *w, const struct contract_method *m, struct bytes *params,
    struct bytes *repo, struct error *e)
{
	const struct right *r = right_of(m);
	struct scan_value values[CONTRACT_PARAMS];
	struct names n = { 0 };
	enum rights_answer result;
	bool fits;

	if (r == NULL) {
		error_set(e, ERROR_REFUSED, "%s is for nobody from outside", m->name);
		return w->id == NULL ? RIGHTS_UNKNOWN : RIGHTS_FORBIDDEN;
	}
	if (w->once && strcmp(m->name, "session/begin") != 0) {
		error_set(e, ERROR_REFUSED, "that ticket is good for beginning a session and nothing else");
		return RIGHTS_FORBIDDEN;
	}
	if (contract_check_params(m, (struct span){ params->data, params->len }, values, e) < 0)
		return RIGHTS_FORBIDDEN;
	text_of(m, values, "org", &n.org);
	text_of(m, values, "id", &n.id);
	text_of(m, values, "repo", &n.repo);
	text_of(m, values, "build", &n.build);
	text_of(m, values, "durable", &n.durable);
	text_of(m, values, "within", &n.within);
	fits = others_fit(m, values, &n, w) && rerun_fits(m, values, bytes_string(&n.repo)) &&
	    theirs(w, r, &n, params, repo);
	result = answer(w, r, &n, fits, repo, e);
	names_free(&n);
	return result;
}
