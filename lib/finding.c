#include "finding.h"

#include <stdlib.h>
#include <string.h>

#include "hexdump.h"
#include "memory.h"
#include "near.h"

void
finding_index(struct finding *f)
{
	needles_index(&f->needles);
}

void
finding_free(struct finding *f)
{
	needles_free(&f->needles);
	decoded_free(&f->decoded);
	decoded_free(&f->probe);
	free(f->places);
}

static void
place_add(struct finding *f, struct finding_place p)
{
	struct finding_place *last = f->n > 0 ? &f->places[f->n - 1] : NULL;

	/* most of what is found overlaps, when much is */
	if (last != NULL && p.from >= last->from && p.from <= last->to) {
		last->to = p.to > last->to ? p.to : last->to;
		last->start = p.start < last->start ? p.start : last->start;
		return;
	}
	if (f->n == f->size) {
		f->size = f->size == 0 ? 64 : f->size * 2;
		f->places = xrealloc(f->places, f->size, sizeof(*f->places));
	}
	f->places[f->n++] = p;
}

static int
compare_places(const void *left, const void *right)
{
	const struct finding_place *a = left, *b = right;

	return (a->from > b->from) - (a->from < b->from);
}

static void
places_join(struct finding *f)
{
	size_t n = f->n;

	qsort(f->places, n, sizeof(*f->places), compare_places);
	f->n = 0;
	for (size_t i = 0; i < n; i++)
		place_add(f, f->places[i]);
}

/* Where what is decoded from first on is covered from: behind a break that leaves but a head before
 * it. */
static size_t
cover_from(const struct decoded *d, size_t first)
{
	for (size_t i = first + 1; i < first + FINDING_HEAD && i < d->text.len; i++) {
		if (d->places[i].broken)
			return d->places[i].at;
	}
	return d->places[first].at;
}

static size_t
place_end(const struct decoded *d, size_t i)
{
	return d->places[i].at + d->places[i].length;
}

/* Without any white space more fits than is meant: then a line has to end within, or something be
 * escaped. */
static bool
is_meant(const struct decoded *d, enum decode_space space, size_t first, size_t n)
{
	for (size_t i = first; space == DECODE_NO_SPACE && i < first + n; i++) {
		if (d->places[i].length > 1 || (i > first && d->places[i].line))
			return true;
	}
	return space != DECODE_NO_SPACE;
}

static void
found_add(struct finding *f, enum decode_space space, size_t first, size_t n)
{
	const struct decoded *d = &f->decoded;

	if (is_meant(d, space, first, n))
		place_add(f,
		    (struct finding_place){
			cover_from(d, first), place_end(d, first + n - 1), d->places[first].at });
}

/* --- dumps of bytes --- */

static size_t
line_end(const struct decode_text *t, size_t at)
{
	const char *newline = memchr(t->p + at, '\n', t->n - at);

	return newline == NULL ? t->n : (size_t)(newline - t->p);
}

/* Where the line begins that at is in or behind; SIZE_MAX when that is before the text. */
static size_t
line_start(const struct decode_text *t, size_t at)
{
	const char *newline = at == 0 ? NULL : memrchr(t->p, '\n', at);

	return newline != NULL ? (size_t)(newline - t->p) + 1 : t->line ? 0 : SIZE_MAX;
}

/* The bytes of a line; white space is one blank, also over the end of a line. */
static void
dump_add(struct decoded *d, const struct hexdump *dump, size_t line)
{
	bool broken = d->text.len > 0;

	for (size_t i = 0; i < dump->n; i++) {
		char c = (char)dump->bytes[i];
		bool blank = decode_blank(c);

		if (blank && d->text.len > 0 && d->text.data[d->text.len - 1] == ' ')
			continue;
		decoded_put(
		    d, blank ? ' ' : c, line + dump->at[i], dump->length[i], broken, broken);
		broken = false;
	}
}

/* The lines of a dump from line on; returns where the first other one begins. */
static size_t
dump_read(struct finding *f, const struct decode_text *t, size_t line, size_t to)
{
	struct hexdump dump;

	decoded_clear(&f->probe);
	while (line < to) {
		size_t end = line_end(t, line);

		if ((end == t->n && !t->last) || !hexdump_read(&dump, t->p + line, end - line))
			break;
		dump_add(&f->probe, &dump, line);
		line = end < t->n ? end + 1 : t->n;
	}
	return line;
}

/* Everything from a needle on to the end of the line is covered, with the text beside the bytes.
 * Lines are read from their start. */
static void
dump_found(struct finding *f, const struct decode_text *t, size_t first, size_t last)
{
	const struct decoded *d = &f->probe;
	size_t at = d->places[first].at;

	place_add(f,
	    (struct finding_place){
		cover_from(d, first), line_end(t, d->places[last].at), line_start(t, at) });
}

static size_t
dump_search(struct finding *f, const struct decode_text *t, size_t line)
{
	const struct decoded *d = &f->probe;
	size_t end = dump_read(f, t, line, t->n);
	struct needle_match found;

	for (size_t from = 0; needles_next(&f->needles, d->text.data, d->text.len, from, &found);
	     from = found.at + 1)
		dump_found(f, t, found.at, found.at + found.n - 1);
	return end;
}

/* --- the ways --- */

static void
search_plain(struct finding *f, const struct decode_text *t)
{
	struct needle_match found;

	for (size_t from = 0; needles_next(&f->needles, t->p, t->n, from, &found);
	     from = found.at + 1)
		place_add(f, (struct finding_place){ found.at, found.at + found.n, found.at });
}

static size_t
blanks_before(const struct decode_text *t, size_t at)
{
	while (at > 0 && decode_blank(t->p[at - 1]))
		at--;
	return at;
}

static size_t
blanks_behind(const struct decode_text *t, size_t at)
{
	while (at < t->n && decode_blank(t->p[at]))
		at++;
	return at;
}

/* A place that reads as something else than its bytes. */
static void
search_place(struct finding *f, struct near *s, size_t from, size_t to)
{
	struct needle_match found;
	struct near_part part;

	if (!near_look(s, from, to, &part))
		return;
	for (size_t at = part.from;
	     needles_next(&f->needles, f->decoded.text.data, part.to, at, &found);
	     at = found.at + 1)
		found_add(f, s->way.space, found.at, found.n);
}

/* Where a line begins, at or behind line. Lines of a dump are read as such; returns where that
 * ended. */
static size_t
search_line(struct finding *f, const struct decode_text *t, size_t line, size_t done)
{
	if (line >= t->n || line < done || !hexdump_maybe(t->p + line, t->n - line))
		return done;
	return dump_search(f, t, line);
}

/* Over the breaks of lines, and in dumps. Other white space matters only to a needle that has some:
 * it is left out as well, where a line breaks near it. */
static void
search_lines(struct finding *f, const struct decode_text *t, enum decode_space space)
{
	struct near s = { &f->needles, t, { DECODE_NONE, space }, &f->decoded, 0, 0 };
	bool dumps = space == DECODE_BREAKS;
	size_t at = 0, dumped = 0;

	if (t->line && dumps)
		dumped = search_line(f, t, 0, 0);
	while ((at = dumps ? near_newline(&f->needles, t, at) : line_end(t, at)) < t->n) {
		size_t line = at + 1, from = blanks_before(t, line);

		for (at = line; at < t->n && decode_blank(t->p[at]); at++)
			line = t->p[at] == '\n' ? at + 1 : line;
		if (dumps)
			dumped = search_line(f, t, line, dumped);
		if (from > 0 && at < t->n && at - from <= DECODE_GAP &&
		    !(dumps ? near_cold(&f->needles, t, s.way, from, at, NULL) :
			      near_cold_line(&f->needles, t, from, at)))
			search_place(f, &s, from, at);
	}
}

/* Where white space is not what it is in the needle. */
static void
search_blanks(struct finding *f, const struct decode_text *t)
{
	struct near s = { &f->needles, t, { DECODE_NONE, DECODE_BLANKS }, &f->decoded, 0, 0 };
	size_t from = 0;

	while ((from = near_blanks(t, from)) < t->n) {
		size_t to = blanks_behind(t, from);

		if (from > 0 && to < t->n && to - from <= DECODE_GAP &&
		    !near_cold(&f->needles, t, s.way, from, to, " "))
			search_place(f, &s, from, to);
		from = to;
	}
}

/* Where white space ends that goes on at at, some of it escaped. */
static size_t
escaped_blanks_behind(const struct decode_text *t, enum decode_escape escape, size_t at)
{
	char sign = decode_sign(escape), out[4];
	size_t length, took = 1;

	while (took > 0 && (at = blanks_behind(t, at)) < t->n && t->p[at] == sign) {
		took = decode_unit(escape, t->p + at, t->n - at, t->last, out, &length);
		if (took == 1 || length > 1 || !decode_blank(out[0]))
			break;
		at += took;
	}
	return at;
}

static void
search_escapes(struct finding *f, const struct decode_text *t, struct decode_way way)
{
	struct near s = { &f->needles, t, way, &f->decoded, 0, 0 };
	char sign = decode_sign(way.escape);
	const char *found;
	size_t at = 0, length, took, mark = 0;
	char out[4];

	for (; at < t->n && (found = memchr(t->p + at, sign, t->n - at)) != NULL; at += took) {
		at = (size_t)(found - t->p);
		took = decode_unit(way.escape, found, t->n - at, t->last, out, &length);
		if (took == 0)
			break;
		/* as many bytes before as mostly hold a block, and not many more */
		if (at - mark > 4 * NEEDLES_BLOCK) {
			s.start = mark;
			mark = at;
		}
		/* the sign itself is no escape */
		if (took == 1)
			continue;
		if (length == 1 && decode_blank(out[0])) {
			/* a run is one place, and over a long one nothing goes on */
			size_t from = blanks_before(t, at);

			took = escaped_blanks_behind(t, way.escape, at + took) - at;
			if (at + took - from <= DECODE_GAP)
				search_place(f, &s, from, at + took);
		} else if (length > 1 || !near_cold(&f->needles, t, way, at, at + took, out)) {
			search_place(f, &s, at, at + took);
		}
	}
}

static void
search_ways(struct finding *f, const struct decode_text *t)
{
	search_lines(f, t, DECODE_BREAKS);
	if (f->blanks) {
		search_lines(f, t, DECODE_NO_SPACE);
		search_blanks(f, t);
	}
	for (int escape = DECODE_NONE + 1; escape < DECODE_ESCAPES; escape++) {
		f->signs[escape] =
		    memchr(t->p, decode_sign((enum decode_escape)escape), t->n) != NULL;
		for (int space = 0; f->signs[escape] && space < (f->blanks ? DECODE_SPACES : 1);
		     space++)
			search_escapes(f, t,
			    (struct decode_way){
				(enum decode_escape)escape, (enum decode_space)space });
	}
}

/* --- ends --- */

/* Where, in what is decoded, a needle begins that may go on behind it. */
static size_t
end_open(const struct finding *f, const struct decoded *d)
{
	return needles_open(&f->needles, d->text.data, d->text.len);
}

/* What the end of the text says, as far as a needle may begin in it. */
static size_t
end_decode(struct finding *f, const struct decode_text *t, struct decode_way way)
{
	struct decoded *d = &f->decoded;

	for (size_t bytes = f->needles.longest + 1;; bytes *= 4) {
		size_t start = decode_back(way.escape, t->p, t->n, t->n, bytes), at, first = 0;

		decoded_clear(d);
		at = decode_add(d, way, t->p, t->n, start, SIZE_MAX, t->last);
		while (first < d->text.len && decode_blank(d->text.data[first]))
			first++;
		if (start == 0 || d->text.len - first >= f->needles.longest || bytes >= t->n)
			return at;
	}
}

/* For each way but that of dumps; of escapes only those whose sign is there. */
static void
each_way(struct finding *f, const struct decode_text *t,
    void (*take)(struct finding *f, const struct decode_text *t, struct decode_way way, void *arg),
    void *arg)
{
	for (int i = DECODE_NONE; i < DECODE_ESCAPES; i++) {
		enum decode_escape escape = (enum decode_escape)i;

		if (escape != DECODE_NONE && !f->signs[escape])
			continue;
		for (int space = 0; space < (f->blanks ? DECODE_SPACES : 1); space++)
			take(f, t, (struct decode_way){ escape, (enum decode_space)space }, arg);
	}
}

static void
cut_way(struct finding *f, const struct decode_text *t, struct decode_way way, void *arg)
{
	const struct decoded *d = &f->decoded;
	size_t i;

	end_decode(f, t, way);
	i = end_open(f, d);
	/* not the white space behind it */
	if (d->text.len - i >= *(size_t *)arg)
		found_add(f, way.space, i, d->text.len - i);
}

/* Reads the dump that ends at to, from as many lines before the one at line on as the longest
 * needle can be in; whether there is one. */
static bool
dump_end(struct finding *f, const struct decode_text *t, size_t line_at, size_t to)
{
	size_t start = line_at, bytes = 0;
	struct hexdump dump;

	while (start > 0 && bytes < f->needles.longest) {
		size_t line = line_start(t, start - 1);

		if (line == SIZE_MAX || !hexdump_read(&dump, t->p + line, start - 1 - line))
			break;
		bytes += dump.n;
		start = line;
	}
	return start < to && dump_read(f, t, start, to) == to;
}

void
finding_search(struct finding *f, struct decode_text t, size_t least)
{
	f->n = 0;
	if (t.n == 0 || f->needles.n == 0)
		return;
	search_plain(f, &t);
	search_ways(f, &t);
	if (t.last) {
		size_t open = needles_open(&f->needles, t.p, t.n), line = line_start(&t, t.n);

		if (t.n - open >= least)
			place_add(f, (struct finding_place){ open, t.n, open });
		each_way(f, &t, cut_way, &least);
		if (line != SIZE_MAX && dump_end(f, &t, line, t.n)) {
			open = end_open(f, &f->probe);
			if (f->probe.text.len - open >= least)
				dump_found(f, &t, open, f->probe.text.len - 1);
		}
	}
	if (f->n > 1)
		places_join(f);
}

static void
open_at(struct finding_open *o, size_t keep, size_t stop)
{
	o->keep = keep < o->keep ? keep : o->keep;
	o->stop = stop < o->stop ? stop : o->stop;
}

/* A needle is open from the i-th byte on; a line may break where they end. */
static void
open_decoded(struct finding_open *o, const struct decode_text *t, const struct decoded *d, size_t i,
    bool breaks)
{
	size_t from;

	if (i == d->text.len)
		return;
	from = cover_from(d, i);
	/* so far it is a head */
	if (breaks && d->text.len - i < FINDING_HEAD && from == d->places[i].at)
		from = t->n;
	open_at(o, d->places[i].at, from);
}

static void
open_way(struct finding *f, const struct decode_text *t, struct decode_way way, void *arg)
{
	struct finding_open *o = arg;
	struct decoded *d = &f->decoded;
	size_t at = end_decode(f, t, way), end = d->unfinished == SIZE_MAX ? t->n : d->unfinished;
	bool run = at < end;

	/* most of what ends in % is a figure */
	if (end < t->n)
		open_at(
		    o, end, way.escape == DECODE_URL && t->n - end == 1 && !f->odd ? t->n : end);
	if (run && end - at > DECODE_GAP)
		return;
	if (run && way.space == DECODE_BLANKS)
		decoded_put(d, ' ', at, end - at, false, false);
	open_decoded(o, t, d, end_open(f, d), run && way.space != DECODE_BLANKS);
}

static void
open_dump(struct finding *f, const struct decode_text *t, struct finding_open *o)
{
	size_t line = line_start(t, t->n), n = t->n - line, from;

	if (line == SIZE_MAX)
		return;
	if (n > 0) {
		if (n > HEXDUMP_LINE || !hexdump_maybe(t->p + line, n))
			return;
		from = hexdump_open(t->p + line, n);
		open_at(o, line, line + from);
	}
	if (dump_end(f, t, line, line)) {
		size_t i = end_open(f, &f->probe);

		open_decoded(o, t, &f->probe, i, true);
		/* what is left has to be read as a line */
		if (i < f->probe.text.len)
			open_at(o, line_start(t, f->probe.places[i].at), t->n);
	}
}

struct finding_open
finding_open(struct finding *f, struct decode_text t)
{
	struct finding_open o = { t.n, t.n };
	size_t before;

	if (t.n == 0 || f->needles.n == 0)
		return o;
	o.keep = o.stop = needles_open(&f->needles, t.p, t.n);
	each_way(f, &t, open_way, &o);
	open_dump(f, &t, &o);
	for (size_t i = f->n; i > 0 && f->places[i - 1].from >= o.stop; i--)
		open_at(&o, f->places[i - 1].start, t.n);
	/* what is left has to be read as it would be with all before it */
	do {
		before = o.keep;
		for (int escape = DECODE_NONE + 1; escape < DECODE_ESCAPES; escape++)
			o.keep = decode_start((enum decode_escape)escape, t.p, t.n, o.keep);
	} while (o.keep != before);
	return o;
}
