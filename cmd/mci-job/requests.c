#include "requests.h"

#include "contract.h"
#include "emit.h"

static void
reply_open(struct bytes *b, struct span id)
{
	bytes_text(b, "{\"jsonrpc\":\"2.0\",\"id\":");
	if (id.n > 0)
		bytes_add(b, id.p, id.n);
	else
		bytes_text(b, "null");
}

static void
fail(struct report *r, const struct message *m, const char *error_name, const char *text)
{
	reply_open(&r->out, m->id);
	emit_key(&r->out, "error");
	emit_open(&r->out);
	emit_integer(&r->out, "code", contract_error(error_name)->code);
	emit_text(&r->out, "message", text);
	bytes_char(&r->out, '}');
	emit_line(&r->out);
}

/* A text parameter, whose type was checked: 1, or 0 when it is not there. */
static int
text_of(const struct message *m, const char *name, struct bytes *text)
{
	struct scan_value v;

	if (m->params.n == 0 || message_member(m->params.p, m->params.n, name, &v, NULL) <= 0 ||
	    scan_text(&v, text, NULL) < 0)
		return 0;
	bytes_string(text);
	return 1;
}

static int
job_cancel(const struct requests *q, const struct message *m, struct error *e)
{
	AUTO_BYTES job = { 0 };

	text_of(m, "job", &job);
	if (!q->cancel(q->arg, bytes_string(&job)))
		return error_set(e, ERROR_NOT_FOUND, "no job '%.200s' runs or waits here", job.data);
	return 0;
}

static int
mask_add_call(const struct requests *q, const struct message *m, struct error *e)
{
	AUTO_BYTES name = { 0 };
	AUTO_BYTES value = { 0 };
	bool named = text_of(m, "name", &name);

	text_of(m, "value", &value);
	return q->mask(q->arg, named ? name.data : NULL, (struct span){ value.data, value.len }, e);
}

static const struct method {
	const char *name;
	int (*call)(const struct requests *q, const struct message *m, struct error *e);
} methods[] = {
	{ "job/cancel", job_cancel },
	{ "mask/add", mask_add_call },
};

static const struct method *
method_find(struct span name)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (span_is(name, methods[i].name))
			return &methods[i];
	}
	return NULL;
}

void
requests_answer(const struct requests *q, struct report *r, const struct message *m)
{
	const struct method *method = method_find(m->method);
	struct error e = { 0 };

	if (method == NULL) {
		fail(r, m, "unknown-method", "mci-job knows job/cancel and mask/add");
	} else if (contract_check_params(contract_method(&contract_job, m->method), m->params, NULL,
	    &e) < 0) {
		fail(r, m, "invalid-params", e.text);
	} else if (method->call(q, m, &e) < 0) {
		fail(r, m, contract_error_for(e.code)->name, e.text);
	} else {
		reply_open(&r->out, m->id);
		bytes_text(&r->out, ",\"result\":{}}\n");
	}
}
