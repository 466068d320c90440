/* news: what becomes of the parts, told the hub when there is one. */
#ifndef MCI_SUPERVISE_NEWS_H
#define MCI_SUPERVISE_NEWS_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "loop.h"

struct news;

/* To the hub at this address, which need not be there yet; taken is called when it has answered.
 * NULL with an error when it is no address. */
struct news *news_new(
    struct loop *loop, const char *address, void (*taken)(void *arg), void *arg, struct error *e);
/* Takes an event in, a line as emit_line ends it; n may be NULL. What is over a bound is dropped.
 */
void news_post(struct news *n, const struct bytes *line);
/* Whether something has no answer yet. */
bool news_waiting(const struct news *n);
/* NULL is allowed. What waits is given up. */
void news_free(struct news *n);

#endif
