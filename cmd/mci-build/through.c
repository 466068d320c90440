#include "through.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "address.h"
#include "children.h"
#include "duration.h"
#include "kernel.h"
#include "isolation.h"
#include "memory.h"
#include "process.h"

#define FILTERS 32                /* a bound; each is a process */
#define FULL ((size_t)1024 * 1024)
#define GRACE (10 * SECOND)       /* between the end of its input, or what it last wrote, and killing it */
#define QUIET (200 * MILLISECOND) /* a filter that has read a line is given so long to write */
#define READS 16                  /* in one round */

struct through_filter {
	struct through *all;
	struct address words;
	const char *command;
	struct child *child; /* NULL: it has ended */
	int reads;           /* the pipe that it reads, to ask how much is in it; -1 */
};

static int
words_take(struct address *words, const char *command, struct error *e)
{
	AUTO_FREE char *text = xformat("exec:%s", command);

	if (address_parse(words, text, e) < 0)
		return error_before(e, "through '%s': ", command);
	return 0;
}

int
through_check(const struct option_list *commands, struct error *e)
{
	struct address words;

	if (commands->n > FILTERS)
		return error_set(e, ERROR_LIMIT, "through: more than %d filters", FILTERS);
	for (size_t i = 0; i < commands->n; i++) {
		if (words_take(&words, commands->items[i], e) < 0)
			return -1;
		address_free(&words);
	}
	return 0;
}

static void
in_close(struct through *t)
{
	if (t->in < 0)
		return;
	loop_forget(t->loop, t->in);
	close(t->in);
	t->in = -1;
}

static void
out_close(struct through *t)
{
	if (t->out < 0)
		return;
	loop_forget(t->loop, t->out);
	close(t->out);
	t->out = -1;
}

/* Only the first is told: the others follow from it. */
static void
fail(struct through *t, const struct error *why, bool shown)
{
	if (!t->broken)
		t->events->failed(t->arg, why, shown);
	t->broken = true;
}

static void
feed(struct through *t)
{
	while (t->sent < t->pending.len) {
		ssize_t n = kernel.write(t->in, t->pending.data + t->sent, t->pending.len - t->sent);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			loop_change(t->loop, t->in, EPOLLOUT);
			return;
		}
		if (n < 0) {
			/* whoever ends without reading has failed, or wants no more: its end says which */
			in_close(t);
			break;
		}
		t->sent += (size_t)n;
	}
	t->pending.len = t->sent = 0;
	if (t->in >= 0 && t->ending)
		in_close(t);
	else if (t->in >= 0)
		loop_change(t->loop, t->in, 0);
	t->events->drained(t->arg);
}

static void
in_ready(void *arg, uint32_t events)
{
	struct through *t = arg;

	(void)events;
	if (t->in >= 0)
		feed(t);
}

static bool
all_ended(const struct through *t)
{
	size_t i = 0;

	while (i < t->n && t->filters[i].child == NULL)
		i++;
	return i == t->n;
}

static void
over_look(struct through *t)
{
	if (t->out < 0 && all_ended(t))
		t->events->over(t->arg);
}

static void
line_came(struct through *t, struct span line, bool whole)
{
	struct error e;

	if (line.n == 0 || strspn(line.p, " \t\r") >= line.n || t->broken)
		return;
	t->came++;
	t->last = kernel.now();
	if (t->events->line(t->arg, line, &e) == 0)
		return;
	if (!whole)
		error_before(&e, "no newline at its end, cut short? ");
	error_before(&e, "through '%s': line %llu of its output: ", t->filters[t->n - 1].command,
	    (unsigned long long)t->lines.number + !whole);
	fail(t, &e, false);
}

static void
lines_take(struct through *t)
{
	struct span line;
	enum line_result got;
	struct error e;

	while ((got = line_next(&t->lines, &line)) != LINE_NONE) {
		if (got == LINE_OK) {
			line_came(t, line, true);
			continue;
		}
		error_set(&e, ERROR_LIMIT, "through '%s': line %llu of its output: longer than %d bytes",
		    t->filters[t->n - 1].command, (unsigned long long)t->lines.number, LINE_LIMIT);
		fail(t, &e, false);
	}
}

static void
out_ready(void *arg, uint32_t events)
{
	struct through *t = arg;
	struct span rest;

	(void)events;
	for (int i = 0; i < READS && t->out >= 0; i++) {
		ssize_t n = line_read(&t->lines, t->out);

		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0 && errno == EINTR)
			continue;
		if (n > 0) {
			lines_take(t);
			continue;
		}
		rest = line_rest(&t->lines);
		if (rest.n > 0) {
			AUTO_FREE char *line = xmemdup(rest.p, rest.n);

			line_came(t, (struct span){ line, rest.n }, false);
		}
		out_close(t);
		over_look(t);
	}
}

/* One that reads no further may do so because another failed: that is waited for. */
static void
ended_early(struct through *t, const struct through_filter *f)
{
	struct error e;

	if (f != NULL && t->early == NULL && !t->ending)
		t->early = f->command;
	if (t->early == NULL || !all_ended(t))
		return;
	error_set(&e, ERROR_INPUT, "through '%s': the filter ended before it had all jobs", t->early);
	fail(t, &e, true);
}

static void
reads_close(struct through_filter *f)
{
	if (f->reads >= 0)
		close(f->reads);
	f->reads = -1;
}

static void
filter_ended(void *arg, int status, const struct rusage *usage)
{
	struct through_filter *f = arg;
	struct through *t = f->all;
	struct error e;

	(void)usage;
	/* what it wrote is told before how it ended */
	if (f == &t->filters[t->n - 1] && t->out >= 0)
		out_ready(t, 0);
	child_free(f->child);
	f->child = NULL;
	/* who writes to it is to know */
	reads_close(f);
	if (WIFSIGNALED(status))
		error_set(&e, ERROR_INPUT, "through '%s': the filter was killed by signal %d (%s)",
		    f->command, WTERMSIG(status), strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status) != 0)
		error_set(&e, ERROR_INPUT, "through '%s': the filter ended with status %d", f->command,
		    WEXITSTATUS(status));
	if (status != 0)
		fail(t, &e, true);
	ended_early(t, status == 0 ? f : NULL);
	over_look(t);
}

static int
filter_start(struct through_filter *f, const struct process_spec *like, int in, int out, struct error *e)
{
	struct process_spec spec = *like;
	AUTO_FREE char **command = NULL;

	spec.path = f->words.argv[0];
	spec.name = NULL;
	spec.argv = f->words.argv;
	if (like->argv != NULL) {
		spec.argv = command = isolation_command(like->argv, f->words.argv[0], f->words.argv);
		spec.path = like->argv[0];
	}
	spec.in = in;
	spec.out = out;
	f->child = child_start(f->all->loop, &spec, filter_ended, f, e);
	return f->child == NULL ? error_before(e, "through '%s': ", f->command) : 0;
}

/* Each with its output on the next one's input; t->in and t->out are ours. */
static int
filters_start(struct through *t, const struct process_spec *like, struct error *e)
{
	int ends[2], in;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_sys(e, "pipe");
	in = ends[0];
	t->in = ends[1];
	for (size_t i = 0; i < t->n; i++) {
		int got;

		if (pipe2(ends, O_CLOEXEC) < 0) {
			close(in);
			return error_sys(e, "pipe");
		}
		got = filter_start(&t->filters[i], like, in, ends[1], e);
		t->filters[i].reads = in;
		close(ends[1]);
		in = ends[0];
		if (got < 0) {
			close(in);
			return -1;
		}
	}
	t->out = in;
	return 0;
}

int
through_start(struct through *t, const struct option_list *commands, const struct process_spec *like,
    struct error *e)
{
	t->in = t->out = -1;
	t->filters = xmalloc(commands->n * sizeof(*t->filters));
	memset(t->filters, 0, commands->n * sizeof(*t->filters));
	for (; t->n < commands->n; t->n++) {
		struct through_filter *f = &t->filters[t->n];

		*f = (struct through_filter){ .all = t, .command = commands->items[t->n],
			.reads = -1 };
		if (words_take(&f->words, f->command, e) < 0)
			return -1;
	}
	if (filters_start(t, like, e) < 0)
		return -1;
	fcntl(t->in, F_SETFL, O_NONBLOCK);
	fcntl(t->out, F_SETFL, O_NONBLOCK);
	if (loop_watch(t->loop, t->in, 0, in_ready, t, e) < 0 ||
	    loop_watch(t->loop, t->out, EPOLLIN, out_ready, t, e) < 0)
		return -1;
	return 0;
}

void
through_give(struct through *t, struct span line)
{
	bool waits = t->sent < t->pending.len;

	t->given++;
	t->last = kernel.now();
	if (t->in < 0)
		return;
	bytes_add(&t->pending, line.p, line.n);
	bytes_char(&t->pending, '\n');
	if (!waits)
		feed(t);
}

bool
through_full(const struct through *t)
{
	return t->pending.len - t->sent > FULL;
}


static void
quiet_due(void *arg)
{
	struct through *t = arg;

	t->timer = NULL; /* the round goes on from here */
}

/* Whether the program waits for something: proc(5), the letter behind the name in parentheses. */
static bool
sleeps(const struct child *c)
{
	AUTO_FREE char *path = xformat("/proc/%d/stat", (int)child_pid(c));
	AUTO_CLOSE int fd = kernel.open(AT_FDCWD, path, O_RDONLY, 0);
	char text[256];
	ssize_t n = fd < 0 ? -1 : kernel.read(fd, text, sizeof(text) - 1);
	const char *name;

	text[n < 0 ? 0 : n] = '\0';
	name = strrchr(text, ')');
	return name == NULL || (name[1] == ' ' && strchr("SDZ", name[2]) != NULL);
}

/* Whether a filter is at work; unread: or has still to read something. */
static bool
works(const struct through *t, bool unread_too)
{
	for (size_t i = 0; i < t->n; i++) {
		int unread = 0;

		if (t->filters[i].child == NULL)
			continue;
		(void)ioctl(t->filters[i].reads, FIONREAD, &unread);
		if ((unread > 0 && unread_too) || !sleeps(t->filters[i].child))
			return true;
	}
	return false;
}

static bool
is_over(const struct through *t)
{
	return t->n == 0 || t->broken || (t->in < 0 && t->out < 0);
}

bool
through_rests(const struct through *t)
{
	return is_over(t) ||
	    (t->sent == t->pending.len && kernel.now() - t->last >= QUIET && !works(t, true));
}

bool
through_holds(struct through *t)
{
	int64_t left;

	if (is_over(t))
		return false;
	left = t->last + QUIET - kernel.now();
	if (t->sent == t->pending.len && (t->came >= t->given || (left <= 0 && !works(t, true))))
		return false;
	if (t->timer == NULL)
		t->timer = loop_after(t->loop, left > MILLISECOND ? left : QUIET / 10, quiet_due, t);
	return true;
}

/* One that does not work, nor writes, nor ends waits for something that will not come. */
static void
overdue_due(void *arg)
{
	struct through *t = arg;
	int64_t left = t->last + GRACE - kernel.now();
	struct error e;
	size_t i = 0;

	t->overdue = NULL;
	if (t->out < 0 && all_ended(t))
		return;
	if (left > 0 || works(t, false)) {
		t->overdue = loop_after(t->loop, left > 0 ? left : SECOND, overdue_due, t);
		return;
	}
	while (i + 1 < t->n && t->filters[i].child == NULL)
		i++;
	error_set(&e, ERROR_INPUT, "through '%s': the filter neither wrote nor ended for 10 seconds after "
	    "its input was closed; killed", t->filters[i].command);
	fail(t, &e, true);
	for (i = 0; i < t->n; i++)
		child_signal_tree(t->filters[i].child, SIGKILL);
}

void
through_end(struct through *t)
{
	if (t->n == 0 || t->ending)
		return;
	t->ending = true;
	t->last = kernel.now();
	t->overdue = loop_after(t->loop, GRACE, overdue_due, t);
	if (t->sent == t->pending.len)
		in_close(t);
}

bool
through_running(const struct through *t)
{
	return t->n > 0 && (t->out >= 0 || !all_ended(t));
}

void
through_close(struct through *t)
{
	if (t->n == 0)
		return;
	loop_cancel(t->loop, t->timer);
	loop_cancel(t->loop, t->overdue);
	t->timer = t->overdue = NULL;
	in_close(t);
	out_close(t);
	for (size_t i = 0; i < t->n; i++) {
		reads_close(&t->filters[i]);
		child_signal_tree(t->filters[i].child, SIGKILL);
		child_free(t->filters[i].child);
		address_free(&t->filters[i].words);
	}
	free(t->filters);
	t->filters = NULL;
	t->n = 0;
	bytes_free(&t->pending);
	line_free(&t->lines);
}
