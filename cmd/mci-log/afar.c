#include "afar.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bytes.h"
#include "connect.h"
#include "option.h"
#include "output.h"
#include "safe.h"
#include "standard.h"
#include "terminal.h"

#define NICE 10

struct afar {
	struct loop *loop;
	const struct remote_wish *wish;
	bool terminal;
	struct safe safe;
	struct error *e;
	int result;
};

static int
bytes_came(void *arg, struct span piece, int64_t when, uint32_t stream, struct error *e)
{
	struct afar *a = arg;
	AUTO_BYTES safe = { 0 };

	(void)when;
	(void)stream;
	if (a->terminal) {
		safe_add(&a->safe, &safe, piece.p, piece.n);
		piece = (struct span){ safe.data, safe.len };
	}
	return standard_write(STDOUT_FILENO, piece.p, piece.n) == 0 ? 0 :
	    error_sys(e, "write standard output");
}

static void
over(void *arg, const struct remote_end *end, const struct error *e)
{
	struct afar *a = arg;

	if (e->code != ERROR_NONE) {
		*a->e = *e;
		a->result = -1;
	} else if (end->truncated && !a->wish->quiet) {
		fprintf(stderr, "mci-log: %s%s%s: the log is truncated: %lld bytes were kept\n",
		    a->wish->name->build, a->wish->name->job == NULL ? "" : "/",
		    a->wish->name->job == NULL ? "" : a->wish->name->job, (long long)end->bytes);
	}
	loop_stop(a->loop, 0);
}

int
afar_show(const struct remote_wish *w, struct error *e)
{
	static const struct remote_events events = { bytes_came, over };
	struct afar a = { .loop = loop_new(e), .wish = w, .terminal = isatty(STDOUT_FILENO) == 1,
		.safe = { .color = terminal_color(STDOUT_FILENO, option_common.color) }, .e = e };
	struct remote *r;

	if (a.loop == NULL)
		return -1;
	/* reading what a job prints must not slow the job */
	if (w->follow)
		setpriority(PRIO_PROCESS, 0, NICE);
	r = remote_open(a.loop, w, &events, &a, e);
	if (r == NULL) {
		a.result = -1;
	} else {
		output_watch(a.loop);
		if (loop_run(a.loop, e) < 0)
			a.result = -1;
	}
	remote_close(r);
	connect_reap(a.loop);
	loop_free(a.loop);
	return a.result;
}
