/* methods: what the log server does for its clients: the service "log", on a logdir. */
#ifndef MCI_LOG_METHODS_H
#define MCI_LOG_METHODS_H

#include "closing.h"
#include "inventory.h"
#include "writers.h"
#include "loop.h"
#include "news.h"
#include "offload.h"
#include "service.h"
#include "logdir.h"
#include "streams.h"
#include "watcher.h"

struct log_server {
	struct loop *loop;
	struct logdir logdir;
	struct watcher *watcher;
	struct writers writers;
	struct streams streams;
	struct offload *offload;
	struct closing *closing;
	struct inventory *inventory;
	struct news *news;   /* NULL: events go nowhere */
};

/* Its self is a struct log_server. */
extern const struct service log_service;

/* Opens the folder, which is one server's alone, and takes in what an earlier one left. 0 or -1; close it in
 * any case. events: the address of the hub, or NULL. */
int log_server_open(struct log_server *s, struct loop *loop, const char *dir, const char *events,
    int64_t patience, struct error *e);
/* Behind the end of the server that it is in. */
void log_server_close(struct log_server *s);

#endif
