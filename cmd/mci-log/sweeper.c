#include "sweeper.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "children.h"
#include "duration.h"
#include "link.h"
#include "memory.h"

#define OFTEN (1 * SECOND)
#define SELDOM (60 * SECOND)
#define WORDS 16

struct sweeper {
	struct loop *loop;
	struct news *news;
	char *words[WORDS]; /* of the command, NULL behind the last */
	size_t nwords;
	int64_t interval;
	struct loop_timer *timer;
	struct link *out;   /* what the sweep says; NULL: no more */
	struct child *child; /* NULL: it has ended */
};

static void sweep(void *arg);

static void
add(struct sweeper *s, char *word)
{
	s->words[s->nwords++] = word;
}

static void
add_duration(struct sweeper *s, const char *option, int64_t ns)
{
	struct bytes text = { 0 };

	if (ns == 0)
		return;
	add(s, xstrdup(option));
	duration_write(&text, ns);
	add(s, bytes_give(&text));
}

static void
add_number(struct sweeper *s, const char *option, int64_t n)
{
	if (n > 0)
		add(s, xformat("%s=%" PRId64, option, n));
}

static void
line_came(void *arg, struct link *l, struct span line, int *fds, int nfds)
{
	struct sweeper *s = arg;
	AUTO_BYTES event = { 0 };

	(void)l;
	(void)fds;
	(void)nfds;
	bytes_add(&event, line.p, line.n);
	bytes_char(&event, '\n');
	news_post(s->news, (struct span){ event.data, event.len });
}

/* It is over when both its output and itself have ended. */
static void
over(struct sweeper *s)
{
	if (s->out == NULL && s->child == NULL)
		s->timer = loop_after(s->loop, s->interval, sweep, s);
}

static void
said_all(void *arg, struct link *l, const struct error *why)
{
	struct sweeper *s = arg;

	(void)l;
	(void)why;
	s->out = NULL;
	over(s);
}

static void
ended(void *arg, int status, const struct rusage *usage)
{
	struct sweeper *s = arg;

	(void)status;
	(void)usage;
	child_free(s->child);
	s->child = NULL;
	over(s);
}

static const struct link_events events = { .line = line_came, .closed = said_all };

/* It can be made again whenever it was ended. */
static void
stop(struct sweeper *s)
{
	if (s->out != NULL)
		link_close(s->out);
	s->out = NULL;
	child_signal(s->child, SIGTERM);
	if (s->child != NULL)
		child_wait(s->child);
	s->child = NULL;
}

static int
start(struct sweeper *s, struct error *e)
{
	AUTO_FREE char *path = process_kit("mci-log");
	struct process_spec p = { .path = path, .argv = s->words, .in = -1, .err = STDERR_FILENO };
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_sys(e, "pipe");
	p.out = fds[1];
	s->child = child_start(s->loop, &p, ended, s, e);
	close(fds[1]);
	if (s->child == NULL) {
		close(fds[0]);
		return -1;
	}
	s->out = link_take(s->loop, fds[0], -1, &events, s, e);
	if (s->out != NULL)
		return 0;
	stop(s);
	return -1;
}

static void
sweep(void *arg)
{
	struct sweeper *s = arg;
	struct error e;

	s->timer = NULL;
	if (start(s, &e) == 0)
		return;
	fprintf(stderr, "mci-log: sweep: %s\n", e.text);
	s->timer = loop_after(s->loop, SELDOM, sweep, s);
}

struct sweeper *
sweeper_new(struct loop *loop, const char *dir, const struct sweep_rules *r, struct news *news)
{
	struct sweeper *s;

	if (!sweep_wanted(r))
		return NULL;
	s = xmalloc(sizeof(*s));
	*s = (struct sweeper){ .loop = loop, .news = news, .interval = SELDOM };
	add(s, xstrdup("mci-log"));
	add(s, xstrdup("sweep"));
	add(s, xstrdup("--no-settings"));
	add(s, xformat("--dir=%s", dir));
	if (r->archive != NULL)
		add(s, xformat("--archive=%s", r->archive));
	add_duration(s, "--compress-after", r->compress_after);
	add_duration(s, "--keep-age", r->keep_age);
	add_number(s, "--keep-count", r->keep_count);
	add_number(s, "--keep-size", r->keep_size);
	if (r->compress_after > 0 && r->compress_after < SELDOM)
		s->interval = r->compress_after < OFTEN ? OFTEN : r->compress_after;
	s->timer = loop_after(loop, s->interval, sweep, s);
	return s;
}

void
sweeper_free(struct sweeper *s)
{
	if (s == NULL)
		return;
	loop_cancel(s->loop, s->timer);
	stop(s);
	for (size_t i = 0; i < s->nwords; i++)
		free(s->words[i]);
	free(s);
}
