#include "remote.h"

#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "buildstream.h"
#include "call.h"
#include "door.h"
#include "duration.h"
#include "emit.h"
#include "memory.h"
#include "message.h"
#include "option.h"

/* Nobody waits longer for what is only shown besides. */
#define GLANCE SECOND
/* The store answers in milliseconds, but for a disk that is busy. */
#define PATIENCE (30 * SECOND)

bool
remote_is(const struct state_build *b)
{
	return b->path == NULL;
}

int
remote_call(const char *method, struct span params, struct bytes *result, struct error *e)
{
	AUTO_FREE char *address = api_address(e);

	if (address == NULL)
		return -1;
	return call_once(address, method, params, PATIENCE, result, e) < 0 ? api_missing(e) : 0;
}

/* ---- builds that are asked for */

int
remote_params(struct bytes *params, const struct option_list *list, struct error *e)
{
	if (list->n == 0)
		return 0;
	emit_key(params, "params");
	emit_open(params);
	for (size_t i = 0; i < list->n; i++) {
		AUTO_FREE char *key = NULL;
		const char *value;

		if (option_pair(list->items[i], &key, &value, e) < 0)
			return error_before(e, "-p: ");
		emit_text(params, key, value);
	}
	bytes_char(params, '}');
	return 0;
}

int
remote_trigger(struct span params, struct remote_build *a, struct error *e)
{
	AUTO_BYTES result = { 0 };
	struct span object;
	AUTO_BYTES build = { 0 }, skipped = { 0 };

	*a = (struct remote_build){ 0 };
	if (remote_call("build/trigger", params, &result, e) < 0)
		return -1;
	object = (struct span){ result.data, result.len };
	if (door_member(&build, object, "build", NULL) > 0)
		a->build = bytes_give(&build);
	if (door_member(&skipped, object, "skipped", NULL) > 0)
		a->skipped = bytes_give(&skipped);
	return a->build != NULL || a->skipped != NULL ? 0 :
	    error_set(e, ERROR_INPUT, "build/trigger: an answer without a build");
}

void
remote_build_free(struct remote_build *a)
{
	free(a->build);
	free(a->skipped);
	*a = (struct remote_build){ 0 };
}

/* ---- what is there now */

static int
take(void *arg, struct span line)
{
	struct message m;

	if (message_read(&m, line.p, line.n, NULL) == 0)
		fold_event(arg, &m, NULL);
	return 0;
}

int
remote_fold(struct fold *f, const char *build, struct error *e)
{
	return buildstream_read(NULL, build, take, f, e);
}

int
remote_log_end(const char *build, const char *job, int attempt, size_t max, struct bytes *text)
{
	AUTO_FREE char *address = api_address(NULL);
	AUTO_BYTES params = { 0 };
	AUTO_BYTES known = { 0 };
	int64_t bytes;

	if (address == NULL)
		return -1;
	emit_open(&params);
	emit_text(&params, "build", build);
	if (job != NULL) {
		emit_text(&params, "job", job);
		emit_integer(&params, "attempt", attempt);
	}
	bytes_char(&params, '}');
	if (call_once(address, "log/get", (struct span){ params.data, params.len }, GLANCE, &known, NULL) < 0)
		return -1;
	bytes = message_integer((struct span){ known.data, known.len }, "bytes", 0);
	params.len--;
	emit_integer(&params, "from", bytes > (int64_t)max ? bytes - (int64_t)max : 0);
	emit_integer(&params, "to", bytes);
	bytes_char(&params, '}');
	return call_data(address, "log/read", (struct span){ params.data, params.len }, GLANCE, max, text,
	    NULL);
}
