/* A line that is a message is JSON with one kind; what was read of it is what its members say;
 * spliced it is the same message with more in front. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "contract.h"
#include "message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int
same(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* A field is the member of its name: raw, or a string without its quotes. */
static void
check_field(const struct message *m, const char *key, struct span field, int quoted)
{
	struct scan_value v;
	int found = message_member(m->line.p, m->line.n, key, &v, NULL);
	struct span is = { NULL, 0 };

	if (found < 0)
		abort();
	if (found > 0)
		is = quoted ? (struct span){ v.raw.p + 1, v.raw.n - 2 } : v.raw;
	if (!same(is, field))
		abort();
}

static void
check_kind(const struct message *m)
{
	struct scan_value v;
	int typed = message_member(m->line.p, m->line.n, "type", &v, NULL) == 1;
	int rpc = message_member(m->line.p, m->line.n, "jsonrpc", &v, NULL) == 1;

	if ((m->kind == MESSAGE_EVENT) != typed)
		abort();
	if (!typed && (m->kind == MESSAGE_SPEC) == rpc)
		abort();
	if (m->kind == MESSAGE_REQUEST && m->method.n == 0)
		abort();
	if (m->kind == MESSAGE_REPLY && m->result.n == 0 && m->error.n == 0)
		abort();
}

static void
check_splice(const struct message *m)
{
	AUTO_BYTES line = { 0 };
	struct message again;

	message_splice(&line, (struct span){ "\"front\":0", 9 }, m->line.p, m->line.n);
	if (line.data[line.len - 1] != '\n' ||
	    message_read(&again, line.data, line.len - 1, NULL) < 0 || again.kind != m->kind ||
	    !same(again.type, m->type) || !same(again.id, m->id) || !same(again.params, m->params) ||
	    again.seq != m->seq || again.run != m->run)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *line = (const char *)data;
	struct message m;
	struct error e = { 0 };

	/* a reader of lines never hands out a newline */
	if (n > 0 && memchr(line, '\n', n) != NULL)
		return 0;
	if (message_read(&m, line, n, &e) < 0) {
		if (e.code != ERROR_INPUT || e.text[0] == '\0')
			abort();
		return 0;
	}
	check_kind(&m);
	check_field(&m, "type", m.type, 1);
	check_field(&m, "job", m.job, 1);
	check_field(&m, "method", m.method, 1);
	check_field(&m, "id", m.id, 0);
	check_field(&m, "params", m.params, 0);
	check_field(&m, "result", m.result, 0);
	check_splice(&m);
	if (m.kind == MESSAGE_REQUEST)
		contract_check_params(&contract_services[0]->methods[n % contract_services[0]->nmethods], m.params,
		    NULL, NULL);
	contract_type_ok(m.type);
	contract_noun_reserved(m.type);
	return 0;
}
