/*
 * watcher: tells when files are written, or closed by who wrote them, on a loop: one inotify(7) instance
 * for all. A user has 128 of them by default, and others may hold all of them, or all watches: what the
 * kernel does not tell of then is looked at from time to time. Nothing fails because of these limits.
 */
#ifndef MCI_WATCHER_H
#define MCI_WATCHER_H

#include "duration.h"
#include "error.h"
#include "loop.h"

/* How often files are looked at of which the kernel does not tell. */
#define WATCHER_LOOK (100 * MILLISECOND)

struct watcher;
struct watch;
/* name: the file in a folder that is watched; NULL: the file that is, or anything may have changed. */
typedef void watch_changed(void *arg, const char *name);
/* A limit is reached; why names it. Called once a watcher at most. */
typedef void watcher_limited(void *arg, const struct error *why);

/* The instance is made with the first watch. limited may be NULL. */
struct watcher *watcher_new(struct loop *loop, watcher_limited *limited, void *arg);
/* Its watches go with it. NULL is allowed. */
void watcher_free(struct watcher *w);
/*
 * Watches a file, or the files right below a folder: written, closed, made and removed. Several may watch
 * one. A change before it returns may have been missed. A watch is told too often rather than too seldom:
 * also when nothing changed. NULL when there is no such file, or it may not be read.
 */
struct watch *watch_add(struct watcher *w, const char *path, watch_changed *changed, void *arg,
    struct error *e);
/* Safe inside changed. NULL is allowed. */
void watch_remove(struct watch *watch);

#endif
