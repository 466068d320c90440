/* skipwords: whether whoever pushed asked for no build. */
#ifndef MCI_STORE_SKIPWORDS_H
#define MCI_STORE_SKIPWORDS_H

#include <stddef.h>

/*
 * Why a push makes no build, or NULL: the commit's message holds [skip ci], [ci skip] or [no ci] in
 * whatever case, or there is the push option ci.skip. message may be NULL.
 */
const char *skipwords_find(const char *message, const char *const *options, size_t n);

#endif
