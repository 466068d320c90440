#include "part.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "emit.h"
#include "kernel.h"
#include "mask.h"
#include "memory.h"

static void
close_end(int *fd)
{
	memory_close(fd);
	*fd = -1;
}

/* ---- its commands */

static void
members_close(struct part *p)
{
	for (size_t i = 0; i < p->n; i++)
		member_close(&p->members[i]);
	free(p->members);
	mask_free(p->mask);
	p->members = NULL;
	p->mask = NULL;
	p->n = 0;
}

static int
members_open(struct part *p, const struct wiring_part *w, struct error *e)
{
	p->mask = mask_new();
	p->members = xmalloc(w->ncommands * sizeof(*p->members));
	for (p->n = 0; p->n < w->ncommands;) {
		struct member *m = &p->members[p->n++];

		if (member_open(m, p->host, w, p->n - 1, p->mask, e) < 0) {
			error_before(e, "%s: ", w->name);
			members_close(p);
			return -1;
		}
		m->lifeline = p->lifeline[0];
	}
	return 0;
}

struct part *
part_new(const struct host *host, struct wiring_part *wiring, struct error *e)
{
	struct part *p = xmalloc(sizeof(*p));

	*p = (struct part){ .host = host, .lifeline = { -1, -1 } };
	if (pipe2(p->lifeline, O_CLOEXEC) < 0)
		error_sys(e, "pipe");
	else if (members_open(p, wiring, e) == 0)
		p->wiring = wiring;
	if (p->wiring != NULL)
		return p;
	part_free(p);
	return NULL;
}

int
part_change(struct part *p, struct error *e)
{
	struct wiring_part *was = p->wiring;

	members_close(p);
	if (members_open(p, p->next, e) < 0) {
		(void)members_open(p, was, NULL);
		return -1;
	}
	p->wiring = p->next;
	p->next = NULL;
	wiring_part_free(was);
	return 0;
}

/* ---- its pipes */

static void
pipes_close(struct part *p)
{
	for (size_t i = 0; p->pipes != NULL && i + 1 < p->n; i++) {
		memory_close(&p->pipes[i][0]);
		memory_close(&p->pipes[i][1]);
		p->members[i].out = p->members[i + 1].in = -1;
	}
	free(p->pipes);
	p->pipes = NULL;
}

static int
pipes_open(struct part *p, struct error *e)
{
	p->pipes = xmalloc(p->n * sizeof(*p->pipes));
	for (size_t i = 0; i < p->n; i++)
		p->pipes[i][0] = p->pipes[i][1] = -1;
	for (size_t i = 0; i + 1 < p->n; i++) {
		if (pipe2(p->pipes[i], O_CLOEXEC) < 0) {
			pipes_close(p);
			return error_sys(e, "pipe");
		}
		p->members[i].out = p->pipes[i][1];
		p->members[i + 1].in = p->pipes[i][0];
	}
	return 0;
}

/* ---- up */

void
part_start(struct part *p)
{
	struct error e;

	p->draining = false;
	if (p->n > 1 && pipes_open(p, &e) < 0) {
		error_before(&e, "%s: ", p->wiring->name);
		p->host->tell(p->host->arg, &e);
		return;
	}
	p->phase = PART_UP;
	for (size_t i = 0; i < p->n; i++) {
		member_forgive(&p->members[i]);
		member_start(&p->members[i]);
	}
}

bool
part_is_ready(const struct part *p)
{
	bool ready = p->phase == PART_UP;

	for (size_t i = 0; i < p->n; i++)
		ready &= member_is_ready(&p->members[i]);
	return ready;
}

bool
part_has_failed(const struct part *p)
{
	for (size_t i = 0; i < p->n; i++) {
		if (p->members[i].state == MEMBER_FAILED)
			return true;
	}
	return false;
}

/* ---- down */

static void
input_too_long(void *arg)
{
	struct part *p = arg;

	p->timer = NULL;
	member_stop(&p->members[p->turn]);
}

static void
down(struct part *p)
{
	AUTO_BYTES event = { 0 };

	pipes_close(p);
	p->phase = PART_DOWN;
	emit_event(&event, "part/stopped");
	emit_text(&event, "part", p->wiring->name);
	emit_line(&event);
	p->host->post(p->host->arg, &event);
}

/* The turn comes to the next: it sees the end of its input. One that was away is started for what
 * is in there. */
static void
turn_begin(struct part *p)
{
	struct member *m = &p->members[p->turn];

	if (p->turn == 0) {
		if (p->draining)
			member_drain(m);
		else
			member_stop(m);
		return;
	}
	close_end(&p->pipes[p->turn - 1][1]);
	if (!member_runs(m) && m->state != MEMBER_FAILED && member_waiting(m) > 0)
		member_start(m);
	if (!member_runs(m))
		return;
	member_finish(m);
	p->timer = loop_after(p->host->loop, p->wiring->grace, input_too_long, p);
}

static void
turns_go(struct part *p)
{
	while (p->turn < p->n && !member_runs(&p->members[p->turn])) {
		loop_cancel(p->host->loop, p->timer);
		p->timer = NULL;
		member_stop(&p->members[p->turn]);
		if (++p->turn < p->n)
			turn_begin(p);
	}
	if (p->turn == p->n)
		down(p);
}

static void
stop(struct part *p)
{
	if (p->phase != PART_UP)
		return;
	p->phase = PART_STOPPING;
	p->turn = 0;
	turn_begin(p);
	turns_go(p);
}

void
part_stop(struct part *p)
{
	if (p->phase == PART_STOPPING && p->draining)
		member_stop(&p->members[p->turn]);
	p->draining = false;
	stop(p);
}

void
part_drain(struct part *p)
{
	p->draining = p->wiring->drain != 0;
	stop(p);
}

void
part_kill(struct part *p)
{
	part_stop(p);
	for (size_t i = 0; i < p->n; i++)
		member_kill(&p->members[i]);
}

void
part_go_on(struct part *p)
{
	/* of a pipeline that runs once: what comes behind one that is done sees the end of its
	 * input */
	for (size_t i = 0; p->phase == PART_UP && i + 1 < p->n; i++) {
		if (p->members[i].state != MEMBER_DONE)
			continue;
		close_end(&p->pipes[i][1]);
		p->members[i].out = -1;
	}
	if (p->phase == PART_STOPPING)
		turns_go(p);
}

void
part_free(struct part *p)
{
	if (p == NULL)
		return;
	loop_cancel(p->host->loop, p->timer);
	pipes_close(p);
	members_close(p);
	memory_close(&p->lifeline[0]);
	memory_close(&p->lifeline[1]);
	if (p->wiring != NULL)
		wiring_part_free(p->wiring);
	if (p->next != NULL)
		wiring_part_free(p->next);
	free(p);
}
