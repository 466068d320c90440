#include "budget.h"

#include <stdatomic.h>

static atomic_size_t most = BUDGET_BYTES;
static atomic_size_t held, admitted; /* all, and of it what cannot be given up */
/* Of this thread. */
static _Thread_local struct budget_share *oldest, *youngest;
static _Thread_local bool giving_up;

void
budget_limit(size_t bytes)
{
	most = bytes;
}

static void
take_out(struct budget_share *s)
{
	*(s->older != NULL ? &s->older->younger : &oldest) = s->younger;
	*(s->younger != NULL ? &s->younger->older : &youngest) = s->older;
	s->older = s->younger = NULL;
}

static void
put_last(struct budget_share *s)
{
	s->older = youngest;
	*(youngest != NULL ? &youngest->younger : &oldest) = s;
	youngest = s;
}

/* From the oldest on, each once. */
static void
make_room(void)
{
	struct budget_share *s, *next, *last = youngest;

	giving_up = true;
	for (s = oldest; s != NULL && atomic_load(&held) > most; s = next) {
		/* only the one that is asked may leave the list meanwhile, or come to its end */
		next = s == last ? NULL : s->younger;
		s->give_up(s);
	}
	giving_up = false;
}

void
budget_hold(struct budget_share *s, size_t bytes, bool begun)
{
	bool was = s->bytes > 0;

	if (was && (begun || bytes == 0))
		take_out(s);
	if (bytes > 0 && (begun || !was))
		put_last(s);
	atomic_fetch_add(&held, bytes - s->bytes);
	s->bytes = bytes;
	if (!giving_up && atomic_load(&held) > most)
		make_room();
}

bool
budget_admit(size_t bytes)
{
	if (atomic_fetch_add(&admitted, bytes) + bytes > most / 2) {
		atomic_fetch_sub(&admitted, bytes);
		return false;
	}
	if (atomic_fetch_add(&held, bytes) + bytes > most && !giving_up)
		make_room();
	return true;
}

void
budget_release(size_t bytes)
{
	atomic_fetch_sub(&admitted, bytes);
	atomic_fetch_sub(&held, bytes);
}

size_t
budget_held(void)
{
	return atomic_load(&held);
}

size_t
budget_most(void)
{
	return most;
}
