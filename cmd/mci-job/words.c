#include "words.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

void
words_give(struct words *w, char *word)
{
	w->list = xrealloc(w->list, w->n + 2, sizeof(*w->list));
	w->list[w->n++] = word;
	w->list[w->n] = NULL;
}

void
words_add_all(struct words *w, const char *const *texts)
{
	for (; *texts != NULL; texts++)
		words_give(w, xstrdup(*texts));
}

void
words_free(struct words *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->list[i]);
	free(w->list);
	*w = (struct words){ 0 };
}
