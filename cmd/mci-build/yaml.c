/*
 * YAML files into a tree, by libfyaml's events. Its own documents would be four times slower and
 * resolve aliases without a bound; here an alias stays one node until it is written out, on a
 * budget.
 */
#include <libfyaml.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "tree.h"
#include "utf8.h"

/* libfyaml keeps some 400 bytes for each token of one line until it has seen the line's end. */
#define LINE_BYTES (256 * 1024)
#define ANCHORS 1000

struct anchor {
	uint32_t hash, node;
	bool whole; /* its node is closed: an alias inside it would never end */
};

struct reader {
	struct fy_parser *parser;
	struct tree *tree;
	struct span input;
	struct anchor anchors[ANCHORS];
	char *names[ANCHORS];
	unsigned nanchors;
	unsigned opened[DOCUMENT_DEPTH]; /* the anchor of each open node, ANCHORS: none */
	struct tree_place place;         /* of the event at hand, or of the last that had one */
	bool ended;                      /* a document has been read */
};

static void
place_take(struct reader *r, struct fy_token *token)
{
	const struct fy_mark *mark = token == NULL ? NULL : fy_token_start_mark(token);

	if (mark != NULL)
		r->place =
		    (struct tree_place){ (unsigned)mark->line + 1, (unsigned)mark->column + 1 };
}

static struct span
token_text(struct fy_token *token)
{
	struct span text = { "", 0 };

	if (token != NULL && (text.p = fy_token_get_text(token, &text.n)) == NULL)
		text = (struct span){ "", 0 };
	return text;
}

/* A plain scalar on one line is what stands in the file, which saves a tenth of the time. */
static struct span
scalar_text(const struct reader *r, struct fy_token *token, bool plain)
{
	const struct fy_mark *from, *to;

	if (plain && token != NULL && (from = fy_token_start_mark(token)) != NULL &&
	    (to = fy_token_end_mark(token)) != NULL && from->line == to->line &&
	    from->input_pos < to->input_pos && to->input_pos <= r->input.n)
		return (struct span){ r->input.p + from->input_pos,
			to->input_pos - from->input_pos };
	return token_text(token);
}

static uint32_t
hash(struct span text)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < text.n; i++)
		h = (h ^ (unsigned char)text.p[i]) * 16777619u;
	return h;
}

/* Names a node; ANCHORS when the event has no anchor, -1 on an error. */
static int
anchor_add(struct reader *r, struct fy_token *token, uint32_t node, bool whole, struct error *e)
{
	struct span name = token_text(token);

	if (token == NULL)
		return ANCHORS;
	if (r->nanchors == ANCHORS)
		return error_set(e, ERROR_LIMIT, "more than %d anchors in one file", ANCHORS);
	r->anchors[r->nanchors] = (struct anchor){ hash(name), node, whole };
	r->names[r->nanchors] = xmemdup(name.p, name.n);
	return (int)r->nanchors++;
}

static int
alias_read(struct reader *r, struct fy_event *event, struct error *e)
{
	struct span name = token_text(event->alias.anchor);
	uint32_t h = hash(name);
	int64_t node;

	place_take(r, event->alias.anchor);
	for (unsigned i = r->nanchors; i-- > 0;) {
		if (r->anchors[i].hash != h || !span_is(name, r->names[i]))
			continue;
		if (!r->anchors[i].whole)
			return error_set(
			    e, ERROR_INPUT, "*%s: an alias inside its own anchor", r->names[i]);
		node = tree_add(r->tree, TREE_ALIAS, r->place, e);
		if (node < 0)
			return -1;
		r->tree->nodes[node].first = r->anchors[i].node;
		return 0;
	}
	return error_set(e, ERROR_INPUT, "*%.*s: there is no anchor &%.*s before it",
	    (int)(name.n > 64 ? 64 : name.n), name.p, (int)(name.n > 64 ? 64 : name.n), name.p);
}

/* Which tags mean something here: the type that a scalar has with it, -1 for one we do not know. */
static const struct {
	const char *tag;
	enum tree_type type;
} tags[] = {
	{ "!", TREE_TEXT },
	{ "tag:yaml.org,2002:str", TREE_TEXT },
	{ "tag:yaml.org,2002:int", TREE_PLAIN },
	{ "tag:yaml.org,2002:float", TREE_PLAIN },
	{ "tag:yaml.org,2002:bool", TREE_PLAIN },
	{ "tag:yaml.org,2002:null", TREE_PLAIN },
	{ "tag:yaml.org,2002:seq", TREE_LIST },
	{ "tag:yaml.org,2002:map", TREE_MAP },
};

/* The type of a node that would have type without its tag; -1 when the tag does not go with it. */
static int
tag_type(struct reader *r, struct fy_token *tag, enum tree_type type, struct error *e)
{
	struct span text = token_text(tag);

	if (tag == NULL)
		return (int)type;
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		if (!span_is(text, tags[i].tag))
			continue;
		if (type >= TREE_LIST ? tags[i].type == type : tags[i].type <= TREE_TEXT)
			return (int)tags[i].type;
	}
	place_take(r, tag);
	return error_set(e, ERROR_INPUT, "%.*s: a tag that means nothing here",
	    (int)(text.n > 64 ? 64 : text.n), text.p);
}

/*
 * YAML takes a line that begins with a tab for the rest of a plain text above it, so that
 * "- a\n\t- b" is one entry "a - b". Nobody means that.
 */
static bool
tab_inside(const struct reader *r, struct fy_token *token)
{
	const struct fy_mark *from = fy_token_start_mark(token), *to = fy_token_end_mark(token);
	bool indent = false;

	if (from == NULL || to == NULL || from->line == to->line || to->input_pos > r->input.n)
		return false;
	for (size_t i = from->input_pos; i < to->input_pos; i++) {
		char c = r->input.p[i];

		if (indent && c == '\t')
			return true;
		indent = c == '\n' || (indent && c == ' ');
	}
	return false;
}

static int
scalar_read(struct reader *r, struct fy_event *event, struct error *e)
{
	struct fy_token *token = event->scalar.value;
	bool plain = token == NULL || fy_token_scalar_style(token) == FYSS_PLAIN;
	struct span text = scalar_text(r, token, plain);
	int64_t node;
	int type;

	place_take(r, token);
	if (text.n > 0 && memchr(text.p, '\0', text.n) != NULL)
		return error_set(e, ERROR_INPUT, "a text may not hold U+0000");
	if (plain && token != NULL && tab_inside(r, token))
		return error_set(e, ERROR_INPUT, "a tab as indentation below this; use spaces");
	type = tag_type(r, event->scalar.tag, plain ? TREE_PLAIN : TREE_TEXT, e);
	if (type < 0)
		return -1;
	node = tree_scalar(r->tree, (enum tree_type)type, r->place, text, e);
	return node < 0 ? -1 : anchor_add(r, event->scalar.anchor, (uint32_t)node, true, e);
}

static int
enter(struct reader *r, enum tree_type type, struct fy_token *start, struct fy_token *tag,
    struct fy_token *anchor, struct error *e)
{
	int64_t node;
	int named;

	place_take(r, start);
	if (tag_type(r, tag, type, e) < 0)
		return -1;
	node = tree_enter(r->tree, type, r->place, e);
	if (node < 0)
		return -1;
	named = anchor_add(r, anchor, (uint32_t)node, false, e);
	if (named < 0)
		return -1;
	r->opened[r->tree->depth - 1] = (unsigned)named;
	return 0;
}

static int
leave(struct reader *r, struct error *e)
{
	unsigned named = r->opened[r->tree->depth - 1];
	struct tree_place twice = r->place;

	if (named < ANCHORS)
		r->anchors[named].whole = true;
	if (tree_close(r->tree, &twice, e) == 0)
		return 0;
	r->place = twice;
	return -1;
}

static int
document_start(struct reader *r, struct fy_event *event, struct error *e)
{
	place_take(r, event->document_start.document_start);
	if (r->ended)
		return error_set(e, ERROR_INPUT,
		    "a second document (---); a file holds one: write the jobs as one list");
	r->ended = true;
	return 0;
}

static int
event_read(struct reader *r, struct fy_event *event, struct error *e)
{
	switch (event->type) {
	case FYET_DOCUMENT_START:
		return document_start(r, event, e);
	case FYET_SCALAR:
		return scalar_read(r, event, e);
	case FYET_ALIAS:
		return alias_read(r, event, e);
	case FYET_SEQUENCE_START:
		return enter(r, TREE_LIST, event->sequence_start.sequence_start,
		    event->sequence_start.tag, event->sequence_start.anchor, e);
	case FYET_MAPPING_START:
		return enter(r, TREE_MAP, event->mapping_start.mapping_start,
		    event->mapping_start.tag, event->mapping_start.anchor, e);
	case FYET_SEQUENCE_END:
	case FYET_MAPPING_END:
		return leave(r, e);
	default:
		return 0;
	}
}

/* What libfyaml found wrong, in its words. */
static int
syntax_error(struct reader *r, struct fy_diag *diag, struct error *e)
{
	void *previous = NULL;
	struct fy_diag_error *first = fy_diag_errors_iterate(diag, &previous);

	if (first == NULL || first->msg == NULL)
		return error_set(e, ERROR_INPUT, "not YAML");
	if (first->line > 0)
		r->place = (struct tree_place){ (unsigned)first->line, (unsigned)first->column };
	return error_set(e, ERROR_INPUT, "not YAML: %s", first->msg);
}

static int
events_read(struct reader *r, struct fy_diag *diag, struct error *e)
{
	struct fy_event *event;
	int got = 0;

	while (got >= 0 && (event = fy_parser_parse(r->parser)) != NULL) {
		got = event_read(r, event, e);
		fy_parser_event_free(r->parser, event);
	}
	if (got >= 0 && fy_parser_get_stream_error(r->parser))
		return syntax_error(r, diag, e);
	return got < 0 ? -1 : 0;
}

/* What libfyaml should not see: bytes that are not text, and lines that would cost it too much. */
static int
lines_check(struct span text, struct tree_place *at, struct error *e)
{
	const char *end = text.p + text.n, *next;

	*at = (struct tree_place){ 0, 1 };
	for (const char *line = text.p; line < end; line = next) {
		next = memchr(line, '\n', (size_t)(end - line));
		next = next == NULL ? end : next + 1;
		at->row++;
		if (next - line > LINE_BYTES)
			return error_set(
			    e, ERROR_LIMIT, "a line of more than %d bytes", LINE_BYTES);
		if (utf8_valid(line, (size_t)(next - line)))
			continue;
		for (size_t n; (n = utf8_length(line, (size_t)(next - line))) > 0; line += n)
			at->column++;
		return error_set(e, ERROR_INPUT, "not YAML: a byte that is not UTF-8");
	}
	return 0;
}

int
yaml_read(struct tree *t, struct span text, struct tree_place *at, struct error *e)
{
	struct reader r = { .tree = t, .input = text, .place = { 1, 1 } };
	struct fy_diag_cfg diag_config;
	struct fy_parse_cfg config = { .flags = FYPCF_QUIET };
	int status = -1;

	if (lines_check(text, at, e) < 0)
		return -1;
	fy_diag_cfg_default(&diag_config);
	config.diag = fy_diag_create(&diag_config);
	fy_diag_set_collect_errors(config.diag, true);
	r.parser = fy_parser_create(&config);
	if (r.parser == NULL || fy_parser_set_string(r.parser, text.p, text.n) != 0)
		error_set(e, ERROR_INTERNAL, "the YAML reader cannot be started");
	else
		status = events_read(&r, config.diag, e);
	if (r.parser != NULL)
		fy_parser_destroy(r.parser);
	fy_diag_destroy(config.diag);
	while (r.nanchors > 0)
		free(r.names[--r.nanchors]);
	*at = r.place;
	return status;
}
