/*
 * cookie: the token of a browser's session (RFC 6265), and what keeps other sites from using it: whatever
 * changes something has to show a word that only a page of this server can have read.
 */
#ifndef MCI_API_COOKIE_H
#define MCI_API_COOKIE_H

#include "answer.h"

/* Hex digits of the word, and NUL. */
#define COOKIE_WORD 17

/* The token; NULL: there is none. The caller clears and frees. */
char *cookie_token(const struct ask *a);
/* The word of a session's token: the same in every process, and made of nothing else. */
void cookie_word(const char *token, char word[static COOKIE_WORD]);
/* Whether a request that came with the cookie may be what it is. -1: it is answered. */
int cookie_check(struct ask *a, const char *token);
/* With the answer: sets the cookie for so many seconds; an empty token takes it away. */
void cookie_set(struct ask *a, const char *token, int64_t seconds);

#endif
