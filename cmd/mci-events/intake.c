#include "intake.h"

#include <stdlib.h>
#include <string.h>

#include "buildname.h"
#include "emit.h"
#include "kernel.h"
#include "line.h"
#include "memory.h"
#include "nametable.h"
#include "spec.h"
#include "timestamp.h"

/* Room that is kept from one batch to the next. */
#define KEPT (512 * 1024)
/* of an event of those who may publish no more than some builds */
#define KEYS 256

static bool
key_is(const void *keys, uint32_t place, struct span key)
{
	const struct span *k = &((const struct span *)keys)[place];

	return k->n == key.n && memcmp(k->p, key.p, key.n) == 0;
}

/* What readers may take differently is refused: a key that comes twice, or is written with escapes. */
static int
check_keys(const struct message *m, struct error *e)
{
	struct span keys[KEYS];
	struct nametable seen = { 0 };
	struct scan s;
	struct scan_member member;
	uint32_t n = 0;
	int result = 0;

	scan_open(&s, m->line.p, m->line.n, NULL);
	while (result == 0 && scan_next(&s, &member, NULL) > 0) {
		struct span key = member.key;
		int shown = key.n < 64 ? (int)key.n : 64;

		if (n == KEYS)
			result = error_set(e, ERROR_REFUSED, "more than %d keys", KEYS);
		else if (memchr(key.p, '\\', key.n) != NULL)
			result = error_set(e, ERROR_REFUSED, "%.*s: a key may hold no escapes here", shown,
			    key.p);
		else if (nametable_put(&seen, key, n, key_is, keys) < n)
			result = error_set(e, ERROR_REFUSED, "%.*s: the key comes twice", shown, key.p);
		else
			keys[n++] = key;
	}
	nametable_free(&seen);
	return result;
}

static int
check(const struct message *m, const char *prefix, struct error *e)
{
	if (m->kind != MESSAGE_EVENT)
		return error_set(e, ERROR_INPUT, "expected an event with a type");
	if (m->offset.n > 0 || m->received.n > 0)
		return error_set(e, ERROR_INPUT, "%s: set by the hub; leave it out",
		    m->offset.n > 0 ? "offset" : "received");
	if (prefix == NULL)
		return 0;
	if (m->build.n < strlen(prefix) || memcmp(m->build.p, prefix, strlen(prefix)) != 0)
		return error_set(e, ERROR_REFUSED, "build: only builds that begin with %s may be "
		    "published here", prefix);
	/* who may publish no more than some builds is not trusted with their names */
	if (buildname_check(m->build, e) < 0)
		return error_before(e, "build: ");
	if (m->job.n > 0 && !spec_id_ok(m->job.p, m->job.n))
		return error_set(e, ERROR_INPUT, "job: '%.*s' is no job's id",
		    (int)(m->job.n < 128 ? m->job.n : 128), m->job.p);
	return check_keys(m, e);
}

static void
begin(struct intake *in)
{
	in->received = kernel.wall();
	in->stamp.len = 0;
	timestamp_write(&in->stamp, in->received);
}

static int
add_line(struct intake *in, const struct message *m, struct error *e)
{
	char room[96];
	struct bytes front = { room, 0, sizeof(room) };
	size_t from = in->lines.len;

	if (in->count == 0)
		begin(in);
	bytes_text(&front, "\"offset\":");
	bytes_number(&front, (int64_t)in->next);
	bytes_text(&front, ",\"received\":\"");
	bytes_add(&front, in->stamp.data, in->stamp.len);
	bytes_char(&front, '"');
	message_splice(&in->lines, (struct span){ front.data, front.len }, m->line.p, m->line.n);
	if (in->lines.len - from <= LINE_LIMIT)
		return 0;
	error_set(e, ERROR_LIMIT, "the event has %zu bytes with offset and received, a line may have %d",
	    in->lines.len - from, LINE_LIMIT);
	in->lines.len = from;
	return -1;
}

/* Remembers the build's new place, and what was known before. The name is kept as it stands in
 * lines. */
static void
note(struct intake *in, const struct message *m)
{
	struct intake_note *one;

	if (in->nnotes == in->notes_size) {
		in->notes_size = in->notes_size == 0 ? 64 : in->notes_size * 2;
		in->notes = xrealloc(in->notes, in->notes_size, sizeof(*in->notes));
	}
	one = &in->notes[in->nnotes++];
	/* the line's end is the event as it came, from its first key on */
	one->at = in->lines.len - 1 - (size_t)(m->line.p + m->line.n - m->build.p);
	one->n = m->build.n;
	builds_note(in->builds, m->build, m->run > 0 ? m->run : 1, m->seq, in->next, &one->was);
}

enum intake_answer
intake_take(struct intake *in, const struct message *m, const char *prefix, struct error *e)
{
	bool of_build = builds_places(m);
	enum builds_answer known = BUILDS_FRESH;

	if (check(m, prefix, e) < 0)
		return INTAKE_REFUSED;
	if (of_build)
		known = builds_judge(in->builds, m->build, m->run > 0 ? m->run : 1, m->seq);
	if (known == BUILDS_REPEAT)
		return INTAKE_REPEAT;
	if (known == BUILDS_OLD) {
		error_set(e, ERROR_FENCED, "run: a newer run of build %.*s has begun",
		    (int)(m->build.n < 128 ? m->build.n : 128), m->build.p);
		return INTAKE_REFUSED;
	}
	if (add_line(in, m, e) < 0)
		return INTAKE_REFUSED;
	if (of_build)
		note(in, m);
	in->count++;
	in->next++;
	return INTAKE_TAKEN;
}

struct intake_mark
intake_mark(const struct intake *in)
{
	return (struct intake_mark){ in->lines.len, in->nnotes, in->count };
}

void
intake_undo(struct intake *in, struct intake_mark mark)
{
	while (in->nnotes > mark.notes) {
		const struct intake_note *one = &in->notes[--in->nnotes];

		builds_undo(in->builds, (struct span){ in->lines.data + one->at, one->n }, &one->was);
	}
	in->next -= in->count - mark.count;
	in->count = mark.count;
	in->lines.len = mark.bytes;
}

void
intake_done(struct intake *in)
{
	if (in->lines.size > KEPT)
		bytes_free(&in->lines);
	in->lines.len = 0;
	in->nnotes = 0;
	in->count = 0;
}

void
intake_free(struct intake *in)
{
	bytes_free(&in->lines);
	bytes_free(&in->stamp);
	free(in->notes);
}
