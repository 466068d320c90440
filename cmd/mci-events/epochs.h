/*
 * epochs: when the log's tail may have been lost and offsets given again. Each start of the hub
 * behind a crash begins one. Kept in the file epochs of the hub's folder, a JSON line each, the
 * newest with when it began and how many bytes recovery had cut:
 * {"epoch":2,"first":1042,"time":"...","cut":317}
 */
#ifndef MCI_EVENTS_EPOCHS_H
#define MCI_EVENTS_EPOCHS_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* The oldest are forgotten beyond that many: one that old is taken for epoch 0. */
#define EPOCHS_KEPT 1024

struct epoch {
	uint64_t number;
	uint64_t first; /* the first offset that was given in it */
};

struct epochs {
	struct epoch *list; /* oldest first */
	size_t n;
	int64_t cut;        /* bytes that the newest began with */
};

/* A missing file has none. 0 or -1. */
int epochs_read(struct epochs *x, int dir, struct error *e);
/* Begins one with the offset first; cut is how many bytes recovery took off. It counts from now on,
 * and has to be written before an event of it is: one that never was may begin again. */
void epochs_begin(struct epochs *x, uint64_t first, int64_t cut);
/* It is on the disk when this returns 0. */
int epochs_write(const struct epochs *x, int dir, struct error *e);
/* The number of the present one, 0 when there is none. */
uint64_t epochs_now(const struct epochs *x);
/* The first offset that later epochs than that one gave: who knows offsets from it on from that
 * epoch has seen events that are lost. UINT64_MAX when there is none. */
uint64_t epochs_valid_to(const struct epochs *x, uint64_t number);
/* The newest offset that is in later epochs what it was in that one: offset, or the last one before
 * that was given again. */
uint64_t epochs_clamp(const struct epochs *x, uint64_t number, uint64_t offset);
void epochs_free(struct epochs *x);

#endif
