#include "kept.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "line.h"
#include "memory.h"
#include "message.h"
#include "state.h"

static bool
is_job(const void *things, uint32_t place, struct span name)
{
	const struct kept_job *jobs = things;

	return span_is(name, jobs[place].id);
}

/* The job of that id, a new one when there is none. */
static struct kept_job *
job_of(struct kept *k, struct span id)
{
	uint32_t place = nametable_put(&k->names, id, (uint32_t)k->n, is_job, k->jobs);

	if (place < k->n)
		return &k->jobs[place];
	if (k->n == k->size) {
		k->size = k->size == 0 ? 64 : k->size * 2;
		k->jobs = xrealloc(k->jobs, k->size, sizeof(*k->jobs));
	}
	k->jobs[k->n] = (struct kept_job){ .id = xmemdup(id.p, id.n), .exit = -1 };
	return &k->jobs[k->n++];
}

static void
end_take(struct kept *k, const struct message *m)
{
	struct kept_job *job = job_of(k, m->job);
	struct scan_value v;
	int status = -1;

	if (message_member(m->line.p, m->line.n, "status", &v, NULL) == 1 && v.type == SCAN_STRING)
		status = status_parse((struct span){ v.raw.p + 1, v.raw.n - 2 });
	job->status = status < 0 ? STATUS_ERROR : (enum status)status;
	job->allowed = message_true(m->line, "allowed");
	job->exit = (int)message_integer(m->line, "exit", -1);
	free(job->outputs);
	job->outputs = NULL;
	if (message_member(m->line.p, m->line.n, "outputs", &v, NULL) == 1 && v.type == SCAN_OBJECT)
		job->outputs = xmemdup(v.raw.p, v.raw.n);
}

static void
lines_take(struct kept *k, struct line_reader *lines)
{
	struct span line;
	struct message m;

	for (enum line_result got; (got = line_next(lines, &line)) != LINE_NONE;) {
		if (got == LINE_OK && message_read(&m, line.p, line.n, NULL) == 0 &&
		    m.kind == MESSAGE_EVENT && span_is(m.type, "job/end") && m.job.n > 0)
			end_take(k, &m);
	}
}

static int
events_read(struct kept *k, const char *folder, struct error *e)
{
	AUTO_FREE char *path = xformat("%s/events.ndjson", folder);
	AUTO_CLOSE int fd = kernel_open_file(AT_FDCWD, path);
	struct line_reader lines = { 0 };
	ssize_t n;

	if (fd < 0)
		return error_sys(e, "%s", path);
	while ((n = line_read(&lines, fd)) > 0)
		lines_take(k, &lines);
	if (n < 0)
		error_sys(e, "read %s", path);
	line_free(&lines);
	return n < 0 ? -1 : 0;
}

int
kept_open(struct kept *k, const char *text, const char *from, const char *project, struct error *e)
{
	struct state_build b;
	int result;

	k->from = from;
	if (text == NULL)
		return 0;
	result = state_build_find(&b, text, project, e);
	if (result == 0)
		result = events_read(k, b.path, e);
	state_build_free(&b);
	return result < 0 ? error_before(e, "--reuse: ") : 0;
}

const struct kept_job *
kept_find(const struct kept *k, const char *id)
{
	uint32_t place = nametable_find(&k->names, (struct span){ id, strlen(id) }, is_job, k->jobs);

	return place == NAMETABLE_NONE ? NULL : &k->jobs[place];
}

bool
kept_good(const struct kept_job *job)
{
	return job->status == STATUS_SUCCESS || (job->status == STATUS_FAILURE && job->allowed);
}

void
kept_free(struct kept *k)
{
	for (size_t i = 0; i < k->n; i++) {
		free(k->jobs[i].id);
		free(k->jobs[i].outputs);
	}
	free(k->jobs);
	nametable_free(&k->names);
	*k = (struct kept){ 0 };
}
