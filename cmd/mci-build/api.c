#include "api.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emit.h"
#include "jobfiles.h"
#include "jsontree.h"
#include "folder.h"
#include "kernel.h"
#include "memory.h"
#include "message.h"
#include "names.h"
#include "result.h"
#include "scan.h"
#include "server.h"
#include "spec.h"

static void
reply_bytes(struct request *r, struct bytes *result)
{
	bytes_char(result, '}');
	request_reply(r, (struct span){ result->data, result->len });
}

static void
reply_nothing(struct request *r)
{
	request_reply(r, (struct span){ "{}", 2 });
}

/* Once the build's end is written nothing can change any more, however long its readers take. */
static bool
has_ended(const struct api *a, struct request *r)
{
	if (a->outcome->finished)
		request_fail(r, "refused", "the build has ended");
	return a->outcome->finished;
}

/* What was answered is in the file: a kill costs nothing that somebody was told of. */
static bool
stored(struct api *a, struct request *r)
{
	struct error e;

	if (journal_store(a->journal, &e) == 0)
		return true;
	request_fail_with(r, &e);
	return false;
}

/* Whether who asks is known, and has named the secret. */
static bool
names_secret(const struct api *a, const char *name)
{
	uint32_t job = a->asks == NULL ? NO_JOB : graph_find(a->graph, a->asks, strlen(a->asks));
	struct spec s;
	bool named = false;

	if (job == NO_JOB || a->graph->jobs[job].line == NULL ||
	    spec_read(&s, a->graph->jobs[job].line, a->graph->jobs[job].line_length, SPEC_ATTEMPT, NULL) < 0)
		return false;
	for (size_t i = 0; i < s.nsecrets; i++)
		named |= strcmp(spec_param_from(&s.secrets[i]), name) == 0;
	for (size_t i = 0; i < s.nparams; i++)
		named |= strcmp(spec_param_from(&s.params[i]), name) == 0;
	spec_free(&s);
	return named;
}

static void
param_get(void *self, struct request *r)
{
	struct api *a = self;
	const char *name = request_text(r, "name");
	const char *value = params_use(a->params, name);
	AUTO_BYTES result = { 0 };

	if (value == NULL && params_secret(a->params, name)) {
		/* the jobs of the runner "host" share a socket: which of them asks cannot be told */
		value = names_secret(a, name) ? params_secret_value(a->params, name) : NULL;
		if (value == NULL) {
			request_fail(r, "refused", a->script ? "%s is a secret: a job that the script writes "
			    "may name it, the script has none" : a->asks == NULL ? "%s is a secret: a job "
			    "that names it in secrets has it as a variable" :
			    "%s is a secret that this job does not name", name);
			return;
		}
	}
	if (value == NULL) {
		request_fail(r, "not-found", "there is no param '%s'", name);
		return;
	}
	emit_open(&result);
	emit_text(&result, "value", value);
	reply_bytes(r, &result);
}

/* The job that a parameter names, or the request is answered with an error. */
static struct job *
job_of(struct api *a, struct request *r)
{
	const char *id = request_text(r, "job");
	uint32_t job = id == NULL ? NO_JOB : graph_find(a->graph, id, strlen(id));

	if (job != NO_JOB && a->graph->jobs[job].declared)
		return &a->graph->jobs[job];
	request_fail(r, "not-found", "there is no job '%s'", id == NULL ? "" : id);
	return NULL;
}

static void
output_get(void *self, struct request *r)
{
	struct job *j = job_of(self, r);
	AUTO_BYTES result = { 0 };
	const json_t *value;
	const char *name;

	if (j == NULL)
		return;
	if (!status_ended(j->status)) {
		request_fail(r, "not-found", "job '%s' has not ended; depend on it", j->id);
		return;
	}
	emit_open(&result);
	name = request_text(r, "name");
	if (name == NULL) {
		emit_key(&result, "outputs");
		if (j->outputs != NULL)
			jsontree_write(&result, j->outputs);
		else
			bytes_text(&result, "{}");
	} else if ((value = json_object_get(j->outputs, name)) != NULL) {
		emit_key(&result, "value");
		jsontree_write(&result, value);
	} else {
		request_fail(r, "not-found", "job '%s' has no output '%s'", j->id, name);
		return;
	}
	reply_bytes(r, &result);
}

/* Whether who asks is known to be another than this. */
static bool
is_another(const struct api *a, struct request *r, const char *job)
{
	bool is = a->asks != NULL && strcmp(a->asks, job) != 0;

	if (is)
		request_fail(r, "refused", "job: it is '%s' that asks here, not '%s'", a->asks,
		    job);
	return is;
}

/* The job that asks: where nobody knows, as it says; NULL: none. False: the request is answered. */
static bool
asker(const struct api *a, struct request *r, struct job **found)
{
	const char *said = request_raw(r, "job").n > 0 ? request_text(r, "job") : NULL;
	const char *id = said != NULL ? said : a->asks;
	uint32_t job = id == NULL ? NO_JOB : graph_find(a->graph, id, strlen(id));

	*found = job == NO_JOB || !a->graph->jobs[job].declared ? NULL : &a->graph->jobs[job];
	return id == NULL || !is_another(a, r, id);
}

/* Names of files, artifacts and keys are kept as they are, and are words of a command line before. */
static bool
tells_secret(const struct api *a, struct request *r)
{
	bool tells = mask_finds(a->mask, request_params(r).p, request_params(r).n);

	if (tells)
		request_fail(r, "refused", "a secret stands in a name, which others can see");
	return tells;
}

/* What is for a job alone: whoever asks works in its folder. */
static bool
job_asks(const struct api *a, struct request *r, struct job **j)
{
	if (has_ended(a, r))
		return false;
	if (a->script) {
		request_fail(r, "refused", "%s is for jobs: the script only reads what is built",
		    request_row(r)->name);
		return false;
	}
	return asker(a, r, j);
}

static void
output_set(void *self, struct request *r)
{
	const struct api *a = self;
	const char *name = request_text(r, "name");
	const char *value = request_text(r, "value");
	struct job *asks;
	/* a request that was answered is gone, and its texts with it */
	struct job *j = job_asks(a, r, &asks) ? job_of(self, r) : NULL;
	AUTO_BYTES masked = { 0 };
	struct error e;

	if (j == NULL)
		return;
	if (j->status != STATUS_RUNNING) {
		request_fail(r, "refused", "job '%s' does not run", j->id);
		return;
	}
	if (mask_finds(a->mask, name, strlen(name))) {
		request_fail(r, "refused", "name: a secret stands in it");
		return;
	}
	if (!value_name_ok(name, strlen(name))) {
		request_fail(r, "invalid-params", "name: expected letters, digits and _");
		return;
	}
	mask_text(a->mask, &masked, value, strlen(value));
	if (result_set_output(j, name, (struct span){ masked.data, masked.len }, &e) < 0)
		request_fail_with(r, &e);
	else
		reply_nothing(r);
}

static void
job_add(void *self, struct request *r)
{
	struct api *a = self;
	struct job *j;
	struct span spec = request_raw(r, "spec");
	AUTO_BYTES result = { 0 };
	struct scan_value id;
	struct error e;

	if (has_ended(a, r) || !asker(a, r, &j))
		return;
	if (outcome_ends(a->outcome)) {
		request_fail(r, "refused", "the build is ending");
		return;
	}
	if (j != NULL)
		jobfiles_act(j->files);
	if (additions_take(a->additions, r, spec))
		return;
	if (intake_add(a->intake, spec.p, spec.n, &e) < 0) {
		request_fail_with(r, &e);
		return;
	}
	if (!stored(a, r))
		return;
	message_member(spec.p, spec.n, "id", &id, NULL);
	emit_open(&result);
	emit_raw(&result, "id", id.raw);
	reply_bytes(r, &result);
}

static void
job_list(void *self, struct request *r)
{
	struct api *a = self;
	AUTO_BYTES result = { 0 };
	bool first = true;

	bytes_text(&result, "{\"jobs\":[");
	for (uint32_t i = 0; i < a->graph->n; i++) {
		const struct job *j = &a->graph->jobs[i];

		if (!j->declared || j->held || j->silent)
			continue;
		if (!first)
			bytes_char(&result, ',');
		first = false;
		emit_open(&result);
		emit_text(&result, "id", j->id);
		emit_text(&result, "status", status_name(j->status));
		emit_integer(&result, "attempt", j->attempt);
		if (j->ports != NULL && j->status == STATUS_RUNNING) {
			emit_text(&result, "address", j->address);
			emit_raw(&result, "ports", (struct span){ j->ports, strlen(j->ports) });
		}
		bytes_char(&result, '}');
	}
	bytes_char(&result, ']');
	reply_bytes(r, &result);
}

/* What the build is now: it waits, runs, is canceled already, or as it ended. */
static enum status
standing(const struct api *a)
{
	int exit_status;

	if (a->outcome->finished)
		return outcome_verdict(a->outcome, &exit_status);
	if (a->outcome->canceled)
		return STATUS_CANCELED;
	return turn_waits(a->turn) ? STATUS_PENDING : STATUS_RUNNING;
}

static void
build_get(void *self, struct request *r)
{
	struct api *a = self;
	AUTO_BYTES result = { 0 };

	emit_open(&result);
	emit_text(&result, "id", a->workspace->folder.name);
	emit_text(&result, "status", status_name(standing(a)));
	emit_text(&result, "folder", a->workspace->folder.path);
	emit_text(&result, "dir", a->workspace->dir);
	reply_bytes(r, &result);
}

/* An event of a job is that job's to tell, where it is known who tells. */
static int
event_take(const struct api *a, struct span line, struct error *e)
{
	struct scan_value job;
	AUTO_BYTES id = { 0 };

	if (a->asks != NULL && message_member(line.p, line.n, "job", &job, NULL) > 0 &&
	    scan_text(&job, &id, NULL) == 0 && strcmp(bytes_string(&id), a->asks) != 0)
		return error_set(e, ERROR_REFUSED, "job: it is '%s' that posts here, not '%s'", a->asks,
		    bytes_string(&id));
	return posted_take(a->posted, line, false, e);
}

static void
event_post(void *self, struct request *r)
{
	struct api *a = self;
	struct error e;

	if (event_take(a, request_params(r), &e) < 0)
		request_fail_with(r, &e);
	else if (stored(a, r))
		reply_nothing(r);
}

static int
event_posted(void *self, const struct link_peer *peer, const struct message *m, struct error *e)
{
	(void)peer;
	return event_take(self, m->line, e);
}

/* One subscriber: a feed to the connection. */
struct subscriber {
	struct link *link;
	struct journal_feed *feed;
};

static void
feed_gone(void *arg, int sys)
{
	struct subscriber *s = arg;

	(void)sys;
	link_close(s->link);
	free(s);
}

static void
subscriber_closed(void *arg, struct link *l)
{
	struct subscriber *s = arg;

	(void)l;
	journal_feed_close(s->feed);
	free(s);
}

static void
event_subscribe(void *self, struct request *r)
{
	struct api *a = self;
	int64_t from = request_integer(r, "from", 0);
	struct subscriber *s;
	int fd;

	if (from < 0 || from > journal_size(a->journal)) {
		request_fail(r, "invalid-params", "from: the log ends at %lld",
		    (long long)journal_size(a->journal));
		return;
	}
	s = xmalloc(sizeof(*s));
	s->link = request_stream(r, (struct span){ "{}", 2 }, subscriber_closed, s);
	if (s->link == NULL) {
		free(s);
		return;
	}
	fd = link_take_over(s->link);
	s->feed = fd < 0 ? NULL : journal_feed(a->journal, fd, 0, from, feed_gone, s, NULL);
	if (s->feed == NULL)
		feed_gone(s, 0);
	else
		journal_feed_record(s->feed);
}

static void
mask_add_call(void *self, struct request *r)
{
	struct api *a = self;
	const char *value = request_text(r, "value");
	struct error e;

	if (has_ended(a, r))
		return;
	if (mask_add(a->mask, value, strlen(value), &e) < 0 ||
	    runner_mask(a->runner, NULL, value, r, &e) < 0)
		request_fail_with(r, &e);
}

#define FILES(name) \
	static void \
	name(void *self, struct request *r) \
	{ \
		struct api *a = self; \
		struct job *j; \
 \
		if (job_asks(a, r, &j) && !tells_secret(a, r)) \
			filecalls_##name(a->files, j, r); \
	}
FILES(artifact_save)
FILES(artifact_restore)
FILES(cache_save)
FILES(cache_restore)
FILES(workspace_save)
FILES(workspace_restore)

#define STORED(name) \
	static void \
	name(void *self, struct request *r) \
	{ \
		struct api *a = self; \
 \
		if (!has_ended(a, r) && !tells_secret(a, r)) \
			filecalls_##name(a->files, r); \
	}
STORED(artifact_get)
STORED(artifact_list)
STORED(cache_list)

static const struct service_method api_methods[] = {
	{ "artifact/save", artifact_save },
	{ "artifact/restore", artifact_restore },
	{ "artifact/get", artifact_get },
	{ "artifact/list", artifact_list },
	{ "cache/save", cache_save },
	{ "cache/restore", cache_restore },
	{ "cache/list", cache_list },
	{ "workspace/save", workspace_save },
	{ "workspace/restore", workspace_restore },
	{ "param/get", param_get },
	{ "output/get", output_get },
	{ "output/set", output_set },
	{ "job/add", job_add },
	{ "job/list", job_list },
	{ "build/get", build_get },
	{ "event/post", event_post },
	{ "event/subscribe", event_subscribe },
	{ "mask/add", mask_add_call },
};

static const struct service api_service = {
	.contract = &contract_build,
	.methods = api_methods,
	.nmethods = sizeof(api_methods) / sizeof(api_methods[0]),
	.event = event_posted,
};

static void
build_cancel_call(void *self, struct request *r)
{
	struct api *a = self;
	struct job *j;

	if (has_ended(a, r))
		return;
	if (request_text(r, "job") == NULL) {
		outcome_cancel(a->outcome, 128 + SIGTERM, "by request");
		reply_nothing(r);
		return;
	}
	j = job_of(a, r);
	if (j == NULL)
		return;
	if (status_ended(j->status)) {
		request_fail(r, "refused", "job '%s' has ended", j->id);
		return;
	}
	if (schedule_cancel(a->schedule, (uint32_t)(j - a->graph->jobs), "by request") < 0)
		request_fail(r, "refused", "job '%s' %s", j->id,
		    j->held ? "is not part of this build" : "has ended");
	else
		reply_nothing(r);
}

static void
job_unblock_call(void *self, struct request *r)
{
	struct api *a = self;
	struct job *j = has_ended(a, r) ? NULL : job_of(a, r);

	if (j == NULL)
		return;
	if (schedule_unblock(a->schedule, (uint32_t)(j - a->graph->jobs)) < 0)
		request_fail(r, "refused", "job '%s' is not blocked", j->id);
	else
		reply_nothing(r);
}

static const struct service_method control_methods[] = {
	{ "build/cancel", build_cancel_call },
	{ "job/unblock", job_unblock_call },
};

static const struct service control_service = {
	.contract = &contract_control,
	.methods = control_methods,
	.nmethods = sizeof(control_methods) / sizeof(control_methods[0]),
};

static struct server *
serve(struct api *a, const struct service *service, const char *path, mode_t mode, struct error *e)
{
	AUTO_FREE char *address = xformat("unix:%s", path);
	struct server *s = server_new(a->loop, service, a);

	if (server_listen(s, address, mode, e) == 0)
		return s;
	server_free(s);
	return NULL;
}

static int
control_tell(struct api *a, struct error *e)
{
	AUTO_FREE char *path = xformat("%s/control", a->workspace->folder.path);
	AUTO_CLOSE int fd = kernel.open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	AUTO_FREE char *line = xformat("%s\n", a->control_path);

	if (fd < 0 || kernel_write_all(fd, line, strlen(line)) < 0)
		return error_sys(e, "%s", path);
	return 0;
}

int
api_open(struct api *a, struct error *e)
{
	AUTO_FREE char *folder = folder_sockets(e);

	if (folder == NULL || scratch_make(&a->sockets, folder, "build", NULL, e) < 0)
		return -1;
	a->path = xformat("%s/api", a->sockets.path);
	a->control_path = xformat("%s/control", a->sockets.path);
	/* jobs that root isolates are somebody else, to whom it is handed: nobody else gets into the
	 * folder */
	a->jobs = serve(a, &api_service, a->path, geteuid() == 0 ? 0666 : 0600, e);
	if (a->jobs == NULL)
		return -1;
	a->control = serve(a, &control_service, a->control_path, 0600, e);
	return a->control == NULL ? -1 : control_tell(a, e);
}

struct api_door {
	struct api_door *next;
	struct api *of;
	struct api api; /* as the build's, but that it is known who asks */
	struct server *server;
	char *job, *path;
	bool closing;
};

const char *
api_door_open(struct api *a, const char *job, struct error *e)
{
	struct api_door *d = xmalloc(sizeof(*d));

	*d = (struct api_door){ .next = a->doors, .of = a, .api = *a,
		.job = job == NULL ? NULL : xstrdup(job),
		.path = xformat("%s/%u", a->sockets.path, ++a->last_door) };
	d->api.asks = d->job;
	d->api.script = job == NULL;
	a->doors = d;
	/* the job may be another user; to the folder of the sockets only we get, and what a runner
	 * shows it */
	d->server = serve(&d->api, &api_service, d->path, 0666, e);
	return d->server == NULL ? NULL : d->path;
}

/* For the loop, when nobody is connected any more. */
static void
door_free(void *arg)
{
	struct api_door *d = arg, **at = &d->of->doors;

	while (*at != d)
		at = &(*at)->next;
	*at = d->next;
	server_free(d->server);
	free(d->job);
	free(d->path);
	free(d);
}

void
api_door_close(struct api *a, const char *job)
{
	struct api_door *d = a->doors;

	while (d != NULL && (d->closing || d->job == NULL || strcmp(d->job, job) != 0))
		d = d->next;
	if (d == NULL)
		return;
	(void)names_remove(AT_FDCWD, d->path, NULL);
	d->closing = true;
	if (d->server == NULL)
		door_free(d);
	else
		server_stop(d->server, door_free, d);
}

void
api_close(struct api *a)
{
	journal_eof(a->journal);
	while (a->doors != NULL)
		door_free(a->doors);
	server_free(a->jobs);
	server_free(a->control);
	a->jobs = a->control = NULL;
	scratch_remove(&a->sockets);
	free(a->path);
	free(a->control_path);
	a->path = a->control_path = NULL;
}
