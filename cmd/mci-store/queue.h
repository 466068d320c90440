/*
 * queue: the builds of a store: triggers, claims and their leases, what people ask of builds, and
 * what is known of them; the service "queue". It follows the hub, and tells it what it decides.
 */
#ifndef MCI_STORE_QUEUE_H
#define MCI_STORE_QUEUE_H

#include "database.h"
#include "error.h"
#include "loop.h"
#include "secrets.h"
#include "service.h"
#include "writer.h"

struct queue;

/* Its self is a struct queue. */
extern const struct service queue_service;

/* folder: of the store, in which the files of builds get one. hub is an address. NULL with an
 * error. */
struct queue *queue_open(struct loop *loop, struct writer *writer, struct database *reader,
    struct secrets *secrets, const char *folder, const char *hub, struct error *e);
/* store/rebuild: makes what is known from events anew from them. */
void queue_rebuild(void *q, struct request *r);
/* Gives no more to the writer; NULL is allowed. Then the writer is freed, then: */
void queue_stop(struct queue *q);
void queue_free(struct queue *q);

#endif
