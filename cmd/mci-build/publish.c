#include "publish.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "connect.h"
#include "duration.h"
#include "kernel.h"
#include "line.h"
#include "memory.h"
#include "publisher.h"

/* How long the end of the build waits for a hub. */
#define PATIENCE (10 * SECOND)
/* So many refused events are named, the others counted: a hub that is read-only refuses them all. */
#define NAMED 3

struct publish {
	struct publisher *publisher;
	int fd;                   /* the log, read from its beginning */
	struct line_reader reader;
	int64_t read;             /* bytes */
	int64_t added, answered;  /* seq of the event that was given on, and answered, last */
	int64_t repeats;
	int64_t refused;          /* events that the hub does not take */
	bool interrupted;         /* the hub was away: repeats are what it should have */
	bool abandoned;
	struct loop_timer *deadline;
};

static void
taken(void *arg, int64_t seq, int64_t repeats)
{
	struct build *b = arg;

	b->publish->answered = seq;
	if (!b->publish->interrupted)
		b->publish->repeats += repeats;
}

/* The others go on. */
static void
refused(void *arg, int64_t seq, const struct error *why)
{
	struct build *b = arg;

	if (++b->publish->refused <= NAMED)
		outcome_note(&b->outcome, "event %lld is not published: %s", (long long)seq, why->text);
}

static void
outage(void *arg, const struct error *why)
{
	struct build *b = arg;

	if (why != NULL) {
		outcome_note(&b->outcome, "%s: events are published when the hub is there", why->text);
		b->publish->interrupted = true;
	}
}

static void
room(void *arg)
{
	publish_round(arg);
}

static const struct publisher_events publisher_events = {
	.taken = taken, .refused = refused, .room = room, .outage = outage,
};

int
publish_start(struct build *b, struct error *e)
{
	struct publish *p;

	if (b->options->events == NULL)
		return 0;
	p = xmalloc(sizeof(*p));
	*p = (struct publish){ .fd = kernel.open(AT_FDCWD, b->journal.log.path, O_RDONLY, 0) };
	if (p->fd < 0) {
		error_sys(e, "%s", b->journal.log.path);
		free(p);
		return -1;
	}
	p->publisher = publisher_new(b->loop, b->options->events, "disk", &publisher_events, b, e);
	if (p->publisher == NULL) {
		close(p->fd);
		free(p);
		return -1;
	}
	b->publish = p;
	return 0;
}

/* A job's own event may be longer than what goes through a hub: it stays in the log alone. */
static void
add_lines(struct build *b)
{
	struct publish *p = b->publish;
	struct span line;
	struct error e;
	enum line_result got;

	while ((got = line_next(&p->reader, &line)) != LINE_NONE) {
		p->added++;
		if (got == LINE_OK && line.n <= PUBLISHER_EVENT) {
			publisher_add(p->publisher, line, p->added);
			continue;
		}
		error_set(&e, ERROR_LIMIT, "it has more than %d bytes", PUBLISHER_EVENT);
		refused(b, p->added, &e);
	}
}

void
publish_round(struct build *b)
{
	struct publish *p = b->publish;

	if (p == NULL)
		return;
	while (p->read < journal_size(&b->journal) && !publisher_full(p->publisher)) {
		ssize_t n = line_read(&p->reader, p->fd);

		if (n <= 0)
			break;
		p->read += n;
		add_lines(b);
	}
	publisher_go(p->publisher);
}

bool
publish_open(const struct build *b)
{
	const struct publish *p = b->publish;

	if (p == NULL || p->abandoned)
		return false;
	return publisher_waiting(p->publisher) > 0 || p->read < journal_size(&b->journal);
}

static void
too_late(void *arg)
{
	struct build *b = arg;

	b->publish->deadline = NULL;
	publish_abandon(b);
}

void
publish_finish(struct build *b)
{
	struct publish *p = b->publish;

	if (p == NULL)
		return;
	/* nobody has been there all the time: nobody is waited for */
	if (p->interrupted && !publisher_heard(p->publisher))
		publish_abandon(b);
	else
		p->deadline = loop_after(b->loop, PATIENCE, too_late, b);
}

void
publish_abandon(struct build *b)
{
	if (b->publish != NULL)
		b->publish->abandoned = true;
}

void
publish_free(struct build *b)
{
	struct publish *p = b->publish;
	long long missing;

	if (p == NULL)
		return;
	missing = b->journal.seq - p->answered;
	if (p->repeats > 0)
		fprintf(stderr, "mci-build: the hub had %lld events of a build %s before: they were "
		    "dropped\n", (long long)p->repeats, b->folder.name);
	if (p->refused > NAMED)
		fprintf(stderr, "mci-build: the hub refused %lld more events\n",
		    (long long)(p->refused - NAMED));
	if (missing > 0)
		fprintf(stderr, "mci-build: %lld events were not published; to do it later: mci-events "
		    "replay %s | mci-events pub -a '%s'\n", missing, b->folder.name, b->options->events);
	loop_cancel(b->loop, p->deadline);
	publisher_free(p->publisher);
	connect_reap(b->loop);
	line_free(&p->reader);
	close(p->fd);
	free(p);
	b->publish = NULL;
}
