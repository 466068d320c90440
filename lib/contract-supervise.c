/* The supervisor: the service "supervise". */
#include "contractrows.h"

#define MEMBER \
	{ "part", CONTRACT_TEXT, true, "its name in the wiring" }, \
	{ "member", CONTRACT_INTEGER, false, "which of its commands, from 1, where it has several" }

static const struct contract_field part_started[] = {
	MEMBER,
	{ "pid", CONTRACT_INTEGER, true, "its process" },
};

static const struct contract_field part_ready[] = {
	MEMBER,
	{ "pid", CONTRACT_INTEGER, true, "its process" },
	{ "elapsed", CONTRACT_SECONDS, true, "since its start" },
};

static const struct contract_field part_exited[] = {
	MEMBER,
	{ "pid", CONTRACT_INTEGER, true, "its process" },
	{ "reason", CONTRACT_TEXT, true, "exit or signal" },
	{ "exit", CONTRACT_INTEGER, false, "its status" },
	{ "signal", CONTRACT_INTEGER, false, "that ended it" },
	{ "elapsed", CONTRACT_SECONDS, true, "since its start" },
};

static const struct contract_field part_failed[] = {
	MEMBER,
	{ "reason", CONTRACT_TEXT, true, "how it ended last" },
	{ "ends", CONTRACT_INTEGER, true, "so many in a row" },
	{ "lines", CONTRACT_TEXTS, true, "what it said last" },
};

static const struct contract_field part_stopped[] = {
	{ "part", CONTRACT_TEXT, true, "its name in the wiring" },
};

static const struct contract_event events[] = {
	{ "part/started", "mci-supervise", "a command of a part was started", ROWS(part_started) },
	{ "part/ready", "mci-supervise", "it says that it is ready", ROWS(part_ready) },
	{ "part/exited", "mci-supervise", "its process has ended", ROWS(part_exited) },
	{ "part/failed", "mci-supervise", "it ended so often in a row that it is not started again",
	    ROWS(part_failed) },
	{ "part/stopped", "mci-supervise", "all of a part has ended that was to end",
	    ROWS(part_stopped) },
};

static const struct contract_field one[] = {
	{ "part", CONTRACT_TEXT, true, "its name in the wiring" },
};

static const struct contract_field reload[] = {
	{ "dry-run", CONTRACT_BOOL, false, "change nothing" },
	{ "wiring", CONTRACT_TEXT, false, "another wiring, with dry-run" },
	{ "name", CONTRACT_TEXT, false, "of its file, for messages" },
};

static const struct contract_field changes[] = {
	{ "start", CONTRACT_TEXTS, true, "parts that are new" },
	{ "stop", CONTRACT_TEXTS, true, "parts that are gone" },
	{ "restart", CONTRACT_TEXTS, true, "parts whose lines are others" },
	{ "drain", CONTRACT_TEXTS, true, "those of them that end when they are done" },
};

static const struct contract_field status[] = {
	{ "dir", CONTRACT_TEXT, true, "the folder of the data" },
	{ "ready", CONTRACT_BOOL, true, "all parts are" },
	{ "parts", CONTRACT_ARRAY, true,
	    "objects with part, member (where it has several commands), kind "
	    "(server, filter, once), state (waiting, starting, running, pausing, draining, "
	    "stopping, stopped, done, "
	    "failed), ready, pid, since, restarts, memory (bytes, shared ones by their share), "
	    "pipe (bytes that "
	    "wait for it), reason, and lines of one that failed: what it said last" },
};

static const struct contract_method methods[] = {
	{ "part/start", "starts a part that was stopped, or has failed, and says when it is ready",
	    ROWS(one), NONE, "not-found,busy,system", true, false },
	{ "part/stop", "ends a part, and says when it is down; those that come after it go on",
	    ROWS(one), NONE, "not-found,busy", true, false },
	{ "part/restart", "ends a part, or drains it, and says when it is ready again", ROWS(one),
	    NONE, "not-found,busy,system", false, false },
	{ "part/reload", "reads the wiring anew and changes what is other there", ROWS(reload),
	    ROWS(changes), "invalid-params,busy,system", false, false },
	{ "part/down", "ends all parts in their order, and the supervisor", NONE, NONE, "", true,
	    false },
	{ "part/status", "each command of each part", NONE, ROWS(status), "", true, false },
};

const struct contract_service contract_supervise = {
	.name = "supervise",
	EVENTS(events),
	METHODS(methods),
};
