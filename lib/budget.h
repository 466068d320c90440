/*
 * budget: one bound for all the bytes that this process holds for the other ends of its links: what
 * they have not sent the rest of, what they do not read, and what they asked that waits for its
 * answer. When it is exceeded, what has been held longest of the first two is given up; of the last
 * no more is taken in than half the bound. The bound is the process's, in whichever thread the links
 * are served; each thread gives up its own.
 */
#ifndef MCI_BUDGET_H
#define MCI_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

/* The bound, when nobody sets another one. */
#define BUDGET_BYTES ((size_t)64 * 1024 * 1024)

struct budget_share {
	size_t bytes; /* that are held; 0: it is in no list */
	/* Frees what is held, and says so by budget_hold(s, what is left, false); or, when it must not be
	 * touched now, does nothing: it is asked again for the next excess. */
	void (*give_up)(struct budget_share *s);
	struct budget_share *older, *younger;
};

/* For the whole process; before there are other threads. */
void budget_limit(size_t bytes);
/* So many bytes are held now; begun: not the ones that were, so that they are the youngest. Others
 * are given up while that is too much, in the end this one too. */
void budget_hold(struct budget_share *s, size_t bytes, bool begun);
/* Takes in bytes that cannot be given up until budget_release. False when there is no room. */
bool budget_admit(size_t bytes);
void budget_release(size_t bytes);
/* What is held now, and the bound. */
size_t budget_held(void);
size_t budget_most(void);

#endif
