#include "visibility.h"

#include <string.h>

#include "emit.h"
#include "message.h"

int64_t
visibility_ask(struct gateway *g, const char *repo, const struct client_wish *wish,
    client_done *done, void *arg, struct client **client)
{
	static const char method[] = "repo/get";
	const char *slash = strchr(repo, '/');
	AUTO_BYTES params = { 0 };

	emit_open(&params);
	emit_span(
	    &params, "org", (struct span){ repo, slash == NULL ? 0 : (size_t)(slash - repo) });
	emit_text(&params, "id", slash == NULL ? "" : slash + 1);
	bytes_char(&params, '}');
	*client = gateway_place(g, (struct span){ method, sizeof(method) - 1 })->client;
	return client_call(
	    *client, method, (struct span){ params.data, params.len }, wish, done, arg);
}

int
visibility_told(struct span result, const struct error *e)
{
	if (e->code == ERROR_NONE)
		return message_true(result, "public");
	return e->code == ERROR_NOT_FOUND ? 0 : -1;
}
