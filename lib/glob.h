/* glob: patterns as in gitignore(5): * and ? not over '/', ** over it, [abc] [!a-z], \ quotes. */
#ifndef MCI_GLOB_H
#define MCI_GLOB_H

#include <stdbool.h>

/* Whether all of text fits pattern. No recursion on input; time is at most the product of lengths. */
bool glob_match(const char *pattern, const char *text);

#endif
