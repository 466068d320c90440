/*
 * YAML files into a tree, by libfyaml's events. Its own documents would be four times slower and
 * resolve aliases without a bound; here an alias stays one node until it is written out, on a
 * budget.
 */
#include <ctype.h>
#include <libfyaml.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "nametable.h"
#include "tree.h"
#include "yamllines.h"
#include "yamltext.h"

#define ANCHORS 1000
/* How many bytes may be read again, and how often, because of block texts (see block_check). */
#define AGAIN_BYTES ((size_t)64 * 1024 * 1024)
#define AGAIN_TIMES 500

struct anchor {
	char *name;
	uint32_t node; /* the last one of that name */
	bool whole;    /* it is closed: an alias inside it would never end */
};

struct reader {
	struct fy_parser *parser;
	struct tree *tree;
	struct span input;
	struct anchor anchors[ANCHORS];
	unsigned nanchors;
	struct nametable names; /* of the anchors */
	unsigned opened[TREE_DEPTH]; /* the anchor of each open node, ANCHORS: none */
	int indents[TREE_DEPTH]; /* of each, the columns in front of the innermost block one */
	struct tree_place place;     /* of the event at hand, or of the last that had one */
	bool ended;                  /* a document has been read */
	size_t behind;               /* where the last text or alias ends */
	struct tree_place end;       /* and its place */
	struct bytes text;           /* what the scalar at hand says */
	struct yamltext *blocks;     /* those that the next reading has to be told of */
	size_t nblocks;
	char said[128]; /* what libfyaml would have said on standard error */
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

static bool
anchor_is(const void *reader, uint32_t anchor, struct span name)
{
	return span_is(name, ((const struct reader *)reader)->anchors[anchor].name);
}

/* Names a node; ANCHORS when the event has no anchor, -1 on an error. */
static int
anchor_add(struct reader *r, struct fy_token *token, uint32_t node, bool whole, struct error *e)
{
	struct span name = token_text(token);
	uint32_t i;

	if (token == NULL)
		return ANCHORS;
	for (size_t c = 0; c < name.n; c++) {
		if (isalnum((unsigned char)name.p[c]) || name.p[c] == '_' || name.p[c] == '-')
			continue;
		place_take(r, token);
		return error_set(e, ERROR_INPUT,
		    "&%.*s: an anchor's name is of letters, digits, - and _ (a text that begins "
		    "with "
		    "'&' has to be in quotes)",
		    (int)(name.n > 64 ? 64 : name.n), name.p);
	}
	if (r->nanchors == ANCHORS)
		return error_set(e, ERROR_LIMIT, "more than %d anchors in one file", ANCHORS);
	i = nametable_put(&r->names, name, r->nanchors, anchor_is, r);
	if (i == r->nanchors)
		r->anchors[r->nanchors++].name = xmemdup(name.p, name.n);
	r->anchors[i].node = node;
	r->anchors[i].whole = whole;
	return (int)i;
}

/* How many columns are in front of the innermost map or list in block style; -1 outside of all. */
static int
indent_of(const struct reader *r)
{
	return r->tree->depth == 0 ? -1 : r->indents[r->tree->depth - 1];
}

/* What belongs to a key or a dash stands deeper; only a list in block style may stand just below
 * its key. */
static int
value_deeper(const struct reader *r, const struct fy_mark *mark, bool list, struct error *e)
{
	const struct tree *t = r->tree;
	const struct tree_open *open = &t->open[t->depth == 0 ? 0 : t->depth - 1];
	bool map;

	if (t->depth == 0 || mark == NULL || mark->column > indent_of(r))
		return 0;
	map = t->nodes[open->node].type == TREE_MAP;
	if (map && (!open->value || (list && mark->column == indent_of(r))))
		return 0;
	return error_set(e, ERROR_INPUT, "not YAML: what belongs to a %s has to stand deeper",
	    map ? "key" : "'-'");
}

/* Where the last text or alias ends, and in which row. */
static void
behind_take(struct reader *r, const struct fy_mark *end)
{
	if (end == NULL || end->input_pos > r->input.n)
		return;
	r->behind = end->input_pos;
	r->end = (struct tree_place){ (unsigned)end->line + 1, (unsigned)end->column + 1 };
}

static int
alias_read(struct reader *r, struct fy_event *event, struct error *e)
{
	struct span name = token_text(event->alias.anchor);
	uint32_t i = nametable_find(&r->names, name, anchor_is, r);
	int64_t node;

	place_take(r, event->alias.anchor);
	behind_take(r, fy_token_end_mark(event->alias.anchor));
	if (value_deeper(r, fy_event_start_mark(event), false, e) < 0)
		return -1;
	if (i == NAMETABLE_NONE)
		return error_set(e, ERROR_INPUT, "*%.*s: there is no anchor &%.*s before it",
		    (int)(name.n > 64 ? 64 : name.n), name.p, (int)(name.n > 64 ? 64 : name.n), name.p);
	if (!r->anchors[i].whole)
		return error_set(e, ERROR_INPUT, "*%s: an alias inside its own anchor", r->anchors[i].name);
	node = tree_add(r->tree, TREE_ALIAS, r->place, e);
	if (node < 0)
		return -1;
	r->tree->nodes[node].first = r->anchors[i].node;
	return 0;
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
 * The lines of a text behind its first, with no block in front of it. They are deeper than the map
 * or list around it, which libfyaml does not always see. YAML takes a line that begins with a tab
 * for the rest of a plain text above it, so that "- a\n\t- b" is one entry "a - b": nobody means
 * that.
 */
static int
lines_inside(const struct reader *r, struct span text, bool plain, struct error *e)
{
	int indent = indent_of(r), columns = 0;
	bool front = false;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (yamltext_break(c)) {
			front = true;
			columns = 0;
		} else if (front && c == ' ') {
			columns++;
		} else if (front && c == '\t' && plain) {
			return error_set(
			    e, ERROR_INPUT, "a tab as indentation below this; use spaces");
		} else if (front && c != '\t') {
			if (columns <= indent)
				return error_set(e, ERROR_INPUT,
				    "not YAML: a line of this text is not deeper than what it "
				    "belongs to");
			front = false;
		}
	}
	if (!front || columns > indent) /* of the quote that ends it */
		return 0;
	return error_set(e, ERROR_INPUT,
	    "not YAML: the end of this text is not deeper than what "
	    "it belongs to");
}

/* The place of the ':' behind what was last read: of a key that is not there libfyaml has none. */
static void
colon_take(struct reader *r)
{
	struct tree_place at = r->end;

	for (size_t i = r->behind; i < r->input.n && r->input.p[i] != ':'; i++, at.column++) {
		while (r->input.p[i] == '#' && !yamltext_break(r->input.p[i + 1]))
			i++;
		if (r->input.p[i] == '\n')
			at = (struct tree_place){ at.row + 1, 0 };
	}
	r->place = at;
}

/* Plain texts that libfyaml lets pass. */
static int
plain_check(struct reader *r, struct span text, struct error *e)
{
	const struct tree *t = r->tree;
	bool key = t->depth > 0 && t->nodes[t->open[t->depth - 1].node].type == TREE_MAP &&
	    !t->open[t->depth - 1].value;

	if (text.n == 0 && key) {
		colon_take(r);
		return error_set(e, ERROR_INPUT, "expected a key in front of ':'");
	}
	if (text.n == 0 || (text.p[0] != '%' && (text.n > 1 || text.p[0] != '?')))
		return 0;
	return error_set(
	    e, ERROR_INPUT, "a text that begins with '%c' has to be in quotes", text.p[0]);
}

/* Finds the block text whose lines begin there: its header ends the line in front of it, behind
 * what was last read. False when it is not seen. */
static bool
block_find(const struct reader *r, size_t line, struct yamltext *b)
{
	size_t end = line, from;

	end -= end > 0 && r->input.p[end - 1] == '\n';
	end -= end > 0 && r->input.p[end - 1] == '\r';
	for (from = end; from > r->behind && !yamltext_break(r->input.p[from - 1]); from--)
		;
	*b = (struct yamltext){
		.header = yamltext_header(r->input, from, end),
		.line = line,
		.indent = indent_of(r),
	};
	return b->header < end;
}

/*
 * Reads a block text into r->text. Where its lines begin is not always seen by libfyaml 0.7.12: one
 * that has none gets those that stand no deeper than the map or list around it ("stdin: |" in front
 * of "script: x" loses the script), and one with a tag or anchor in front that does not stand in
 * its key's line may lose its own. What libfyaml reads behind such a text is not what is written
 * there: it is noted, and the file is read once more with the header told how deep the lines are
 * (yamllines_tell).
 */
static int
block_read(struct reader *r, const struct fy_mark *from, const struct fy_mark *to, struct error *e)
{
	struct yamltext b;

	if (!block_find(r, from->input_pos, &b))
		return error_set(
		    e, ERROR_INPUT, "not YAML: a text block whose beginning cannot be found");
	yamltext_block(&r->text, r->input, &b);
	if (b.told || (to->input_pos >= b.last && to->input_pos <= b.next))
		return 0;
	if (b.columns - b.indent > 9)
		return error_set(e, ERROR_INPUT,
		    "not YAML: a text block whose lines cannot be told from "
		    "what is around it; write '|' on the line of its key");
	r->blocks = xrealloc(r->blocks, r->nblocks + 1, sizeof(*r->blocks));
	r->blocks[r->nblocks++] = b;
	return 0;
}

static char
quote_of(enum fy_node_style style)
{
	return style == FYNS_SINGLE_QUOTED ? '\'' : style == FYNS_DOUBLE_QUOTED ? '"' : '\0';
}

/* What a scalar says. Plain on one line it is what stands in the file, else it is put together in
 * r->text. */
static int
scalar_text(struct reader *r, struct fy_event *event, struct span *text, struct error *e)
{
	struct fy_token *token = event->scalar.value;
	enum fy_node_style style = fy_event_get_node_style(event);
	const struct fy_mark *from, *to;

	*text = (struct span){ "", 0 };
	if (token == NULL)
		return 0;
	r->text.len = 0;
	from = fy_token_start_mark(token);
	to = fy_token_end_mark(token);
	if (from == NULL || to == NULL || from->input_pos > to->input_pos ||
	    to->input_pos > r->input.n)
		return error_set(e, ERROR_INTERNAL, "the YAML reader does not say where a text is");
	if (style == FYNS_LITERAL || style == FYNS_FOLDED) {
		if (block_read(r, from, to, e) < 0)
			return -1;
		behind_take(r, to);
	} else {
		*text =
		    (struct span){ r->input.p + from->input_pos, to->input_pos - from->input_pos };
		behind_take(r, to);
		if (value_deeper(r, from, false, e) < 0 ||
		    (from->line != to->line && lines_inside(r, *text, style == FYNS_PLAIN, e) < 0))
			return -1;
		if (style == FYNS_PLAIN && from->line == to->line)
			return 0;
		if (yamltext_flow(&r->text, *text, quote_of(style), e) < 0)
			return -1;
	}
	*text = (struct span){ r->text.data, r->text.len };
	return 0;
}

static int
scalar_read(struct reader *r, struct fy_event *event, struct error *e)
{
	struct fy_token *token = event->scalar.value;
	bool plain = token == NULL || fy_token_scalar_style(token) == FYSS_PLAIN;
	struct span text;
	int64_t node;
	int type;

	place_take(r, token);
	/* which is behind the quote */
	r->place.column -= token != NULL && quote_of(fy_event_get_node_style(event)) != '\0';
	if (scalar_text(r, event, &text, e) < 0)
		return -1;
	if (text.n > 0 && memchr(text.p, '\0', text.n) != NULL)
		return error_set(e, ERROR_INPUT, "a text may not hold U+0000");
	if (plain && event->scalar.tag == NULL && plain_check(r, text, e) < 0)
		return -1;
	type = tag_type(r, event->scalar.tag, plain ? TREE_PLAIN : TREE_TEXT, e);
	if (type < 0)
		return -1;
	node = tree_scalar(r->tree, (enum tree_type)type, r->place, text, e);
	return node < 0 ? -1 : anchor_add(r, event->scalar.anchor, (uint32_t)node, true, e);
}

static int
enter(struct reader *r, enum tree_type type, struct fy_event *event, struct fy_token *start,
    struct fy_token *tag, struct fy_token *anchor, struct error *e)
{
	bool block = fy_event_get_node_style(event) != FYNS_FLOW;
	int indent = indent_of(r);
	int64_t node;
	int named;

	place_take(r, start);
	if (value_deeper(r, fy_token_start_mark(start), block && type == TREE_LIST, e) < 0)
		return -1;
	if (block)
		indent = (int)r->place.column - 1;
	if (tag_type(r, tag, type, e) < 0)
		return -1;
	node = tree_enter(r->tree, type, r->place, e);
	if (node < 0)
		return -1;
	named = anchor_add(r, anchor, (uint32_t)node, false, e);
	if (named < 0)
		return -1;
	r->opened[r->tree->depth - 1] = (unsigned)named;
	r->indents[r->tree->depth - 1] = indent;
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
		return enter(r, TREE_LIST, event, event->sequence_start.sequence_start,
		    event->sequence_start.tag, event->sequence_start.anchor, e);
	case FYET_MAPPING_START:
		return enter(r, TREE_MAP, event, event->mapping_start.mapping_start,
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
		return error_set(e, ERROR_INPUT, "not YAML%s%.*s", r->said[0] == '\0' ? "" : ": ",
		    (int)strcspn(r->said, "\n"), r->said);
	if (first->line > 0)
		r->place = (struct tree_place){ (unsigned)first->line, (unsigned)first->column };
	return error_set(e, ERROR_INPUT, "not YAML: %s", first->msg);
}

/* A line that begins with '%' in the middle of a document ends it for libfyaml, without a word. */
static int
rest_check(struct reader *r, struct error *e)
{
	struct tree_place at = { r->end.row, 1 };

	for (size_t i = r->behind; i < r->input.n; i++) {
		bool line = i > 0 && yamltext_break(r->input.p[i - 1]);

		at.row += r->input.p[i] == '\n';
		if (line && r->input.n - i > 2 && memcmp(r->input.p + i, "...", 3) == 0)
			return 0;
		if (!line || r->input.p[i] != '%')
			continue;
		r->place = at;
		return error_set(
		    e, ERROR_INPUT, "not YAML: a text that begins with '%%' has to be in quotes");
	}
	return 0;
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
	return got < 0 ? -1 : rest_check(r, e);
}

/* Keeps what libfyaml says, which goes nowhere else: not all of it is among the errors that it
 * collects. */
static void
said(struct fy_diag *diag, void *reader, const char *text, size_t n)
{
	static const char level[] = "[ERR]: ";
	struct reader *r = reader;

	(void)diag;
	if (n > sizeof(level) && memcmp(text, level, sizeof(level) - 1) == 0) {
		text += sizeof(level) - 1;
		n -= sizeof(level) - 1;
	}
	if (r->said[0] == '\0')
		snprintf(r->said, sizeof(r->said), "%.*s", (int)n, text);
}

/* Reads the text once; 1 when there were block texts in it that have to be marked first. */
static int
text_read(struct reader *r, struct error *e)
{
	struct fy_diag_cfg diag_config;
	struct fy_parse_cfg config = { .flags = FYPCF_QUIET };
	int status = -1;

	fy_diag_cfg_default(&diag_config);
	diag_config.fp = NULL;
	diag_config.output_fn = said;
	diag_config.user = r;
	config.diag = fy_diag_create(&diag_config);
	fy_diag_set_collect_errors(config.diag, true);
	r->parser = fy_parser_create(&config);
	if (r->parser == NULL || fy_parser_set_string(r->parser, r->input.p, r->input.n) != 0)
		error_set(e, ERROR_INTERNAL, "the YAML reader cannot be started");
	else
		status = events_read(r, config.diag, e);
	if (r->parser != NULL)
		fy_parser_destroy(r->parser);
	fy_diag_destroy(config.diag);
	while (r->nanchors > 0)
		free(r->anchors[--r->nanchors].name);
	nametable_free(&r->names);
	bytes_free(&r->text);
	/* what is wrong behind such a text may be right once that is */
	return r->nblocks > 0 ? 1 : status;
}

int
yaml_read(struct tree *t, struct span text, struct tree_place *at, struct error *e)
{
	AUTO_BYTES marked = { 0 };
	struct reader r;
	int status;

	if (yamllines_check(text, at, e) < 0)
		return -1;
	yamllines_end(&marked, text);
	for (size_t times = 1;; times++) {
		r = (struct reader){ .tree = t,
			.input = { marked.data, marked.len },
			.place = { 1, 1 },
			.end = { 1, 1 } };
		status = text_read(&r, e);
		if (status <= 0)
			break;
		yamllines_tell(&marked, r.blocks, r.nblocks);
		free(r.blocks);
		tree_free(t);
		if (times < AGAIN_TIMES && times * text.n < AGAIN_BYTES)
			continue;
		error_set(e, ERROR_LIMIT,
		    "too many text blocks without lines; write an empty text as ''");
		status = -1;
		break;
	}
	*at = r.place;
	return status;
}
