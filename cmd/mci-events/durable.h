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

struct durables {
	int dir; /* of the folder, -1 until it is made */
	struct durable **list;
	size_t n;
};

/* Reads the folder below dir, which may be missing. 0 or -1. */
int durables_open(struct durables *d, int dir, struct error *e);
/* The one of that name, or NULL. */
struct durable *durables_find(const struct durables *d, const char *name);
/* Makes one that has acknowledged everything up to offset in that epoch; it is on the disk when this returns.
 * NULL with an error: a name that is none (ERROR_INPUT), too many (ERROR_LIMIT), or the disk. dir
 * as above. */
struct durable *durables_make(struct durables *d, int dir, const char *name, uint64_t epoch,
    uint64_t offset, struct error *e);
/* Moves it forward, in an epoch that is not older; an older offset changes nothing. 0 or -1. */
int durable_acknowledge(struct durable *d, uint64_t epoch, uint64_t offset, struct error *e);
/* Removes it with its file. 0 or -1. */
int durables_forget(struct durables *d, struct durable *one, struct error *e);
void durables_close(struct durables *d);

#endif
