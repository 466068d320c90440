/*
 * news: posts events to a hub. One that is away costs nothing but its events: they are dropped while
 * nobody takes them, said once, and the address is tried again.
 */
#ifndef MCI_NEWS_H
#define MCI_NEWS_H

#include "bytes.h"
#include "error.h"
#include "loop.h"

struct news;

/* NULL with an error when it is no address. Nothing is tried before there is an event. program is for
 * what is said, and borrowed. */
struct news *news_new(struct loop *loop, const char *program, const char *address, struct error *e);
/* An event line. NULL is allowed as news. */
void news_post(struct news *n, struct span line);
void news_free(struct news *n);

#endif
