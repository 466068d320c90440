#include "rpc.h"

#include "emit.h"

void
rpc_request(struct bytes *line, int64_t id, const char *method, struct span params)
{
	size_t from = line->len;

	bytes_text(line, "{\"jsonrpc\":\"2.0\",\"id\":");
	bytes_number(line, id);
	emit_text(line, "method", method);
	if (params.n > 0)
		emit_raw(line, "params", params);
	/* JSON that a person wrote may go over several lines; in a valid string there is no raw newline */
	for (size_t i = from; i < line->len; i++) {
		if (line->data[i] == '\n')
			line->data[i] = ' ';
	}
	emit_line(line);
}

static void
reply_open(struct bytes *line, struct span id)
{
	bytes_text(line, "{\"jsonrpc\":\"2.0\",\"id\":");
	bytes_add(line, id.n > 0 ? id.p : "null", id.n > 0 ? id.n : 4);
}

void
rpc_reply(struct bytes *line, struct span id, struct span result)
{
	reply_open(line, id);
	if (result.n == 0)
		result = (struct span){ "{}", 2 };
	emit_raw(line, "result", result);
	emit_line(line);
}

void
rpc_refusal(struct bytes *line, struct span id, const struct contract_error *row, const char *text)
{
	reply_open(line, id);
	bytes_text(line, ",\"error\":{\"code\":");
	bytes_number(line, row->code);
	emit_text(line, "message", text);
	bytes_char(line, '}');
	emit_line(line);
}

void
rpc_complaint(struct bytes *line, uint64_t number, const char *name, const char *text)
{
	emit_event(line, "error");
	if (number > 0)
		emit_integer(line, "line", (int64_t)number);
	emit_text(line, "error", name);
	emit_text(line, "text", text);
	emit_line(line);
}

int
rpc_reply_error(const struct message *m, struct error *e)
{
	AUTO_BYTES text = { 0 };
	struct scan_value v;
	int64_t code = 0;

	if (m->kind == MESSAGE_EVENT)
		return rpc_line_error(m, e);
	if (message_member(m->error.p, m->error.n, "code", &v, NULL) == 1)
		scan_integer(&v, INT32_MIN, INT32_MAX, &code, NULL);
	if (message_member(m->error.p, m->error.n, "message", &v, NULL) == 1)
		scan_text(&v, &text, NULL);
	return error_set(e, contract_error_code((long)code), "%s",
	    text.len > 0 ? bytes_string(&text) : "an error without a message");
}

int
rpc_line_error(const struct message *m, struct error *e)
{
	AUTO_BYTES name = { 0 }, text = { 0 };
	const struct contract_error *row;
	struct scan_value v;

	if (message_member(m->line.p, m->line.n, "error", &v, NULL) == 1)
		scan_text(&v, &name, NULL);
	if (message_member(m->line.p, m->line.n, "text", &v, NULL) == 1)
		scan_text(&v, &text, NULL);
	row = contract_error(bytes_string(&name));
	return error_set(e, row != NULL ? row->is : ERROR_INTERNAL, "%s", bytes_string(&text));
}

bool
rpc_passing(const struct error *e)
{
	return e->code == ERROR_DISCONNECTED || e->code == ERROR_BUSY || e->code == ERROR_SYSTEM;
}

static uint64_t
data_of(const struct contract_field *fields, size_t nfields, struct span object)
{
	int64_t n;

	for (size_t i = 0; i < nfields; i++) {
		struct scan_value v;

		if (fields[i].type == CONTRACT_DATA && object.n > 0 &&
		    message_member(object.p, object.n, fields[i].name, &v, NULL) == 1 &&
		    scan_integer(&v, 0, INT64_MAX, &n, NULL) == 0)
			return (uint64_t)n;
	}
	return 0;
}

uint64_t
rpc_data(const struct contract_method *row, struct span params)
{
	return data_of(row->params, row->nparams, params);
}

uint64_t
rpc_reply_data(const struct contract_method *row, struct span result)
{
	return row == NULL ? 0 : data_of(row->results, row->nresults, result);
}
