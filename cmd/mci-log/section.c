#include "section.h"

#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "memory.h"
#include "message.h"
#include "note.h"

struct section {
	char *name;
	int64_t from, to;     /* its bytes; to is -1 as long as it is open */
	int64_t began, ended; /* 0 when not known */
	bool unfolded;        /* whoever wrote it wants it shown */
};

struct section_list {
	struct section *all; /* in their order in the log */
	size_t n, size;
};

static void
begin(struct section_list *l, char *name, int64_t offset, int64_t time, bool unfolded)
{
	if (l->n == l->size) {
		l->size = l->size == 0 ? 16 : l->size * 2;
		l->all = xrealloc(l->all, l->size, sizeof(*l->all));
	}
	l->all[l->n++] = (struct section){ .name = name, .from = offset, .to = -1, .began = time,
		.unfolded = unfolded };
}

/* An annotation at that offset and time; what is no section is passed over. */
static void
section_note(struct section_list *l, struct span note, int64_t offset, int64_t time)
{
	struct section *open = l->n > 0 && l->all[l->n - 1].to < 0 ? &l->all[l->n - 1] : NULL;
	AUTO_BYTES name = { 0 };
	AUTO_BYTES title = { 0 };

	if (!note_member(note, "section", &name))
		return;
	if (message_true(note, "reopen")) {
		if (open != NULL)
			open->unfolded = true;
		return;
	}
	/* notes are read one after the other, but a hand may have written them */
	if (open != NULL && offset < open->from)
		offset = open->from;
	if (open != NULL) {
		open->to = offset;
		open->ended = time;
	}
	if (message_true(note, "end"))
		return;
	if (l->n > 0 && offset < l->all[l->n - 1].to)
		offset = l->all[l->n - 1].to;
	begin(l, bytes_give(note_member(note, "title", &title) ? &title : &name), offset, time,
	    message_true(note, "open"));
}

/* Of a line: where it begins and ends, and when it came. */
struct place {
	int64_t at, end, time;
};

/* What the markers of a line said. A section begins with the line of its marker, and ends behind
 * that of its end, unless the next one begins there. */
static void
take_notes(struct section_list *l, struct span notes, struct place p)
{
	while (notes.n > 0) {
		const char *newline = memchr(notes.p, '\n', notes.n);
		struct span one = { notes.p, (size_t)(newline - notes.p) };

		notes = (struct span){ newline + 1, notes.n - one.n - 1 };
		section_note(l, one, notes.n == 0 && message_true(one, "end") ? p.end : p.at, p.time);
	}
}

/* The sections that markers of that style make in a log, which is read to its end once. 0 or -1. */
static int
section_find(struct section_list *l, struct source *s, enum marker_style style,
    struct error *e)
{
	struct marker m = { .style = style };
	AUTO_BYTES notes = { 0 };
	struct place before = { 0 };
	int found;

	while ((found = source_line(s, true, e)) == 1) {
		size_t n = s->end - s->at > MARKER_LIMIT + 1 ? 0 : (size_t)(s->end - s->at);
		struct place now = { s->at, s->end, s->time };
		struct span line;
		size_t earlier;

		found = source_piece(s, s->at, n, &line, e);
		if (found < 0)
			break;
		if (line.n > 0 && line.p[line.n - 1] == '\n')
			line.n--;
		notes.len = 0;
		earlier = marker_read(&m, line, &notes);
		if (notes.len > 0) {
			take_notes(l, (struct span){ notes.data, earlier }, before);
			take_notes(l, (struct span){ notes.data + earlier, notes.len - earlier }, now);
		}
		before = now;
		source_advance(s);
	}
	notes.len = 0;
	marker_end(&m, &notes);
	take_notes(l, (struct span){ notes.data, notes.len }, before);
	marker_free(&m);
	return found;
}

/* The start of the first line at or behind offset. */
static int64_t
line_from(struct source *s, int64_t offset, struct error *e)
{
	return offset == 0 ? 0 : source_forward(s, offset - 1, 1, s->to, NULL, e);
}

static int
heading(struct output *o, struct source *s, const struct section *x, bool folded, uint64_t lines,
    struct error *e)
{
	AUTO_BYTES text = { 0 };

	bytes_text(&text, folded ? "\xe2\x96\xb8 " : "\xe2\x96\xbe ");
	bytes_text(&text, x->name);
	if (folded) {
		bytes_format(&text, " (%llu line%s", (unsigned long long)lines, lines == 1 ? "" : "s");
		if (x->began > 0 && x->ended >= x->began) {
			bytes_text(&text, ", ");
			duration_show(&text, x->ended - x->began);
		}
		bytes_char(&text, ')');
	}
	s->time = x->began;
	return output_heading(o, s, (struct span){ text.data, text.len }, e);
}

/* A section at s->at: its heading, and behind it when it is folded. */
static int
show_section(struct output *o, struct source *s, const struct section *x, struct error *e)
{
	int64_t to = x->to < 0 ? s->to : line_from(s, x->to, e);
	bool folded = x->to >= 0 && !x->unfolded;
	uint64_t lines = 0;

	if (to < 0 || (folded && source_forward(s, s->at, UINT64_MAX, to, &lines, e) < 0) ||
	    heading(o, s, x, folded, lines, e) < 0)
		return -1;
	if (folded && to > s->at) {
		s->at = s->searched = to;
		s->number += lines;
	}
	return 0;
}

/* Shows the log from s->at on, each ended section as a heading with its lines and time. */
static int
show_folded(const struct section_list *l, struct output *o, struct source *s, struct error *e)
{
	int found = 1;

	for (size_t i = 0; i <= l->n && found == 1; i++) {
		int64_t from = i == l->n ? INT64_MAX : line_from(s, l->all[i].from, e);

		if (from < 0)
			return -1;
		while (s->at < from && (found = source_line(s, true, e)) == 1) {
			if (output_line(o, s, e) < 0)
				return -1;
			source_advance(s);
		}
		if (found < 0 || (i < l->n && show_section(o, s, &l->all[i], e) < 0))
			return -1;
		/* a section may begin where the log ends */
		found = i < l->n ? 1 : found;
	}
	return found < 0 ? -1 : 0;
}

static void
section_free(struct section_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->all[i].name);
	free(l->all);
	*l = (struct section_list){ 0 };
}

void
section_take(void *arg, const struct build_note *n)
{
	(void)arg;
	if (n->note.n == 0)
		return;
	if (n->source->sections == NULL)
		n->source->sections = xmalloc(sizeof(*n->source->sections));
	section_note(n->source->sections, n->note, n->offset, n->time);
}

int
section_show(const struct view *v, struct source *s, enum marker_style style, struct error *e)
{
	struct section_list own = { 0 }, *sections = s->sections != NULL ? s->sections : &own;
	int there = view_open(v, s, e), result = there;

	if (there == 1 && style != MARKER_NONE) {
		sections = &own;
		result = section_find(&own, s, style, e);
		s->at = s->searched = 0;
		s->number = 1;
	}
	if (there == 1 && result >= 0)
		result = show_folded(sections, v->out, s, e);
	section_free(&own);
	if (result >= 0)
		view_finish(v, s);
	return result < 0 ? -1 : 0;
}

void
section_forget(const struct build *b)
{
	for (size_t i = 0; i < b->n; i++) {
		if (b->sources[i]->sections != NULL)
			section_free(b->sources[i]->sections);
		free(b->sources[i]->sections);
		b->sources[i]->sections = NULL;
	}
}
