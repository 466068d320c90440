#include "logscan.h"

#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "emit.h"
#include "logfeed.h"
#include "logs.h"
#include "memory.h"
#include "params.h"

#define USUAL 1000
/* More offsets, or times, than that are thinned out: each second one goes. */
#define MOST 100000

const struct contract_field logscan_index_answer[8] = {
	{ "run", CONTRACT_INTEGER, true, "of the build" },
	{ "attempt", CONTRACT_INTEGER, true, "from 1" },
	{ "bytes", CONTRACT_INTEGER, true, "what was looked at" },
	{ "lines", CONTRACT_INTEGER, true, "that have an end" },
	{ "partial", CONTRACT_BOOL, true, "bytes follow behind the last end" },
	{ "open", CONTRACT_BOOL, true, "somebody writes it" },
	{ "truncated", CONTRACT_BOOL, true, "bytes are missing at its end" },
	{ "offsets", CONTRACT_ARRAY, true,
	    "of the first byte of line 1, of that so many lines on, and so on" },
};

const struct contract_field logscan_times_answer[2] = {
	{ "lines", CONTRACT_INTEGER, true, "that have an end" },
	{ "times", CONTRACT_ARRAY, true,
	    "pairs: lines in front, and when the next one came, in milliseconds since 1970" },
};

struct pass {
	struct ask *a;
	struct logfeed *feed;
	struct logs_name name; /* without its texts */
	void (*line)(struct pass *p, int64_t when); /* one begins at at */
	void (*tell)(struct pass *p, struct bytes *json);
	int64_t every;
	int64_t at, lines; /* bytes and line ends so far */
	bool begun;        /* a line has begun that has no end */
	int64_t last;      /* second of the last time that was told */
	struct bytes list;
};

static void
drop(void *state)
{
	struct pass *p = state;

	logfeed_close(p->feed);
	bytes_free(&p->list);
	free(p);
}

static void
bytes_came(void *arg, struct span piece, int64_t when)
{
	struct pass *p = arg;

	for (size_t i = 0; i < piece.n;) {
		const char *end = memchr(piece.p + i, '\n', piece.n - i);
		size_t next = end == NULL ? piece.n : (size_t)(end - piece.p) + 1;

		if (!p->begun)
			p->line(p, when);
		p->begun = end == NULL;
		p->lines += end != NULL;
		p->at += (int64_t)(next - i);
		i = next;
	}
}

static void
pass_over(void *arg, bool truncated, const struct error *why)
{
	struct pass *p = arg;
	AUTO_BYTES json = { 0 };

	p->name.truncated = p->name.truncated || truncated;
	if (why->code != ERROR_NONE) {
		answer_error(p->a, why);
		return;
	}
	emit_open(&json);
	p->tell(p, &json);
	bytes_char(&json, '}');
	answer_json(p->a, 200, (struct span){ json.data, json.len });
}

static void
begin(struct ask *a, const struct logs_name *name, bool times, void (*line)(struct pass *p, int64_t when),
    void (*tell)(struct pass *p, struct bytes *json))
{
	static const struct logfeed_events events = { bytes_came, pass_over };
	const struct logfeed_wish wish = { .build = name->build, .job = name->job, .run = name->run,
		.attempt = name->attempt, .to = name->bytes, .times = times };
	const char *every = params_query(a, "every");
	struct pass *p = xmalloc(sizeof(*p));
	struct error e;

	*p = (struct pass){ .a = a, .name = *name, .line = line, .tell = tell,
		.every = every == NULL ? USUAL : strtoll(every, NULL, 10) };
	if (p->every < 1 || name->bytes / p->every > (int64_t)MOST * 50)
		p->every = p->every < 1 ? 1 : name->bytes / (MOST * 50) + 1;
	p->feed = logfeed_open(a->gateway->loop, logs_address(a), &wish, &events, p, &e);
	if (p->feed == NULL) {
		drop(p);
		answer_error(a, &e);
		return;
	}
	a->state = p;
	a->drop = drop;
}

static void
number(struct bytes *list, int64_t n)
{
	if (list->len > 0 && list->data[list->len - 1] != '[')
		bytes_char(list, ',');
	bytes_number(list, n);
}

/* ---- where lines begin */

static void
note_offset(struct pass *p, int64_t when)
{
	(void)when;
	if (p->lines % p->every == 0)
		number(&p->list, p->at);
}

static void
tell_index(struct pass *p, struct bytes *json)
{
	emit_integer(json, "run", p->name.run);
	emit_integer(json, "attempt", p->name.attempt);
	emit_integer(json, "bytes", p->at);
	emit_integer(json, "lines", p->lines);
	emit_bool(json, "partial", p->begun);
	emit_bool(json, "open", p->name.open);
	emit_bool(json, "truncated", p->name.truncated);
	emit_key(json, "offsets");
	/* of nothing line 1 would begin at its end */
	bytes_format(json, "[%s]", p->list.len == 0 ? "0" : bytes_string(&p->list));
}

static void
index_found(struct ask *a, const struct logs_name *name)
{
	begin(a, name, false, note_offset, tell_index);
}

void
logscan_index(struct ask *a)
{
	logs_find(a, index_found);
}

/* ---- when they came */

static void
note_time(struct pass *p, int64_t when)
{
	if (when == 0 || when / SECOND == p->last)
		return;
	p->last = when / SECOND;
	if (p->list.len > 0)
		bytes_char(&p->list, ',');
	bytes_format(&p->list, "[%lld,%lld]", (long long)p->lines, (long long)(when / 1000000));
}

static void
tell_times(struct pass *p, struct bytes *json)
{
	emit_integer(json, "lines", p->lines);
	emit_key(json, "times");
	bytes_format(json, "[%s]", bytes_string(&p->list));
}

static void
times_found(struct ask *a, const struct logs_name *name)
{
	begin(a, name, true, note_time, tell_times);
}

void
logscan_times(struct ask *a)
{
	logs_find(a, times_found);
}
