/* The event hub: the service "events". */
#include "contractrows.h"

static const struct contract_field event_lost[] = {
	{ "reason", CONTRACT_TEXT, true, "how it was damaged" },
};

static const struct contract_field heartbeat_line[] = {
	{ "next", CONTRACT_INTEGER, true, "offset of the next event that may come" },
};

static const struct contract_event events[] = {
	{ "event/lost", "mci-events", "an event of the hub's log was damaged: mci-events repair put "
	    "this in its place", ROWS(event_lost) },
	{ "heartbeat", "mci-events", "the stream lives, and nothing more is to be said",
	    ROWS(heartbeat_line) },
};

static const struct contract_field event_publish[] = {
	{ "event", CONTRACT_OBJECT, false, "one event; or" },
	{ "events", CONTRACT_ARRAY, false, "several, of which all are taken or none" },
	{ "sync", CONTRACT_TEXT, false, "answer when they are taken in (none), when they survive the "
	    "end of the hub (os, the default), or when they survive a power cut (disk)" },
};

static const struct contract_field event_published[] = {
	{ "offset", CONTRACT_INTEGER, true, "of the newest event in the log" },
	{ "repeats", CONTRACT_INTEGER, true, "how many were in it already, by build, run and seq" },
};

static const struct contract_field hub_subscribe[] = {
	{ "from", CONTRACT_ANY, false, "where to begin: now (the default), start, an offset, or a time" },
	{ "epoch", CONTRACT_INTEGER, false, "the log's epoch when the offset was learned" },
	{ "synced", CONTRACT_BOOL, false, "only what a power cut cannot take back" },
	{ "durable", CONTRACT_TEXT, false, "name of a subscriber that the hub remembers: goes on behind "
	    "what it acknowledged" },
	{ "types", CONTRACT_TEXTS, false, "only these types, as globs" },
	{ "build", CONTRACT_TEXT, false, "only builds whose name begins so" },
	{ "job", CONTRACT_TEXT, false, "only this job" },
	{ "where", CONTRACT_OBJECT, false, "only events with exactly these members" },
	{ "heartbeat", CONTRACT_SECONDS, false, "say so when nothing came for so long" },
};

static const struct contract_field hub_subscribed[] = {
	{ "epoch", CONTRACT_INTEGER, true, "of the log; each recovery begins a new one" },
	{ "offset", CONTRACT_INTEGER, true, "the stream begins with the first event from here on" },
	{ "first", CONTRACT_INTEGER, true, "offset of the oldest event that is kept" },
	{ "tail", CONTRACT_INTEGER, true, "offset of the newest event, 0 when there never was one" },
	{ "gone", CONTRACT_BOOL, true, "what was asked for is not kept, or was lost in a crash" },
};

static const struct contract_field event_acknowledge[] = {
	{ "name", CONTRACT_TEXT, true, "of the durable subscriber" },
	{ "offset", CONTRACT_INTEGER, true, "of the last event that is done with" },
	{ "epoch", CONTRACT_INTEGER, false, "the log's epoch when it was given; the present one" },
};

static const struct contract_field durable_name[] = {
	{ "name", CONTRACT_TEXT, true, "of the durable subscriber" },
};

static const struct contract_field hub_status[] = {
	{ "epoch", CONTRACT_INTEGER, true, "of the log" },
	{ "first", CONTRACT_INTEGER, true, "offset of the oldest event that is kept" },
	{ "tail", CONTRACT_INTEGER, true, "offset of the newest event" },
	{ "synced", CONTRACT_INTEGER, true, "offset of the newest event that a power cut cannot take" },
	{ "bytes", CONTRACT_INTEGER, true, "size of the log" },
	{ "segments", CONTRACT_INTEGER, true, "how many files it is in" },
	{ "builds", CONTRACT_INTEGER, true, "how many builds' last seq is remembered" },
	{ "published", CONTRACT_INTEGER, true, "events taken in since the hub started" },
	{ "repeats", CONTRACT_INTEGER, true, "events that were there already" },
	{ "rate", CONTRACT_INTEGER, true, "events taken in a second, over the last ten" },
	{ "delivered-rate", CONTRACT_INTEGER, true, "bytes given to subscribers a second, as well" },
	{ "subscribers", CONTRACT_ARRAY, true, "objects with offset, lag, and pid, durable if known" },
	{ "durables", CONTRACT_ARRAY, true, "objects with name, offset, lag and connected" },
};

static const struct contract_method methods[] = {
	{ "event/publish", "puts events into the hub's log", ROWS(event_publish),
	    ROWS(event_published), "refused,fenced,limit,system", false, false },
	{ "event/subscribe", "the hub's events from an offset on, live",
	    ROWS(hub_subscribe), ROWS(hub_subscribed), "not-found,limit,busy,system", true, true },
	{ "event/acknowledge", "a durable subscriber is done with events",
	    ROWS(event_acknowledge), NONE, "not-found,system", true, false },
	{ "event/forget", "removes a durable subscriber", ROWS(durable_name), NONE,
	    "not-found,busy,system", true, false },
	{ "event/status", "the state of the hub, its log and its subscribers", NONE,
	    ROWS(hub_status), "limit", true, false },
};

const struct contract_service contract_events = {
	.name = "events",
	EVENTS(events),
	METHODS(methods),
};
