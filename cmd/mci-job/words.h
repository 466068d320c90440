/* words: a command line that is put together, each word its own copy. */
#ifndef JOB_WORDS_H
#define JOB_WORDS_H

#include <stddef.h>

struct words {
	char **list; /* NULL behind the last */
	size_t n;
};

/* Appends a copy of each of these texts, up to NULL. */
#define words_add(w, ...) words_add_all(w, (const char *const[]){ __VA_ARGS__, NULL })
void words_add_all(struct words *w, const char *const *texts);
/* Appends one word and takes it over. */
void words_give(struct words *w, char *word);
void words_free(struct words *w);

#endif
