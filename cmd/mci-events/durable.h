/*
 * durable: subscribers that the hub remembers by name: the offset up to which each has
 * acknowledged, and the epoch that it is of: in a later one others may have been given the same
 * offsets. A file a name in the folder subscribers, one JSON line of fixed length that is written
 * over in place:
 * {"epoch":2                   ,"offset":1041                }
 * What is acknowledged is in the page cache when that is answered; it is not synced, for after a
 * power cut an older offset only means that events come again.
 */
#ifndef MCI_EVENTS_DURABLE_H
#define MCI_EVENTS_DURABLE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "offload.h"
#include "service.h"

#define DURABLE_FOLDER "subscribers"
/* At most so many names. */
#define DURABLE_LIMIT 1024
#define DURABLE_NAME 128

struct durable {
	char *name;
	uint64_t epoch, offset; /* everything up to it is done with */
	int fd;
	void *subscriber; /* who reads under the name now, NULL */
};

struct making;

struct durables {
	int above;                /* the hub's folder, borrowed */
	int dir;                  /* of the folder in it, -1 until it is made */
	struct offload *offload;  /* brings new ones to the disk; borrowed */
	struct durable **list;
	size_t n;
	struct making *makings;
};

/* Reads the folder below above, which may be missing. 0 or -1. */
int durables_open(struct durables *d, int above, struct offload *offload, struct error *e);
/* The one of that name, or NULL. */
struct durable *durables_find(const struct durables *d, const char *name);
/* The one who asked for one is to hear of it; why->code is ERROR_NONE: it is there, and on the disk. */
typedef void durable_made(void *self, struct request *r, const struct error *why);
/* Begins to make one that has acknowledged everything up to offset in that epoch. 0 and made is called
 * from the loop; -1 with an error: a name that is none (ERROR_INPUT), that is being made (ERROR_BUSY),
 * too many (ERROR_LIMIT). */
int durables_make(struct durables *d, const char *name, uint64_t epoch, uint64_t offset,
    durable_made *made, void *self, struct request *r, struct error *e);
/* Moves it forward, in an epoch that is not older; an older offset changes nothing. 0 or -1. */
int durable_acknowledge(struct durable *d, uint64_t epoch, uint64_t offset, struct error *e);
/* Removes it with its file. 0 or -1. */
int durables_forget(struct durables *d, struct durable *one, struct error *e);
/* Behind the helper thread; of what is being made nobody hears any more. */
void durables_close(struct durables *d);

#endif
