/*
 * yamllines: the lines of a YAML file before libfyaml 0.7.12 sees them: what it should not see is
 * refused, and what it would take wrong is written so that it does not.
 */
#ifndef YAMLLINES_H
#define YAMLLINES_H

#include "bytes.h"
#include "error.h"
#include "tree.h"
#include "yamltext.h"

/* Refuses bytes that are not UTF-8, lines that would cost too much, and directives that mean
 * nothing: 0, or -1 with the place in *at. */
int yamllines_check(struct span text, struct tree_place *at, struct error *e);
/* Appends the text with whole lines. Behind a block text without lines at its end comes a comment:
 * libfyaml takes the end of the file for one more character of it. */
void yamllines_end(struct bytes *into, struct span text);
/* Writes into the headers of n block texts, in their order, how deep their lines are. Empty lines
 * of one without lines could be deeper than that: they lose their blanks. */
void yamllines_tell(struct bytes *text, const struct yamltext *blocks, size_t n);

#endif
