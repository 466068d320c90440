#include "control.h"

#include <fcntl.h>
#include <string.h>

#include "bytes.h"
#include "emit.h"
#include "kernel.h"
#include "memory.h"

void
control_open(struct control *c, struct loop *loop, const char *folder)
{
	*c = (struct control){ .loop = loop, .folder = folder, .taken = json_object(),
		.asked = json_array() };
}

static bool
reach(struct control *c)
{
	AUTO_FREE char *path = xformat("%s/control", c->folder);
	AUTO_CLOSE int fd = c->client != NULL ? -1 : kernel_open_file(AT_FDCWD, path);
	AUTO_FREE char *address = NULL;
	char text[256], *end;
	ssize_t n = fd < 0 ? -1 : kernel.read(fd, text, sizeof(text));

	if (c->client != NULL)
		return true;
	if (n <= 0)
		return false;
	end = memchr(text, '\n', (size_t)n);
	address = xformat("unix:%.*s", (int)(end == NULL ? n : end - text), text);
	c->client = client_open(c->loop, address, NULL, NULL, NULL);
	return c->client != NULL;
}

/* The build answers in the order in which it was asked: one socket, one reader. */
static void
answered(void *arg, struct span result, const struct error *e)
{
	struct control *c = arg;
	const char *what = json_string_value(json_array_get(c->asked, 0));

	(void)result;
	if (e->code == ERROR_NONE)
		json_object_set_new(c->taken, what, json_true());
	json_array_remove(c->asked, 0);
}

static bool
is_asked(const struct control *c, const char *what)
{
	size_t i;
	json_t *one;

	json_array_foreach(c->asked, i, one) {
		if (strcmp(json_string_value(one), what) == 0)
			return true;
	}
	return json_object_get(c->taken, what) != NULL;
}

static void
ask(struct control *c, const char *method, const char *job)
{
	AUTO_FREE char *what = xformat("%s %s", method, job == NULL ? "" : job);
	AUTO_BYTES params = { 0 };

	if (is_asked(c, what))
		return;
	json_array_append_new(c->asked, json_string(what));
	emit_open(&params);
	if (job != NULL)
		emit_text(&params, "job", job);
	bytes_char(&params, '}');
	client_call(c->client, method, (struct span){ params.data, params.len }, NULL, answered, c);
}

static void
ask_each(struct control *c, const char *method, const json_t *jobs)
{
	size_t i;
	json_t *job;

	json_array_foreach(jobs, i, job) {
		if (json_is_string(job))
			ask(c, method, json_string_value(job));
	}
}

void
control_ask(struct control *c, const json_t *answer)
{
	const json_t *unblock = json_object_get(answer, "unblock");
	const json_t *cancel = json_object_get(answer, "cancel");
	const json_t *jobs = json_object_get(answer, "cancel-jobs");

	if ((unblock == NULL && cancel == NULL && jobs == NULL) || !reach(c))
		return;
	ask_each(c, "job/unblock", unblock);
	ask_each(c, "build/cancel", jobs);
	if (cancel != NULL)
		ask(c, "build/cancel", NULL);
}

void
control_close(struct control *c)
{
	client_close(c->client);
	json_decref(c->taken);
	json_decref(c->asked);
	*c = (struct control){ 0 };
}
