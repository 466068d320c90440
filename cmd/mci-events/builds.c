#include "builds.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emit.h"
#include "kernel.h"
#include "line.h"
#include "memory.h"
#include "segment.h"

static bool
mark_is(const void *builds, uint32_t place, struct span name)
{
	return span_is(name, ((const struct builds *)builds)->marks[place].name);
}

enum builds_answer
builds_judge(const struct builds *b, struct span build, int64_t run, int64_t seq)
{
	uint32_t place = nametable_find(&b->names, build, mark_is, b);
	const struct build_mark *m = place == NAMETABLE_NONE ? NULL : &b->marks[place];

	if (m == NULL || run > m->run)
		return BUILDS_FRESH;
	if (run < m->run)
		return BUILDS_OLD;
	return seq > m->seq ? BUILDS_FRESH : BUILDS_REPEAT;
}

static struct build_mark *
mark_of(struct builds *b, struct span build)
{
	uint32_t place = nametable_put(&b->names, build, (uint32_t)b->n, mark_is, b);

	if (place < b->n)
		return &b->marks[place];
	if (b->n == b->size) {
		b->size = b->size == 0 ? 64 : b->size * 2;
		b->marks = xrealloc(b->marks, b->size, sizeof(*b->marks));
	}
	b->marks[b->n] = (struct build_mark){ .name = xmemdup(build.p, build.n) };
	return &b->marks[b->n++];
}

void
builds_note(struct builds *b, struct span build, int64_t run, int64_t seq, uint64_t offset,
    struct build_mark *was)
{
	struct build_mark *m = mark_of(b, build);

	if (was != NULL)
		*was = *m;
	m->run = run;
	m->seq = seq;
	m->offset = offset;
}

void
builds_undo(struct builds *b, struct span build, const struct build_mark *was)
{
	struct build_mark *m = mark_of(b, build);

	/* one that was new stays as a name with nothing seen */
	m->run = was->run;
	m->seq = was->seq;
	m->offset = was->offset;
}

bool
builds_places(const struct message *m)
{
	return m->build.n > 0 && (m->seq > 0 || (m->run > 0 && span_is(m->type, "build/initializing")));
}

void
builds_note_line(struct builds *b, const struct message *m, uint64_t offset)
{
	if (builds_places(m))
		builds_note(b, m->build, m->run > 0 ? m->run : 1, m->seq, offset, NULL);
}

void
builds_forget(struct builds *b, uint64_t first)
{
	struct builds kept = { 0 };

	for (size_t i = 0; i < b->n; i++) {
		const struct build_mark *m = &b->marks[i];

		if (m->offset >= first)
			builds_note(&kept, (struct span){ m->name, strlen(m->name) }, m->run, m->seq,
			    m->offset, NULL);
	}
	builds_free(b);
	*b = kept;
}

static void
write_mark(struct bytes *text, const struct build_mark *m)
{
	/* the name is as it stood between quotes, escapes and all */
	bytes_text(text, "{\"build\":\"");
	bytes_text(text, m->name);
	bytes_char(text, '"');
	emit_integer(text, "run", m->run);
	emit_integer(text, "seq", m->seq);
	emit_integer(text, "offset", (int64_t)m->offset);
	emit_line(text);
}

int
builds_save(const struct builds *b, int dir, uint64_t first, struct error *e)
{
	AUTO_BYTES text = { 0 }, name = { 0 };
	AUTO_CLOSE int fd = -1;
	size_t count = 0;

	for (size_t i = 0; i < b->n; i++) {
		if (b->marks[i].offset < first)
			continue;
		write_mark(&text, &b->marks[i]);
		count++;
	}
	/* a summary without its last line is none: it is not synced, for the segment says the same
	 * */
	bytes_format(&text, "{\"builds\":%zu}\n", count);
	segment_name(&name, first, "builds");
	fd = kernel.open(dir, bytes_string(&name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || kernel_write_all(fd, text.data, text.len) < 0)
		return error_sys(e, "write %s", name.data);
	return 0;
}

/* One line of a summary; 1 a build, 2 the last line, -1 malformed. */
static int
load_line(struct builds *b, struct span line, size_t count)
{
	struct scan_value v;
	int64_t run, seq, offset, said;

	if (message_whole(line, "builds", 0, &said, NULL) == 0)
		return (size_t)said == count ? 2 : -1;
	if (message_member(line.p, line.n, "build", &v, NULL) != 1 || v.type != SCAN_STRING ||
	    message_whole(line, "run", 1, &run, NULL) < 0 ||
	    message_whole(line, "seq", 0, &seq, NULL) < 0 ||
	    message_whole(line, "offset", 1, &offset, NULL) < 0)
		return -1;
	builds_note(b, (struct span){ v.raw.p + 1, v.raw.n - 2 }, run, seq, (uint64_t)offset, NULL);
	return 1;
}

int
builds_load(struct builds *b, int dir, uint64_t first)
{
	AUTO_BYTES name = { 0 };
	AUTO_CLOSE int fd = -1;
	struct line_reader r = { 0 };
	struct span line;
	size_t count = 0;
	int got = 1;

	segment_name(&name, first, "builds");
	fd = kernel_open_file(dir, bytes_string(&name));
	/* what a torn one says of a build is true all the same: reading the segment only adds to it
	 * */
	while (fd >= 0 && got == 1 && line_read(&r, fd) > 0) {
		while (got == 1 && line_next(&r, &line) == LINE_OK) {
			got = load_line(b, line, count);
			count += got == 1;
		}
	}
	line_free(&r);
	return got == 2;
}

void
builds_free(struct builds *b)
{
	for (size_t i = 0; i < b->n; i++)
		free(b->marks[i].name);
	free(b->marks);
	nametable_free(&b->names);
	*b = (struct builds){ 0 };
}
