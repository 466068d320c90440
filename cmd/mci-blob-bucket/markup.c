#include "markup.h"

#include <expat.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* A root, an item, what is in it (Owner), and its fields. */
#define DEPTH 8

struct reading {
	XML_Parser parser;
	const char *root;
	const struct markup_events *events;
	void *arg;
	int depth, item; /* item: the depth at which one is open; 0: none */
	bool wrong;      /* another root, too deep, or a text that is too long */
	bool leaf;       /* the element that is open has no other inside */
	struct bytes text;
};

static void
stop(struct reading *r)
{
	r->wrong = true;
	XML_StopParser(r->parser, XML_FALSE);
}

static void
opened(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct reading *r = arg;

	(void)attributes;
	r->depth++;
	r->leaf = true;
	r->text.len = 0;
	if (r->depth > DEPTH || (r->depth == 1 && strcmp(name, r->root) != 0)) {
		stop(r);
		return;
	}
	if (r->depth == 2 && r->events->item != NULL && strcmp(name, r->events->item) == 0) {
		r->item = r->depth;
		if (r->events->begin != NULL)
			r->events->begin(r->arg);
	}
}

static void
closed(void *arg, const XML_Char *name)
{
	struct reading *r = arg;

	if (r->item == r->depth) {
		r->item = 0;
		if (r->events->end != NULL)
			r->events->end(r->arg);
	} else if (r->leaf && r->depth == (r->item > 0 ? 3 : 2)) {
		r->events->field(r->arg, r->item > 0, name, bytes_string(&r->text));
	}
	r->leaf = false;
	r->depth--;
}

static void
text(void *arg, const XML_Char *p, int n)
{
	struct reading *r = arg;

	if (r->leaf && r->text.len + (size_t)n > MARKUP_TEXT)
		stop(r);
	else if (r->leaf)
		bytes_add(&r->text, p, (size_t)n);
}

static void
document_type(void *arg, const XML_Char *name, const XML_Char *system, const XML_Char *public, int internal)
{
	(void)name;
	(void)system;
	(void)public;
	(void)internal;
	stop(arg);
}

int
markup_read(struct span s, const char *root, const struct markup_events *events, void *arg, struct error *e)
{
	struct reading r = { .parser = XML_ParserCreate("UTF-8"),
		.root = root == NULL ? "Error" : root,
		.events = events,
		.arg = arg };
	int done = 0;

	if (r.parser == NULL)
		return error_set(e, ERROR_INTERNAL, "no XML parser can be made");
	XML_SetUserData(r.parser, &r);
	XML_SetElementHandler(r.parser, opened, closed);
	XML_SetCharacterDataHandler(r.parser, text);
	XML_SetStartDoctypeDeclHandler(r.parser, document_type);
	if (XML_Parse(r.parser, s.p == NULL ? "" : s.p, (int)s.n, XML_TRUE) != XML_STATUS_OK || r.wrong)
		done = error_set(e, ERROR_INPUT, "the answer is no %s: %s", r.root,
		    r.wrong ? "another document" : XML_ErrorString(XML_GetErrorCode(r.parser)));
	XML_ParserFree(r.parser);
	bytes_free(&r.text);
	return done;
}

static void
error_field(void *arg, int item, const char *name, const char *said)
{
	struct markup_error *m = arg;

	(void)item;
	if (strcmp(name, "Code") == 0)
		snprintf(m->code, sizeof(m->code), "%s", said);
	else if (strcmp(name, "Message") == 0)
		snprintf(m->message, sizeof(m->message), "%s", said);
	else if (strcmp(name, "Region") == 0)
		snprintf(m->region, sizeof(m->region), "%s", said);
}

int
markup_error(struct span s, struct markup_error *into)
{
	static const struct markup_events events = { .field = error_field };

	*into = (struct markup_error){ 0 };
	if (markup_read(s, NULL, &events, into, NULL) < 0)
		return -1;
	/* the server's text goes into our own line */
	for (char *c = into->message; *c != '\0'; c++) {
		if ((unsigned char)*c < ' ')
			*c = ' ';
	}
	return 0;
}
