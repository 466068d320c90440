/* How many requests, whether bytes may follow a reply, piece sizes, and the body of an answer: in whatever pieces it
 * comes, the same goes out; outside of a stream and of such bytes that is whole lines, each a reply that was waited for
 * or a complaint. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/mci-relay/answer.h"
#include "cmd/mci-relay/verdict.h"
#include "memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
expect(struct answer *a, int requests, bool bytes)
{
	for (int i = 0; i < requests; i++) {
		AUTO_FREE char *line = xformat("{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"%s\"}", i,
		    i == 0 ? "event/subscribe" : i == 1 && bytes ? "blob/read" : "org/list");
		struct message m;

		if (message_read(&m, line, strlen(line), NULL) < 0)
			abort();
		answer_expect(a, &m);
	}
}

static int
take(struct answer *a, struct bytes *out, const char *p, size_t n, size_t step)
{
	while (n > 0) {
		size_t piece = step < n ? step : n;

		if (answer_take(a, (struct span){ p, piece }, out, NULL) < 0)
			return -1;
		p += piece;
		n -= piece;
	}
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct answer whole = { 0 }, pieces = { 0 };
	AUTO_BYTES one = { 0 }, other = { 0 }, rest = { 0 };
	const char *body = (const char *)data + 2;
	struct error e;
	int first, second;
	bool bytes;

	if (n < 2)
		return 0;
	bytes = (data[0] & 4) != 0;
	expect(&whole, data[0] % 4, bytes);
	expect(&pieces, data[0] % 4, bytes);
	first = take(&whole, &one, body, n - 2, n);
	second = take(&pieces, &other, body, n - 2, 1 + data[1] % 16);
	if (first != second || one.len != other.len || (one.len > 0 && memcmp(one.data, other.data, one.len) != 0))
		abort();
	if (!whole.stream && !bytes && one.len > 0 && one.data[one.len - 1] != '\n')
		abort();
	answer_end(&whole, NULL);
	answer_refuse(&pieces, &rest, "disconnected", "it is over");
	if (pieces.open > 0)
		abort();
	verdict_explain(verdict_find(data[0] * 4, "text/html"), "http://ci", data[0] * 4, NULL,
	    (struct span){ body, n - 2 }, &e);
	if (strpbrk(e.text, "\n\r\033") != NULL)
		abort();
	answer_free(&whole);
	answer_free(&pieces);
	return 0;
}
