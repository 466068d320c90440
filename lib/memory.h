/*
 * memory: allocation that does not fail. Running out of memory ends the program here, with a line on
 * stderr and status 125; no caller checks. Servers bound what they take before they ask (see line.h).
 */
#ifndef MCI_MEMORY_H
#define MCI_MEMORY_H

#include <stddef.h>

/* Zeroed memory for n bytes; the caller frees. Never NULL. */
void *xmalloc(size_t n);
/* Like realloc(3), for count elements of size bytes; an overflow of the product ends the program. */
void *xrealloc(void *old, size_t count, size_t size);
/* A copy of text; the caller frees. */
char *xstrdup(const char *text);
/* A NUL-terminated copy of n bytes; the caller frees. */
char *xmemdup(const void *bytes, size_t n);
/* A formatted string; the caller frees. */
char *xformat(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* cleanup attributes: run when the variable goes out of scope */
void memory_free(void *pointer_to_pointer);
void memory_close(int *fd); /* -1 afterwards */
#define AUTO_FREE __attribute__((cleanup(memory_free)))
#define AUTO_CLOSE __attribute__((cleanup(memory_close)))

#endif
