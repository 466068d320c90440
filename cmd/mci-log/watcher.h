/* watcher: tells when files are written or closed by their writers (inotify(7)), on a loop. */
#ifndef MCI_LOG_WATCHER_H
#define MCI_LOG_WATCHER_H

#include "error.h"
#include "loop.h"

struct watcher;
struct watch;
typedef void watch_changed(void *arg);

struct watcher *watcher_new(struct loop *loop, struct error *e);
void watcher_free(struct watcher *w);
/* Several may watch one file. NULL when the kernel grants no more watches. */
struct watch *watch_add(struct watcher *w, const char *path, watch_changed *changed, void *arg,
    struct error *e);
/* Safe inside changed. NULL is allowed. */
void watch_remove(struct watch *watch);

#endif
