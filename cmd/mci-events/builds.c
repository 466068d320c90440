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

#define SLOTS 64 /* of the first table */

/* FNV-1a: names are short, and whoever may publish may as well fill the disk. */
static uint64_t
hash_of(struct span name)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < name.n; i++)
		h = (h ^ (unsigned char)name.p[i]) * UINT64_C(0x100000001b3);
	return h;
}

/* The slot of a name, or the free one where it belongs. */
static struct build_mark *
slot_of(const struct builds *b, struct span name, uint64_t hash)
{
	for (size_t i = hash & (b->size - 1);; i = (i + 1) & (b->size - 1)) {
		struct build_mark *m = &b->slots[i];

		if (m->name == NULL || (m->hash == hash && span_is(name, m->name)))
			return m;
	}
}

/* Puts every mark that is to stay into a table of this size. */
static void
rebuild(struct builds *b, size_t size, uint64_t first)
{
	struct builds fresh = { xmalloc(size * sizeof(struct build_mark)), size, 0 };

	for (size_t i = 0; i < b->size; i++) {
		struct build_mark *m = &b->slots[i];

		if (m->name == NULL)
			continue;
		if (m->offset < first) {
			free(m->name);
			continue;
		}
		*slot_of(&fresh, (struct span){ m->name, strlen(m->name) }, m->hash) = *m;
		fresh.n++;
	}
	free(b->slots);
	*b = fresh;
}

static struct build_mark *
slot_for(struct builds *b, struct span name)
{
	/* at most three quarters full */
	if (b->n * 4 >= b->size * 3)
		rebuild(b, b->size == 0 ? SLOTS : b->size * 2, 0);
	return slot_of(b, name, hash_of(name));
}

enum builds_answer
builds_judge(const struct builds *b, struct span build, int64_t run, int64_t seq)
{
	const struct build_mark *m = b->size == 0 ? NULL : slot_of(b, build, hash_of(build));

	if (m == NULL || m->name == NULL || run > m->run)
		return BUILDS_FRESH;
	if (run < m->run)
		return BUILDS_OLD;
	return seq > m->seq ? BUILDS_FRESH : BUILDS_REPEAT;
}

void
builds_note(struct builds *b, struct span build, int64_t run, int64_t seq, uint64_t offset,
    struct build_mark *was)
{
	struct build_mark *m = slot_for(b, build);

	if (was != NULL)
		*was = *m;
	if (m->name == NULL) {
		m->name = xmemdup(build.p, build.n);
		m->hash = hash_of(build);
		b->n++;
	}
	m->run = run;
	m->seq = seq;
	m->offset = offset;
}

void
builds_undo(struct builds *b, struct span build, const struct build_mark *was)
{
	struct build_mark *m = slot_of(b, build, hash_of(build));

	m->run = was->run;
	m->seq = was->seq;
	m->offset = was->offset;
	/* one that was new stays as a name with nothing seen: taking it out would break chains */
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
	size_t size = SLOTS, left = 0;

	for (size_t i = 0; i < b->size; i++)
		left += b->slots[i].name != NULL && b->slots[i].offset >= first;
	if (left == b->n)
		return;
	while (left * 2 > size)
		size *= 2;
	rebuild(b, size, first);
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

	for (size_t i = 0; i < b->size; i++) {
		if (b->slots[i].name == NULL || b->slots[i].offset < first)
			continue;
		write_mark(&text, &b->slots[i]);
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
	for (size_t i = 0; i < b->size; i++)
		free(b->slots[i].name);
	free(b->slots);
	*b = (struct builds){ 0 };
}
