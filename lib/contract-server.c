/* What every server says and does, whatever its services are. */
#include "contractrows.h"

static const struct contract_field stream_end[] = {
	{ "bytes", CONTRACT_INTEGER, false, "of a log: its length, or where reading was to end" },
	{ "truncated", CONTRACT_BOOL, false, "of a log: bytes are missing at its end" },
};

static const struct contract_field error_line[] = {
	{ "line", CONTRACT_INTEGER, false, "which line of the connection, from 1" },
	{ "error", CONTRACT_TEXT, true, "a name of the table of errors" },
	{ "text", CONTRACT_TEXT, true, "the field and what was expected" },
};

static const struct contract_event events[] = {
	{ "error", "services", "a line of this connection was bad or refused", ROWS(error_line) },
	{ "eof", "services", "the stream is complete", ROWS(stream_end) },
};

static const struct contract_field server_status[] = {
	{ "server", CONTRACT_OBJECT, true, "the process: version, pid, uptime, connections, requests "
	    "(open ones), memory (bytes held for clients) and memory-limit" },
	{ "*", CONTRACT_OBJECT, false, "by its name each service that has a status: the result of its "
	    "own method of that verb" },
};

static const struct contract_method methods[] = {
	{ "server/status", "the state of a server and of its services", NONE, ROWS(server_status),
	    "refused,limit", true, false },
};

const struct contract_service contract_server = {
	.name = "server",
	EVENTS(events),
	METHODS(methods),
};
