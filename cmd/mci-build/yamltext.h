/*
 * yamltext: the texts of YAML 1.2.2, read from the file: with '|' and '>' (section 8.1), in quotes
 * and plain (7.3). libfyaml 0.7.12 says where they are; of what they say it loses or adds blanks,
 * line breaks and, behind an escaped line break, letters.
 */
#ifndef YAMLTEXT_H
#define YAMLTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"
#include "error.h"

/* A text that begins with '|' or '>'. */
struct yamltext {
	size_t header; /* where that is */
	size_t line;   /* where the line behind the header begins */
	int indent;    /* columns in front of the map or list around it, -1 when there is none */
	/* filled in by yamltext_block */
	bool told;   /* the header says how deep the lines are */
	int columns; /* in front of its lines; 0 when there are none */
	size_t last; /* behind its last line that holds something; line when none does */
	size_t next; /* the first byte behind it that is no blank or line break */
};

/* Whether c ends a line. */
bool yamltext_break(char c);
/* Where between from and end, the end of a line, a header is that ends the line; end when there is
 * none. */
size_t yamltext_header(struct span file, size_t from, size_t end);
/* Appends the text. Every line of file has its end. */
void yamltext_block(struct bytes *into, struct span file, struct yamltext *b);

/* Appends a text that stands in quotes, what is between them being given, or plain (quote 0). 0, or
 * -1 for an escape that means nothing. */
int yamltext_flow(struct bytes *into, struct span text, char quote, struct error *e);

#endif
