#include "metrics.h"

#include <stdlib.h>
#include <string.h>

#include "counts.h"
#include "duration.h"
#include "emit.h"
#include "jsontree.h"
#include "kernel.h"
#include "memory.h"

/* How long a service may take to say that it is there. */
#define PATIENCE (3 * SECOND)

/* ---- figures of services */

/* A member of a service's status, and what it is called here. */
static const struct figure {
	const char *method, *member, *name, *type, *help;
} figures[] = {
	{ "build/status", "waiting", "mci_queue_builds", "gauge", "Builds that no agent has." },
	{ "build/status", "held", "mci_held_builds", "gauge", "Builds that an agent has." },
	{ "build/status", "oldest", "mci_queue_wait_seconds", "gauge",
	    "How long the oldest of them waits." },
	{ "build/status", "agents", "mci_agents", "gauge",
	    "Agents that asked for builds within a minute." },
	{ "event/status", "tail", "mci_events", "counter", "Events that the hub has taken in." },
	{ "event/status", "bytes", "mci_events_bytes", "gauge", "Size of the hub's log." },
	{ "event/status", "builds", "mci_events_builds", "gauge",
	    "Builds whose last event is remembered." },
	{ "log/status", "bytes", "mci_log_sent_bytes", "counter",
	    "Bytes of logs sent to followers." },
	{ "log/status", "followers", "mci_log_followers", "gauge", "Streams of logs." },
	{ "log/status", "closed", "mci_logs_closed", "counter", "Logs that got their end." },
	{ "blob/status", "names", "mci_blob_names", "gauge", "Names in the store of files." },
	{ "blob/status", "bytes", "mci_blob_bytes", "gauge", "What the store of files takes." },
	{ "blob/status", "cache-hits", "mci_cache_hits", "counter", "Caches that were found." },
	{ "blob/status", "cache-misses", "mci_cache_misses", "counter", "Caches that were not." },
	{ "blob/status", "result-hits", "mci_result_hits", "counter", "Results of jobs that were found." },
	{ "blob/status", "result-misses", "mci_result_misses", "counter", "Results that were not." },
};
#define NFIGURES (sizeof(figures) / sizeof(figures[0]))

static const char *const sources[] = { "build/status", "event/status", "log/status", "blob/status" };
#define NSOURCES (sizeof(sources) / sizeof(sources[0]))
/* The services that these are of. */
static const char *const services[NSOURCES] = { "store", "events", "log", "blob" };

/* What is asked of all of them at once. */
struct gathering {
	struct ask *ask;
	struct source {
		struct gathering *of;
		struct client *client;
		int64_t call;
		json_t *said; /* NULL: it is away */
	} sources[NSOURCES];
	size_t left;
	void (*told)(struct ask *a, struct gathering *g);
};

static void
drop(void *state)
{
	struct gathering *g = state;

	for (size_t i = 0; i < NSOURCES; i++) {
		if (g->sources[i].call != 0)
			client_cancel(g->sources[i].client, g->sources[i].call);
		json_decref(g->sources[i].said);
	}
	free(g);
}

static void
said(void *arg, struct span result, const struct error *e)
{
	struct source *s = arg;
	struct gathering *g = s->of;

	s->call = 0;
	if (e->code == ERROR_NONE)
		s->said = jsontree_read(result, NULL);
	if (--g->left == 0)
		g->told(g->ask, g);
}

/* Asks the services, which is no business of the caller's rights: what is told of it is the
 * caller's. */
static void
gather(struct ask *a, void (*told)(struct ask *a, struct gathering *g))
{
	const struct client_wish wish = { .again = CLIENT_ONCE, .limit = PATIENCE };
	struct gathering *g = xmalloc(sizeof(*g));

	*g = (struct gathering){ .ask = a, .left = NSOURCES, .told = told };
	a->state = g;
	a->drop = drop;
	for (size_t i = 0; i < NSOURCES; i++) {
		struct span name = { sources[i], strlen(sources[i]) };
		struct source *s = &g->sources[i];

		s->of = g;
		s->client = gateway_place(a->gateway, name)->client;
		s->call =
		    client_call(s->client, sources[i], (struct span){ NULL, 0 }, &wish, said, s);
	}
}

static const json_t *
said_by(const struct gathering *g, const char *method)
{
	for (size_t i = 0; i < NSOURCES; i++) {
		if (strcmp(sources[i], method) == 0)
			return g->sources[i].said;
	}
	return NULL;
}

/* ---- /metrics */

static void
write_head(struct bytes *into, const char *name, const char *type, const char *help)
{
	bytes_format(into, "# TYPE %s %s\n# HELP %s %s\n", name, type, name, help);
}

static void
write_statuses(struct bytes *into, const json_t *said)
{
	const json_t *statuses = json_object_get(said, "statuses"), *n;
	const char *status;

	if (statuses == NULL)
		return;
	write_head(into, "mci_builds", "gauge", "Builds by status.");
	json_object_foreach((json_t *)statuses, status, n) {
		bytes_format(into, "mci_builds{status=\"%s\"} %lld\n", status,
		    (long long)json_integer_value(n));
	}
}

static void
write_services(struct bytes *into, const struct gathering *g)
{
	write_head(into, "mci_up", "gauge", "Whether the service answers.");
	for (size_t i = 0; i < NSOURCES; i++)
		bytes_format(
		    into, "mci_up{service=\"%s\"} %d\n", services[i], g->sources[i].said != NULL);
}

static void
told_metrics(struct ask *a, struct gathering *g)
{
	AUTO_BYTES text = { 0 };

	write_head(&text, "mci_build", "info", "The program.");
	bytes_text(&text, "mci_build_info{version=\"" MCI_VERSION "\"} 1\n");
	write_services(&text, g);
	for (size_t i = 0; i < NFIGURES; i++) {
		const struct figure *f = &figures[i];
		const json_t *value = json_object_get(said_by(g, f->method), f->member);

		if (value == NULL)
			continue;
		write_head(&text, f->name, f->type, f->help);
		bytes_format(
		    &text, "%s%s ", f->name, strcmp(f->type, "counter") == 0 ? "_total" : "");
		jsontree_write(&text, value);
		bytes_char(&text, '\n');
	}
	write_statuses(&text, said_by(g, "build/status"));
	counts_write(a->gateway->counts, &text);
	bytes_text(&text, "# EOF\n");
	answer_as(a, 200, "application/openmetrics-text; version=1.0.0; charset=utf-8",
	    (struct span){ text.data, text.len });
}

/* What is for who may see all: behind the check that a call would go through. */
static void
allowed(struct ask *a, struct span result, const struct error *e)
{
	(void)result;
	(void)e;
	gather(a, told_metrics);
}

void
metrics_write(struct ask *a)
{
	ask_check(a, a->route->call, (struct span){ NULL, 0 }, allowed);
}

/* ---- whether it is well */

const struct contract_field metrics_health_answer[1] = {
	{ "status", CONTRACT_TEXT, true, "ok: this program answers" },
};
const struct contract_field metrics_ready_answer[3] = {
	{ "ready", CONTRACT_BOOL, true, "whether all services answer" },
	{ "away", CONTRACT_TEXTS, true, "those that do not" },
	{ "uptime", CONTRACT_SECONDS, true, "of this program" },
};

void
metrics_health(struct ask *a)
{
	static const char ok[] = "{\"status\":\"ok\"}";

	answer_json(a, 0, (struct span){ ok, sizeof(ok) - 1 });
}

static void
told_ready(struct ask *a, struct gathering *g)
{
	const char *away[NSOURCES];
	AUTO_BYTES json = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < NSOURCES; i++) {
		if (g->sources[i].said == NULL)
			away[n++] = services[i];
	}
	emit_open(&json);
	emit_bool(&json, "ready", n == 0);
	emit_list(&json, "away", away, n);
	emit_seconds(&json, "uptime", kernel.now() - a->gateway->began);
	bytes_char(&json, '}');
	answer_json(a, n == 0 ? 200 : 503, (struct span){ json.data, json.len });
}

void
metrics_ready(struct ask *a)
{
	gather(a, told_ready);
}
