/* The log server: the service "log". */
#include "contractrows.h"

static const struct contract_field log_opened[] = {
	{ "attempt", CONTRACT_INTEGER, true, "from 1" },
	{ "at", CONTRACT_INTEGER, true, "what was stored of it before" },
};

static const struct contract_field log_closed[] = {
	{ "attempt", CONTRACT_INTEGER, true, "from 1" },
	{ "bytes", CONTRACT_INTEGER, true, "its length" },
	{ "truncated", CONTRACT_BOOL, true, "bytes are missing at its end" },
};

static const struct contract_field log_removed[] = {
	{ "attempt", CONTRACT_INTEGER, false, "only this one; without job the whole build" },
};

static const struct contract_field log_chunk[] = {
	{ "run", CONTRACT_INTEGER, true, "of the build" },
	{ "attempt", CONTRACT_INTEGER, true, "which one it is, from 1" },
	{ "offset", CONTRACT_INTEGER, true, "of its first byte in the log" },
	{ "stream", CONTRACT_INTEGER, false, "1 standard output, 2 standard error; else not known" },
	{ "data", CONTRACT_DATA, true, "the bytes, behind the line" },
};

static const struct contract_event events[] = {
	{ "log/opened", "mci-log", "somebody writes the log of an attempt, or without job the script's",
	    ROWS(log_opened) },
	{ "log/closed", "mci-log", "a log has its end", ROWS(log_closed) },
	{ "log/removed", "mci-log", "logs were removed", ROWS(log_removed) },
	{ "log/chunk", "mci-log", "a piece of a log in a stream; time is when it was printed",
	    ROWS(log_chunk) },
};

/* Which log: of an attempt of a job, or without job what the script wrote. */
#define LOG_NAMED(run, attempt) \
	{ "build", CONTRACT_TEXT, true, "name of the build, as ORG/REPO/N" }, \
	{ "run", CONTRACT_INTEGER, false, run }, \
	{ "job", CONTRACT_TEXT, false, "its id; the script's log without it" }, \
	{ "attempt", CONTRACT_INTEGER, false, attempt }

static const struct contract_field log_open[] = {
	LOG_NAMED("of the build, from 1; 1", "from 1; 1"),
	{ "resume", CONTRACT_BOOL, false, "go on behind what is stored, in place of who wrote it so far" },
	{ "files", CONTRACT_BOOL, false, "give the files, where the link carries descriptors" },
};

static const struct contract_field log_to_fill[] = {
	{ "offset", CONTRACT_INTEGER, true, "what is stored of it" },
	{ "fds", CONTRACT_INTEGER, false, "2: the log and its index, open for appending" },
};

static const struct contract_field log_append[] = {
	LOG_NAMED("of the build, from 1; 1", "from 1; 1"),
	{ "offset", CONTRACT_INTEGER, true, "of the first byte; what is stored already is skipped" },
	{ "time", CONTRACT_TEXT, false, "when it was printed; now" },
	{ "stream", CONTRACT_INTEGER, false, "1 standard output, 2 standard error" },
	{ "data", CONTRACT_DATA, true, "the bytes, behind the line; at most 4194304" },
};

static const struct contract_field log_stored[] = {
	{ "offset", CONTRACT_INTEGER, true, "what is stored now: send from here on" },
};

static const struct contract_field log_close[] = {
	LOG_NAMED("of the build, from 1; 1", "from 1; 1"),
	{ "truncated", CONTRACT_BOOL, false, "bytes are missing at the end" },
};

static const struct contract_field log_length[] = {
	{ "bytes", CONTRACT_INTEGER, true, "its length, all on the disk" },
	{ "truncated", CONTRACT_BOOL, true, "bytes are missing at its end" },
};

static const struct contract_field log_get[] = {
	LOG_NAMED("of the build, from 1; the newest that has such a log", "from 1; the last one"),
};

static const struct contract_field log_got[] = {
	{ "run", CONTRACT_INTEGER, true, "of the build" },
	{ "attempt", CONTRACT_INTEGER, true, "from 1" },
	{ "bytes", CONTRACT_INTEGER, true, "what is stored" },
	{ "packed", CONTRACT_INTEGER, false, "bytes that it has as it lies, where it is compressed" },
	{ "open", CONTRACT_BOOL, true, "somebody writes it" },
	{ "truncated", CONTRACT_BOOL, true, "bytes are missing at its end" },
};

static const struct contract_field log_list[] = {
	{ "build", CONTRACT_TEXT, true, "name of the build, as ORG/REPO/N" },
	{ "run", CONTRACT_INTEGER, false, "from 1; the newest" },
};

static const struct contract_field log_listed[] = {
	{ "run", CONTRACT_INTEGER, true, "whose they are" },
	{ "logs", CONTRACT_ARRAY, true, "objects with job (not the script's), attempt, bytes, open and "
	    "truncated" },
};

static const struct contract_field log_read[] = {
	LOG_NAMED("of the build, from 1; the newest that has such a log", "from 1; the last one"),
	{ "from", CONTRACT_INTEGER, false, "first byte; 0" },
	{ "to", CONTRACT_INTEGER, false, "behind the last byte; what is stored now" },
	{ "packed", CONTRACT_BOOL, false, "of a log that is compressed, as it lies: frames of zstd "
	    "(RFC 8878), of whose bytes from and to speak" },
	{ "times", CONTRACT_BOOL, false, "each piece has one time and stream" },
};

static const struct contract_field log_follow[] = {
	LOG_NAMED("of the build, from 1; the newest that has such a log", "from 1; the last one"),
	{ "from", CONTRACT_INTEGER, false, "first byte; 0" },
	{ "times", CONTRACT_BOOL, false, "each piece has one time and stream" },
	{ "wait", CONTRACT_BOOL, false, "wait for a log that is not there" },
};

static const struct contract_field log_remove[] = {
	{ "build", CONTRACT_TEXT, true, "name of the build, as ORG/REPO/N" },
	{ "run", CONTRACT_INTEGER, false, "only of this run; of all without it" },
	{ "job", CONTRACT_TEXT, false, "only its logs; all of the build without it" },
	{ "attempt", CONTRACT_INTEGER, false, "only this attempt of the job" },
};

static const struct contract_field log_status[] = {
	{ "open", CONTRACT_ARRAY, true, "logs being written: objects with build, run, job, attempt, "
	    "bytes and rate" },
	{ "followers", CONTRACT_INTEGER, true, "streams of logs" },
	{ "bytes", CONTRACT_INTEGER, true, "sent to them since the start" },
	{ "closed", CONTRACT_INTEGER, true, "logs that were closed since the start" },
};

static const struct contract_method methods[] = {
	{ "log/open", "makes a log, or goes on with one", ROWS(log_open), ROWS(log_to_fill),
	    "busy,refused,fenced,system", false, false },
	{ "log/append", "adds to a log that this connection opened without descriptors",
	    ROWS(log_append), ROWS(log_stored), "not-found,busy,refused,fenced,limit,system", true, false },
	{ "log/close", "ends a log and says when it is on the disk", ROWS(log_close),
	    ROWS(log_length), "not-found,busy,refused,fenced,system", true, false },
	{ "log/get", "what is stored of a log", ROWS(log_get), ROWS(log_got), "not-found,system",
	    true, false },
	{ "log/list", "the logs of a build", ROWS(log_list), ROWS(log_listed),
	    "not-found,system", true, false },
	{ "log/read", "what is stored of a log, as chunks", ROWS(log_read), NONE,
	    "not-found,busy,system", true, true },
	{ "log/follow", "a log as it grows, until it is closed", ROWS(log_follow), NONE,
	    "not-found,busy,system", true, true },
	{ "log/remove", "removes logs that nobody writes", ROWS(log_remove), NONE,
	    "not-found,busy,system", true, false },
	{ "log/status", "what the service does now", NONE, ROWS(log_status), "limit", true,
	    false },
};

const struct contract_service contract_log = {
	.name = "log",
	EVENTS(events),
	METHODS(methods),
};
