#include "eventsput.h"

#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "line.h"
#include "memory.h"
#include "message.h"

/* What is published at once, and what is gathered meanwhile: with the longest line behind it, it is a request
 * that is no longer than a line may be. */
#define BATCH ((size_t)256 * 1024)
#define LONGEST (LINE_LIMIT - BATCH - 1024)

struct put {
	struct bytes lines;  /* whole ones, as elements of an array */
	struct bytes part;   /* of the next line */
	int64_t number;      /* of the line that was read last */
	int64_t offset, repeats;
	bool sent, any, over; /* some are being published; some were; all have come */
};

static void go_on(struct ask *a);

static void
drop(void *state)
{
	struct put *p = state;

	bytes_free(&p->lines);
	bytes_free(&p->part);
	free(p);
}

static void
published(struct ask *a, struct span result, const struct error *e)
{
	struct put *p = a->state;

	p->sent = false;
	if (e->code != ERROR_NONE) {
		answer_error(a, e);
		return;
	}
	p->offset = message_integer(result, "offset", 0);
	p->repeats += message_integer(result, "repeats", 0);
	go_on(a);
	exchange_wake(a->x);
}

static void
publish(struct ask *a)
{
	struct put *p = a->state;
	AUTO_BYTES params = { 0 };

	bytes_text(&params, "{\"events\":[");
	bytes_add(&params, p->lines.data, p->lines.len);
	bytes_text(&params, "]}");
	p->lines.len = 0;
	p->sent = p->any = true;
	ask_call(a, "event/publish", (struct span){ params.data, params.len }, (struct span){ NULL, 0 },
	    published);
}

static void
go_on(struct ask *a)
{
	struct put *p = a->state;
	AUTO_BYTES json = { 0 };

	if (p->sent || a->answered)
		return;
	/* of none at all the hub still says where it is */
	if (p->lines.len > 0 || (p->over && !p->any)) {
		publish(a);
	} else if (p->over) {
		emit_open(&json);
		emit_integer(&json, "offset", p->offset);
		emit_integer(&json, "repeats", p->repeats);
		bytes_char(&json, '}');
		answer_json(a, 200, (struct span){ json.data, json.len });
	}
}

/* A line is whole. 0, or -1 and it is answered. */
static int
take_line(struct ask *a, struct span line)
{
	struct put *p = a->state;
	struct message m;
	struct error e;

	p->number++;
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	if (line.n == 0)
		return 0;
	if (message_read(&m, line.p, line.n, &e) < 0 ||
	    (m.kind != MESSAGE_EVENT && error_set(&e, ERROR_INPUT, "expected an event") < 0)) {
		answer_problem(a, 400, NULL, "line %lld: %s", (long long)p->number, e.text);
		return -1;
	}
	if (p->lines.len > 0)
		bytes_char(&p->lines, ',');
	bytes_add(&p->lines, m.line.p, m.line.n);
	return 0;
}

static int
take_part(struct ask *a, struct span piece)
{
	struct put *p = a->state;

	if (p->part.len + piece.n > LONGEST) {
		answer_problem(a, 413, NULL, "line %lld: a line may have %zu bytes",
		    (long long)p->number + 1, LONGEST);
		return -1;
	}
	bytes_add(&p->part, piece.p, piece.n);
	return 0;
}

/* Takes lines as long as there is room for them. */
static size_t
take(struct ask *a, struct span piece)
{
	struct put *p = a->state;
	size_t taken = 0;

	while (taken < piece.n && p->lines.len < BATCH && !a->answered) {
		const char *at = piece.p + taken, *end = memchr(at, '\n', piece.n - taken);
		size_t n = end == NULL ? piece.n - taken : (size_t)(end - at);

		if (take_part(a, (struct span){ at, n }) < 0)
			break;
		taken += n + (end != NULL);
		if (end == NULL)
			break;
		if (take_line(a, (struct span){ p->part.data == NULL ? "" : p->part.data, p->part.len }) < 0)
			break;
		p->part.len = 0;
	}
	return a->answered ? piece.n : taken;
}

static size_t
pour(struct ask *a, struct span piece)
{
	struct put *p = a->state;
	size_t taken = piece.n > 0 ? take(a, piece) : 0;

	if (piece.n == 0) {
		p->over = true;
		if (p->part.len > 0)
			take_line(a, (struct span){ p->part.data, p->part.len });
	}
	go_on(a);
	return taken;
}

static void
allowed(struct ask *a, struct span result, const struct error *e)
{
	(void)result;
	if (e->code != ERROR_NONE) {
		answer_error(a, e);
		return;
	}
	a->state = xmalloc(sizeof(struct put));
	*(struct put *)a->state = (struct put){ .number = 0 };
	a->drop = drop;
	ask_pour(a, pour);
}

void
eventsput_begin(struct ask *a)
{
	static const char none[] = "{\"events\":[]}";

	ask_check(a, "event/publish", (struct span){ none, sizeof(none) - 1 }, allowed);
}
