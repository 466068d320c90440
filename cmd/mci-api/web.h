/*
 * web: the page for browsers: its files, which make(1) puts into the program (embed), and the frame around
 * what a page shows before its modules run, or without them.
 */
#ifndef MCI_API_WEB_H
#define MCI_API_WEB_H

#include <stddef.h>

#include "answer.h"

struct web_file {
	const char *name;             /* "main.js" */
	const char *type;             /* "text/javascript; charset=utf-8" */
	const char *plain, *plain_end;
	const char *packed, *packed_end; /* the same by gzip */
};

/* Made by embed. */
extern const struct web_file web_files[];
extern const size_t nweb_files;
/* Of all of them: part of their address, so that whoever has one need never ask whether it is still so. */
extern const char web_tag[];

/* A row's function: the file that the path's last name is. */
void web_file(struct ask *a);
/* What may stand in the query of a page. */
extern const struct contract_method web_takes;
/* A row's function: the frame with nothing in it, for pages that are nothing without their modules. */
void web_page(struct ask *a);
/* Whether whoever asks is a browser. */
bool web_wanted(const struct ask *a);
/* Appends text as HTML. */
void web_escape(struct bytes *into, struct span text);
/* Answers with the frame around this HTML. */
void web_answer(struct ask *a, int status, struct span html);

#endif
