#include "work.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "children.h"
#include "control.h"
#include "duration.h"
#include "emit.h"
#include "jsontree.h"
#include "kernel.h"
#include "line.h"
#include "memory.h"
#include "process.h"

/* A lease lasts for three of these and more. */
#define RENEW (3 * SECOND)
/* mci-build has its own grace for its jobs, of five seconds. */
#define GRACE (10 * SECOND)
/* What a checkout says in its one line. */
#define SAID_LIMIT 16384
#define EXIT_ERROR 125

struct work {
	struct loop *loop;
	struct client *store;
	const struct settings *settings;
	work_over *over;
	void *arg;
	struct claim claim;
	char *folder, *source, *build; /* source is the checkout, build mci-build's folder: both in folder */
	struct child *child;
	bool building;           /* the child is mci-build, and not the checkout */
	int lifeline;            /* its writing end; -1: there is none, or it was let go */
	int said_fd;             /* what the checkout says */
	struct bytes said;
	struct control control;
	struct loop_timer *renew, *kill;
	int64_t renewing, telling; /* calls that are under way */
	bool stopping, lost, canceled;
	int status;
	char *reason, *message;  /* of an end that mci-build has not said */
};

const char *
work_build(const struct work *w)
{
	return w->claim.build;
}

/* ---- its end */

static void
end(struct work *w, enum work_end how)
{
	loop_cancel(w->loop, w->renew);
	w->renew = NULL;
	client_cancel(w->store, w->renewing);
	w->renewing = 0;
	w->over(w->arg, w, how, w->status);
}

/* One that ended by itself while it was told to stop has ended. */
static bool
goes_on(const struct work *w)
{
	return w->stopping && w->status == EXIT_ERROR;
}

static void
told(void *arg, struct span result, const struct error *e)
{
	struct work *w = arg;

	(void)result;
	w->telling = 0;
	if (e->code != ERROR_NONE)
		end(w, WORK_LOST);
	else
		end(w, goes_on(w) ? WORK_RELEASED : WORK_ENDED);
}

static const char *
status_name(const struct work *w)
{
	return w->canceled || w->status > 128 ? "canceled" : w->status == 0 ? "success" :
	    w->status == 1 ? "failure" : "error";
}

/* No process of it is left. The store hears of it, however long that takes. */
static void
tell(struct work *w)
{
	static const struct client_wish insist = { .again = CLIENT_INSIST, .limit = CLIENT_FOREVER };
	AUTO_BYTES params = { 0 };

	loop_cancel(w->loop, w->kill);
	w->kill = NULL;
	if (w->lost) {
		end(w, WORK_LOST);
		return;
	}
	claim_params(&params, &w->claim);
	if (goes_on(w)) {
		emit_text(&params, "reason", "the agent stops");
	} else {
		emit_text(&params, "status", status_name(w));
		if (w->reason != NULL)
			emit_text(&params, "reason", w->reason);
		if (w->message != NULL)
			emit_text(&params, "message", w->message);
	}
	bytes_char(&params, '}');
	w->telling = client_call(w->store, goes_on(w) ? "build/release" : "build/end",
	    (struct span){ params.data, params.len }, &insist, told, w);
}

/* A build that could not be begun, or whose mci-build died. */
static void
failed(struct work *w, const char *reason, const char *message)
{
	w->status = EXIT_ERROR;
	w->reason = xstrdup(reason);
	w->message = xstrdup(message);
}

/* ---- the lease */

static void renew_later(struct work *w);

static void
cut(void *arg)
{
	struct work *w = arg;

	w->kill = NULL;
	child_signal_tree(w->child, SIGKILL);
}

/* Its processes are to go: mci-build by its lifeline, a checkout by a signal. */
static void
let_go(struct work *w)
{
	memory_close(&w->lifeline);
	if (w->child == NULL)
		return;
	if (!w->building)
		child_signal_tree(w->child, SIGTERM);
	if (w->kill == NULL)
		w->kill = loop_after(w->loop, GRACE, cut, w);
}

static void
renewed(void *arg, struct span result, const struct error *e)
{
	struct work *w = arg;
	json_auto_t *answer = NULL;

	w->renewing = 0;
	if (e->code == ERROR_FENCED || e->code == ERROR_REFUSED || e->code == ERROR_NOT_FOUND) {
		w->lost = true;
		let_go(w);
		return;
	}
	answer = e->code == ERROR_NONE ? jsontree_read(result, NULL) : NULL;
	renew_later(w);
	if (answer == NULL)
		return;
	if (w->building) {
		control_ask(&w->control, answer);
	} else if (json_object_get(answer, "cancel") != NULL) {
		w->canceled = true;
		let_go(w);
	}
}

static void
renew(void *arg)
{
	struct work *w = arg;
	static const struct client_wish wish = { .again = CLIENT_INSIST, .limit = RENEW };
	AUTO_BYTES params = { 0 };

	w->renew = NULL;
	claim_params(&params, &w->claim);
	bytes_char(&params, '}');
	w->renewing = client_call(w->store, "build/renew", (struct span){ params.data, params.len },
	    &wish, renewed, w);
}

static void
renew_later(struct work *w)
{
	w->renew = loop_after(w->loop, RENEW, renew, w);
}

void
work_renew(struct work *w)
{
	if (w->renew == NULL)
		return;
	loop_cancel(w->loop, w->renew);
	renew(w);
}

/* ---- mci-build */

/* The last line of what it wrote to standard error. */
static char *
last_words(const struct work *w)
{
	AUTO_FREE char *path = xformat("%s/stderr", w->folder);
	AUTO_CLOSE int fd = kernel_open_file(AT_FDCWD, path);
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	char text[1024];
	ssize_t n = size <= 0 ? 0 : kernel.pread(fd, text, sizeof(text),
	    size > (off_t)sizeof(text) ? size - (off_t)sizeof(text) : 0);
	const char *line;

	while (n > 0 && text[n - 1] == '\n')
		n--;
	if (n <= 0)
		return NULL;
	line = memrchr(text, '\n', (size_t)n);
	line = line == NULL ? text : line + 1;
	return xmemdup(line, (size_t)(text + n - line));
}

static void
build_ended(void *arg, int status, const struct rusage *usage)
{
	struct work *w = arg;

	(void)usage;
	child_free(w->child);
	w->child = NULL;
	memory_close(&w->lifeline);
	control_close(&w->control);
	if (WIFEXITED(status)) {
		w->status = WEXITSTATUS(status);
		if (w->status == EXIT_ERROR)
			w->message = last_words(w);
	} else {
		AUTO_FREE char *message = xformat("mci-build was ended by signal %d", WTERMSIG(status));

		failed(w, "lost", message);
	}
	tell(w);
}

/* The pipe with the order in it: all of it fits, so that nobody has to wait for its reader. */
static int
order_pipe(struct work *w, int *reader, struct error *e)
{
	AUTO_BYTES line = { 0 };
	int ends[2];

	jsontree_write(&line, w->claim.order);
	bytes_char(&line, '\n');
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_sys(e, "the order: pipe");
	*reader = ends[0];
	w->lifeline = ends[1];
	if (line.len > 65536 && fcntl(ends[1], F_SETPIPE_SZ, (int)line.len) < 0)
		return error_sys(e, "the order: a pipe of %zu bytes", line.len);
	return kernel_write_all(ends[1], line.data, line.len) < 0 ? error_sys(e, "the order") : 0;
}

/* What only this machine knows of it. */
static void
order_complete(struct work *w, const json_t *checkout)
{
	json_t *order = w->claim.order;
	json_t *base = json_object_get(checkout, "base");

	json_object_del(order, "keys");
	json_object_set(order, "rev", json_object_get(checkout, "rev"));
	json_object_del(order, "base");
	if (base != NULL)
		json_object_set(order, "base", base);
	json_object_set_new(order, "dir", json_string(w->source));
	json_object_set_new(order, "folder", json_string(w->build));
	json_object_set_new(order, "events", json_string(w->settings->events));
	json_object_set_new(order, "blob", json_string(w->settings->blob));
	json_object_set_new(order, "store", json_string(w->settings->store));
	if (w->settings->log != NULL)
		json_object_set_new(order, "log", json_string(w->settings->log));
	if (w->settings->runner != NULL)
		json_object_set_new(order, "runner", json_string(w->settings->runner));
	if (w->claim.run > 1)
		json_object_set_new(order, "resume", json_string(
		    json_is_false(json_object_get(checkout, "fresh")) ? "workspace" : "fresh"));
}

static int
build_start(struct work *w, struct error *e)
{
	AUTO_FREE char *program = process_kit("mci-build");
	AUTO_FREE char *errors = xformat("%s/stderr", w->folder);
	AUTO_CLOSE int err = kernel.open(AT_FDCWD, errors, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	AUTO_CLOSE int null = kernel.open(AT_FDCWD, "/dev/null", O_RDWR, 0);
	AUTO_CLOSE int reader = -1;
	char *const argv[] = { program, (char[]){ "--order" }, (char[]){ "fd:3" }, NULL };
	struct process_spec spec = { .path = program, .argv = argv, .dir = w->source, .in = null, .out = null,
		.err = err, .nextra = 1, .group = true };

	if (err < 0 || null < 0)
		return error_sys(e, "%s", errors);
	if (order_pipe(w, &reader, e) < 0)
		return -1;
	spec.extra = (const int[][2]){ { reader, 3 } };
	w->child = child_start(w->loop, &spec, build_ended, w, e);
	if (w->child == NULL)
		return -1;
	w->building = true;
	/* mci-build alone has what is secret in it now */
	json_decref(w->claim.order);
	w->claim.order = NULL;
	control_open(&w->control, w->loop, w->build);
	return 0;
}

/* ---- the checkout */

static void
said_over(struct work *w)
{
	if (w->said_fd < 0)
		return;
	loop_forget(w->loop, w->said_fd);
	memory_close(&w->said_fd);
}

static void
said(void *arg, uint32_t events)
{
	struct work *w = arg;
	ssize_t n = kernel_read_some(w->said_fd, bytes_reserve(&w->said, 4096), 4096);

	(void)events;
	if (n > 0)
		w->said.len += (size_t)n;
	if (n <= 0 || w->said.len > SAID_LIMIT)
		said_over(w);
}

static void
checkout_ended(void *arg, int status, const struct rusage *usage)
{
	struct work *w = arg;
	json_auto_t *result = NULL;
	const char *why;
	struct error e;

	(void)usage;
	child_free(w->child);
	w->child = NULL;
	memory_close(&w->lifeline);
	while (w->said_fd >= 0)
		said(w, EPOLLIN);
	result = jsontree_read((struct span){ w->said.data, w->said.len }, &e);
	why = json_string_value(json_object_get(result, "error"));
	if (w->stopping || w->lost || w->canceled) {
		w->status = w->canceled ? 143 : EXIT_ERROR;
	} else if (result == NULL || status != 0) {
		failed(w, "checkout", why != NULL ? why : "the checkout was ended");
	} else {
		order_complete(w, result);
		if (build_start(w, &e) == 0)
			return;
		failed(w, "start", e.text);
	}
	tell(w);
}

static int
checkout_start(struct work *w, struct error *e)
{
	AUTO_FREE char *program = process_kit("mci-agent");
	AUTO_CLOSE int reader = -1;
	AUTO_CLOSE int writer = -1;
	char *const argv[] = { program, (char[]){ "--checkout" }, w->source, (char[]){ "--workdir" },
		(char *)(uintptr_t)w->settings->workdir, NULL };
	struct process_spec spec = { .path = program, .argv = argv, .err = STDERR_FILENO, .group = true };
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_sys(e, "a pipe");
	w->said_fd = ends[0];
	writer = spec.out = ends[1];
	if (order_pipe(w, &reader, e) < 0)
		return -1;
	spec.in = reader;
	w->child = child_start(w->loop, &spec, checkout_ended, w, e);
	return w->child == NULL ? -1 : loop_watch(w->loop, w->said_fd, EPOLLIN, said, w, e);
}

/* A build without repository works in a folder that is empty: that takes no process. */
static int
begin(struct work *w, struct error *e)
{
	const char *url = json_string_value(json_object_get(w->claim.order, "url"));
	json_auto_t *empty = NULL;
	bool fresh;

	if (url != NULL && *url != '\0')
		return checkout_start(w, e);
	fresh = mkdir(w->source, 0700) == 0;
	if (!fresh && errno != EEXIST)
		return error_sys(e, "%s", w->source);
	empty = json_pack("{s:s,s:b}", "rev", "", "fresh", (int)fresh);
	order_complete(w, empty);
	return build_start(w, e);
}

static void
not_begun(void *arg)
{
	struct work *w = arg;

	w->kill = NULL;
	tell(w);
}

struct work *
work_start(struct loop *loop, struct client *store, const struct settings *settings, struct claim *claim,
    const char *folder, work_over *over, void *arg)
{
	struct work *w = xmalloc(sizeof(*w));
	struct error e;

	*w = (struct work){ .loop = loop, .store = store, .settings = settings, .over = over, .arg = arg,
		.claim = *claim, .folder = xstrdup(folder), .lifeline = -1, .said_fd = -1 };
	*claim = (struct claim){ 0 };
	w->source = xformat("%s/src", folder);
	w->build = xformat("%s/build", folder);
	renew_later(w);
	if (claim_save(&w->claim, folder, &e) < 0 || begin(w, &e) < 0) {
		failed(w, "start", e.text);
		w->kill = loop_after(loop, 0, not_begun, w);
	}
	return w;
}

void
work_stop(struct work *w)
{
	if (w->stopping || w->telling != 0)
		return;
	w->stopping = true;
	let_go(w);
}

void
work_free(struct work *w)
{
	said_over(w);
	loop_cancel(w->loop, w->renew);
	loop_cancel(w->loop, w->kill);
	client_cancel(w->store, w->renewing);
	client_cancel(w->store, w->telling);
	memory_close(&w->lifeline);
	child_free(w->child);
	control_close(&w->control);
	bytes_free(&w->said);
	claim_free(&w->claim);
	free(w->folder);
	free(w->source);
	free(w->build);
	free(w->reason);
	free(w->message);
	free(w);
}
