#include "answer.h"

#include <stdlib.h>
#include <string.h>

#include "contract.h"
#include "memory.h"
#include "rpc.h"

struct answer_id {
	char *text; /* raw JSON; NULL: it is answered */
	size_t n;
	const struct contract_method *row; /* NULL: nobody's */
};

void
answer_expect(struct answer *a, const struct message *request)
{
	if (request->id.n == 0)
		return;
	a->ids = xrealloc(a->ids, a->n + 1, sizeof(*a->ids));
	a->ids[a->n++] = (struct answer_id){ .text = xmemdup(request->id.p, request->id.n),
		.n = request->id.n, .row = contract_any_method(request->method) };
	a->open++;
}

static struct answer_id *
id_find(struct answer *a, struct span id)
{
	for (size_t i = 0; i < a->n; i++) {
		if (a->ids[i].text != NULL && a->ids[i].n == id.n && memcmp(a->ids[i].text, id.p, id.n) == 0)
			return &a->ids[i];
	}
	return NULL;
}

static void
id_over(struct answer *a, struct answer_id *id)
{
	free(id->text);
	id->text = NULL;
	a->open--;
}

static int
reply_take(struct answer *a, const struct message *m, struct error *e)
{
	struct answer_id *id = id_find(a, m->id);

	/* of a line whose id could not be read */
	if (id == NULL && m->error.n > 0 && (a->loose || span_is(m->id, "null")))
		return 0;
	if (id == NULL)
		return error_set(e, ERROR_INPUT, "it answered what was not asked, with the id %.*s",
		    (int)(m->id.n < 40 ? m->id.n : 40), m->id.p);
	a->stream = id->row != NULL && id->row->stream && m->error.n == 0;
	a->data = rpc_reply_data(id->row, m->result);
	id_over(a, id);
	return 0;
}

static int
line_take_in(struct answer *a, struct span line, struct error *e)
{
	struct message m;

	if (message_read(&m, line.p, line.n, e) < 0)
		return -1;
	if (m.kind == MESSAGE_REPLY)
		return reply_take(a, &m, e);
	if (m.kind == MESSAGE_EVENT && span_is(m.type, "error"))
		return 0;
	return error_set(e, ERROR_INPUT, "expected a reply, found %s", m.kind == MESSAGE_EVENT ? "an event" :
	    m.kind == MESSAGE_REQUEST ? "a request" : "a spec");
}

/* Passes on what has come behind a reply; whether more is to come before the next line. */
static bool
data_lacks(struct answer *a, struct bytes *out)
{
	while (a->data > 0) {
		struct span piece = line_take(&a->reader, a->data);

		if (piece.n == 0)
			return true;
		bytes_add(out, piece.p, piece.n);
		a->data -= piece.n;
	}
	return false;
}

int
answer_take(struct answer *a, struct span piece, struct bytes *out, struct error *e)
{
	struct span line;
	enum line_result got;

	if (!a->stream)
		line_add(&a->reader, piece.p, piece.n);
	while (!a->stream && !data_lacks(a, out) && (got = line_next(&a->reader, &line)) != LINE_NONE) {
		if (got == LINE_LONG)
			return error_set(e, ERROR_LIMIT, "a line of the answer is longer than %d bytes",
			    LINE_LIMIT);
		if (line_take_in(a, line, e) < 0)
			return error_before(e, "line %llu of the answer: ",
			    (unsigned long long)a->reader.number);
		bytes_add(out, line.p, line.n);
		bytes_char(out, '\n');
		if (a->stream)
			piece = line_take(&a->reader, UINT64_MAX);
	}
	if (a->stream)
		bytes_add(out, piece.p, piece.n);
	return 0;
}

int
answer_end(struct answer *a, struct error *e)
{
	if (a->data > 0)
		return error_set(e, ERROR_DISCONNECTED, "the answer was cut in the bytes behind a reply");
	if (!a->stream && line_rest(&a->reader).n > 0)
		return error_set(e, ERROR_DISCONNECTED, "the answer was cut in the middle of a line");
	if (a->open > 0)
		return error_set(e, ERROR_DISCONNECTED,
		    "the answer ended with %zu of %zu requests open", a->open, a->n);
	return 0;
}

void
answer_refuse(struct answer *a, struct bytes *out, const char *name, const char *text)
{
	if (a->open == 0)
		rpc_complaint(out, 0, name, text);
	for (size_t i = 0; i < a->n; i++) {
		struct answer_id *id = &a->ids[i];

		if (id->text == NULL)
			continue;
		rpc_refusal(out, (struct span){ id->text, id->n }, contract_error(name), text);
		id_over(a, id);
	}
}

void
answer_free(struct answer *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->ids[i].text);
	free(a->ids);
	line_free(&a->reader);
	*a = (struct answer){ 0 };
}
