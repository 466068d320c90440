/*
 * standing: answers that last, and what they stand on: a token, or that a repository is public. While
 * there are any it is looked every few seconds, once for all of the same, whether that is still so; and
 * where it is not they are cut.
 */
#ifndef MCI_API_STANDING_H
#define MCI_API_STANDING_H

#include "answer.h"

/* None until the first one is added. */
struct standings *standings_new(struct gateway *g);
/* NULL is allowed. */
void standings_free(struct standings *s);

/* An answer in pieces (exchange_stream) to one whose right to it has been checked: that is watched from
 * here on until standing_over. What is for anybody is not. */
void standing_stream(struct ask *a, int status, const char *type, int64_t size,
    const struct exchange_source *source, void *arg);
/* What its right stands on has become another: that is watched. */
void standing_watch(struct ask *a);
/* The request is over; also of one that had no such answer. */
void standing_over(struct ask *a);
/* Something has been changed that they stand on: it is looked now. */
void standings_look(struct standings *s);

#endif
