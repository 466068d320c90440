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

static void
taken(void *arg, int64_t seq, int64_t repeats)
{
	struct publish *p = arg;

	p->answered = seq;
	if (!p->interrupted && !p->repeats_known)
		p->repeats += repeats;
}

/* The others go on. */
static void
refused(void *arg, int64_t seq, const struct error *why)
{
	struct publish *p = arg;

	if (why->code == ERROR_FENCED && outcome_fence(p->outcome, why->text))
		return;
	if (++p->refused <= NAMED)
		outcome_note(p->outcome, "event %lld is not published: %s", (long long)seq, why->text);
}

static void
outage(void *arg, const struct error *why)
{
	struct publish *p = arg;

	if (why != NULL) {
		outcome_note(p->outcome, "%s: events are published when the hub is there", why->text);
		p->interrupted = true;
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
publish_start(struct publish *p, struct error *e)
{
	if (p->address == NULL)
		return 0;
	p->fd = kernel.open(AT_FDCWD, p->journal->log.path, O_RDONLY, 0);
	if (p->fd < 0 || lseek(p->fd, p->read, SEEK_SET) < 0)
		return error_sys(e, "%s", p->journal->log.path);
	p->publisher = publisher_new(p->loop, p->address, "disk", &publisher_events, p, e);
	if (p->publisher != NULL)
		return 0;
	close(p->fd);
	return -1;
}

/* A job's own event may be longer than what goes through a hub: it stays in the log alone. */
static void
add_lines(struct publish *p)
{
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
		refused(p, p->added, &e);
	}
}

void
publish_round(struct publish *p)
{
	if (p->publisher == NULL)
		return;
	while (p->read < journal_size(p->journal) && !publisher_full(p->publisher)) {
		ssize_t n = line_read(&p->reader, p->fd);

		if (n <= 0)
			break;
		p->read += n;
		add_lines(p);
	}
	publisher_go(p->publisher);
}

bool
publish_open(const struct publish *p)
{
	if (p->publisher == NULL || p->abandoned)
		return false;
	return publisher_waiting(p->publisher) > 0 || p->read < journal_size(p->journal);
}

static void
too_late(void *arg)
{
	struct publish *p = arg;

	p->deadline = NULL;
	publish_abandon(p);
}

void
publish_finish(struct publish *p)
{
	if (p->publisher == NULL || p->insists)
		return;
	/* nobody has been there all the time: nobody is waited for */
	if (p->interrupted && !publisher_heard(p->publisher))
		publish_abandon(p);
	else
		p->deadline = loop_after(p->loop, PATIENCE, too_late, p);
}

void
publish_abandon(struct publish *p)
{
	p->abandoned = true;
}

void
publish_close(struct publish *p)
{
	const char *build = p->workspace->folder.name;
	long long missing = p->journal->seq - p->answered;

	if (p->publisher == NULL)
		return;
	if (p->outcome->cut)
		missing = 0;
	if (p->repeats > 0)
		fprintf(stderr, "mci-build: the hub had %lld events of a build %s before: they were "
		    "dropped\n", (long long)p->repeats, build);
	if (p->refused > NAMED)
		fprintf(stderr, "mci-build: the hub refused %lld more events\n",
		    (long long)(p->refused - NAMED));
	if (missing > 0)
		fprintf(stderr, "mci-build: %lld events were not published; to do it later: mci-events "
		    "replay %s | mci-events pub -a '%s'\n", missing, build, p->address);
	loop_cancel(p->loop, p->deadline);
	publisher_free(p->publisher);
	connect_reap(p->loop);
	line_free(&p->reader);
	close(p->fd);
	p->publisher = NULL;
}
