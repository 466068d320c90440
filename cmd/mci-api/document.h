/*
 * document: what a browser gets: the files of the page, which make(1) puts into the program (embed),
 * and the HTML around what is shown before the page's modules run, or without them.
 */
#ifndef MCI_API_DOCUMENT_H
#define MCI_API_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"
#include "exchange.h"

struct document_file {
	const char *name;             /* "main.js" */
	const char *type;             /* "text/javascript; charset=utf-8" */
	const char *plain, *plain_end;
	const char *packed, *packed_end; /* the same by gzip */
};

/* Made by embed. */
extern const struct document_file document_files[];
extern const size_t ndocument_files;
/* Of all of them: part of their address, so that whoever has one need never ask whether it is still so. */
extern const char document_tag[];

/* NULL: there is none of that name. */
const struct document_file *document_find(const char *name);
/* Whether whoever asks is a browser. */
bool document_wanted(const struct exchange *x);
/* Appends text as HTML. */
void document_escape(struct bytes *into, struct span text);
/* Appends the whole document with this HTML in it. */
void document_write(struct bytes *page, struct span html);
/* What a browser has to be told with it. */
void document_headers(struct exchange *x);

#endif
