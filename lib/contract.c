#include "contract.h"

#include <string.h>

#define ROWS(table) table, sizeof(table) / sizeof(table[0])
#define NONE NULL, 0

static const struct contract_field build_start[] = {
	{ "schema", CONTRACT_INTEGER, true, "version of this schema" },
	{ "folder", CONTRACT_TEXT, true, "absolute path of the build's folder" },
	{ "logs", CONTRACT_TEXT, true, "absolute path of the folder with the jobs' logs" },
	{ "log", CONTRACT_TEXT, false, "address of the log server that keeps them instead" },
	{ "dir", CONTRACT_TEXT, true, "absolute path of what is built" },
	{ "definition", CONTRACT_TEXT, true, "what says the jobs: a path in dir, or -" },
	{ "pid", CONTRACT_INTEGER, true, "process id of mci-build" },
	{ "source", CONTRACT_TEXT, false, "where the build came from: local" },
	{ "rev", CONTRACT_TEXT, false, "the revision that was checked out, as it was asked for" },
};

static const struct contract_field build_pending[] = {
	{ "dir", CONTRACT_TEXT, true, "absolute path of the folder that another build works in" },
	{ "pid", CONTRACT_INTEGER, true, "process id of mci-build" },
	{ "for", CONTRACT_TEXT, true, "name of that build, or what else is known of it" },
	{ "message", CONTRACT_TEXT, true, "the same for people" },
};

static const struct contract_field build_updated[] = {
	{ "status", CONTRACT_TEXT, true, "what the build is now: running, after build/pending" },
};

static const struct contract_field build_canceled[] = {
	{ "reason", CONTRACT_TEXT, true, "who or what asked for it" },
};

static const struct contract_field build_end[] = {
	{ "status", CONTRACT_TEXT, true, "success, failure, error or canceled" },
	{ "elapsed", CONTRACT_SECONDS, true, "time since build/start" },
	{ "exit", CONTRACT_INTEGER, true, "exit status of mci-build" },
	{ "jobs", CONTRACT_INTEGER, true, "how many jobs there were" },
	{ "success", CONTRACT_INTEGER, true, "how many of them succeeded" },
	{ "failure", CONTRACT_INTEGER, true, "how many failed" },
	{ "error", CONTRACT_INTEGER, true, "how many could not be run" },
	{ "skipped", CONTRACT_INTEGER, true, "how many were skipped" },
	{ "canceled", CONTRACT_INTEGER, true, "how many were canceled" },
	{ "message", CONTRACT_TEXT, false, "why the build is in error" },
};

static const struct contract_field script_named[] = {
	{ "script", CONTRACT_TEXT, true, "as definition in build/start" },
};

static const struct contract_field script_start[] = {
	{ "script", CONTRACT_TEXT, true, "as definition in build/start" },
	{ "pid", CONTRACT_INTEGER, true, "its process id" },
};

static const struct contract_field script_busy[] = {
	{ "for", CONTRACT_TEXT, true, "how long it wants, as 60s" },
};

static const struct contract_field script_end[] = {
	{ "script", CONTRACT_TEXT, true, "as definition in build/start" },
	{ "exit", CONTRACT_INTEGER, false, "its exit status" },
	{ "signal", CONTRACT_INTEGER, false, "the signal that ended it, instead of exit" },
};

static const struct contract_field job_pending[] = {
	{ "depends-on", CONTRACT_TEXTS, false, "ids of the jobs that it waits for" },
};

static const struct contract_field job_queued[] = {
	{ "attempt", CONTRACT_INTEGER, false, "from 2: the job is tried again" },
};

static const struct contract_field attempt[] = {
	{ "attempt", CONTRACT_INTEGER, true, "from 1" },
};

static const struct contract_field job_blocked[] = {
	{ "reason", CONTRACT_TEXT, false, "how to answer at mci-build's terminal, when it has one" },
};

static const struct contract_field job_start[] = {
	{ "attempt", CONTRACT_INTEGER, true, "from 1" },
	{ "pid", CONTRACT_INTEGER, true, "process id of the job's first process" },
	{ "runner", CONTRACT_TEXT, false, "where it runs: host" },
};

static const struct contract_field command_start[] = {
	{ "attempt", CONTRACT_INTEGER, true, "from 1" },
	{ "command", CONTRACT_INTEGER, true, "which entry of script, from 0" },
	{ "text", CONTRACT_TEXT, true, "the entry" },
};

static const struct contract_field command_end[] = {
	{ "attempt", CONTRACT_INTEGER, true, "from 1" },
	{ "command", CONTRACT_INTEGER, true, "which entry of script, from 0" },
	{ "exit", CONTRACT_INTEGER, true, "its exit status" },
	{ "elapsed", CONTRACT_SECONDS, true, "time since its command/start" },
};

/* What is known of an attempt that ran; job/end repeats it. */
#define EXECUTED \
	{ "exit", CONTRACT_INTEGER, false, "exit status, for reason exit" }, \
	{ "signal", CONTRACT_INTEGER, false, "the signal that ended it, for reason signal" }, \
	{ "error", CONTRACT_TEXT, false, "what was wrong, for reasons start, lost and limit:NAME, or " \
	    "which process goes on" }, \
	{ "elapsed", CONTRACT_SECONDS, false, "time since job/start" }, \
	{ "user", CONTRACT_SECONDS, false, "CPU time in the program" }, \
	{ "system", CONTRACT_SECONDS, false, "CPU time in the kernel" }, \
	{ "maxrss", CONTRACT_INTEGER, false, "peak memory of one process, in bytes" }, \
	{ "bytes", CONTRACT_INTEGER, false, "length of the log" }, \
	{ "first-output", CONTRACT_TEXT, false, "time of the log's first chunk" }, \
	{ "last-output", CONTRACT_TEXT, false, "time of its last chunk" }, \
	{ "outputs", CONTRACT_OBJECT, false, "what the job wrote to MCI_OUTPUT: text by name" }, \
	{ "truncated", CONTRACT_BOOL, false, "the log is not whole" }

static const struct contract_field job_executed[] = {
	{ "attempt", CONTRACT_INTEGER, true, "from 1" },
	{ "reason", CONTRACT_TEXT, true, "exit, signal, timeout, canceled, limit:NAME, lost or start" },
	EXECUTED,
};

static const struct contract_field job_end[] = {
	{ "attempt", CONTRACT_INTEGER, false, "the last one that was to be" },
	{ "status", CONTRACT_TEXT, true, "success, failure, error, skipped or canceled" },
	{ "reason", CONTRACT_TEXT, false, "as in job/executed, or why it never ran" },
	EXECUTED,
	{ "allowed", CONTRACT_BOOL, false, "the failure does not count: allow-failure" },
	{ "cached", CONTRACT_BOOL, false, "the result was taken from the store" },
};

static const struct contract_field log_annotated[] = {
	{ "attempt", CONTRACT_INTEGER, true, "from 1" },
	{ "at", CONTRACT_INTEGER, true, "length of the log when the note was read" },
	{ "note", CONTRACT_ANY, false, "the note, when it is JSON" },
	{ "text", CONTRACT_TEXT, false, "the note, when it is not" },
};

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
	{ "attempt", CONTRACT_INTEGER, true, "which one it is, from 1" },
	{ "offset", CONTRACT_INTEGER, true, "of its first byte in the log" },
	{ "stream", CONTRACT_INTEGER, false, "1 standard output, 2 standard error; else not known" },
	{ "data", CONTRACT_DATA, true, "the bytes, behind the line" },
};

static const struct contract_field stream_end[] = {
	{ "bytes", CONTRACT_INTEGER, false, "of a log: its length, or where reading was to end" },
	{ "truncated", CONTRACT_BOOL, false, "of a log: bytes are missing at its end" },
};

static const struct contract_field error_line[] = {
	{ "line", CONTRACT_INTEGER, false, "which line of the connection, from 1" },
	{ "error", CONTRACT_TEXT, true, "a name of the table of errors" },
	{ "text", CONTRACT_TEXT, true, "the field and what was expected" },
};

static const struct contract_field event_lost[] = {
	{ "reason", CONTRACT_TEXT, true, "how it was damaged" },
};

static const struct contract_field heartbeat_line[] = {
	{ "next", CONTRACT_INTEGER, true, "offset of the next event that may come" },
};

const struct contract_event contract_events[] = {
	{ "build/start", "mci-build", "a build begins", ROWS(build_start) },
	{ "build/pending", "mci-build", "the build waits for its folder, before build/start or behind it",
	    ROWS(build_pending) },
	{ "build/updated", "mci-build", "the build goes on", ROWS(build_updated) },
	{ "build/canceled", "mci-build", "the build is being canceled", ROWS(build_canceled) },
	{ "build/end", "mci-build", "the last event of a build", ROWS(build_end) },
	{ "script/initializing", "mci-build", "the build script is about to be started",
	    ROWS(script_named) },
	{ "script/start", "mci-build", "the build script runs", ROWS(script_start) },
	{ "script/idle", "mci-build", "nothing is left to run: say more or end", NONE },
	{ "script/busy", "script", "the script asks for time before it writes more",
	    ROWS(script_busy) },
	{ "script/end", "mci-build", "the build script has ended", ROWS(script_end) },
	{ "job/pending", "mci-build", "a spec was read and accepted", ROWS(job_pending) },
	{ "job/queued", "mci-build", "nothing is waited for any more",
	    ROWS(job_queued) },
	{ "job/blocked", "mci-build", "the job waits for a person", ROWS(job_blocked) },
	{ "job/unblocked", "mci-build", "a person let the job go on", NONE },
	{ "job/initializing", "mci-job", "an attempt is being set up", ROWS(attempt) },
	{ "job/start", "mci-job", "an attempt runs", ROWS(job_start) },
	{ "job/executed", "mci-job", "an attempt is over", ROWS(job_executed) },
	{ "job/end", "mci-build", "the job is finished; exactly once a job", ROWS(job_end) },
	{ "command/start", "mci-job", "an entry of script begins", ROWS(command_start) },
	{ "command/end", "mci-job", "an entry of script is over", ROWS(command_end) },
	{ "log/annotated", "mci-job", "a job wrote a note to MCI_NOTES", ROWS(log_annotated) },
	{ "log/opened", "mci-log", "somebody writes the log of an attempt, or without job the script's",
	    ROWS(log_opened) },
	{ "log/closed", "mci-log", "a log has its end", ROWS(log_closed) },
	{ "log/removed", "mci-log", "logs were removed", ROWS(log_removed) },
	{ "log/chunk", "mci-log", "a piece of a log in a stream; time is when it was printed",
	    ROWS(log_chunk) },
	{ "event/lost", "mci-events", "an event of the hub's log was damaged: mci-events repair put this in "
	    "its place", ROWS(event_lost) },
	{ "error", "services", "a line of this connection was bad or refused", ROWS(error_line) },
	{ "eof", "services", "the stream is complete", ROWS(stream_end) },
	{ "heartbeat", "mci-events", "the stream lives, and nothing more is to be said",
	    ROWS(heartbeat_line) },
};
const size_t contract_nevents = sizeof(contract_events) / sizeof(contract_events[0]);

static const struct contract_field param_name[] = {
	{ "name", CONTRACT_TEXT, true, "of the parameter" },
};

static const struct contract_field value[] = {
	{ "value", CONTRACT_TEXT, true, "its text" },
};

static const struct contract_field output_get[] = {
	{ "job", CONTRACT_TEXT, true, "id of the job that set it" },
	{ "name", CONTRACT_TEXT, false, "of the output; all of them without it" },
};

static const struct contract_field output_got[] = {
	{ "value", CONTRACT_TEXT, false, "its text, when name was given" },
	{ "outputs", CONTRACT_OBJECT, false, "all of them by name, when it was not" },
};

static const struct contract_field output_set[] = {
	{ "job", CONTRACT_TEXT, true, "id of the job that sets it" },
	{ "name", CONTRACT_TEXT, true, "of the output" },
	{ "value", CONTRACT_TEXT, true, "its text" },
};

static const struct contract_field job_add[] = {
	{ "spec", CONTRACT_OBJECT, true, "the new job, see mci-script(5)" },
	{ "job", CONTRACT_TEXT, false, "id of the job that asks" },
};

static const struct contract_field job_added[] = {
	{ "id", CONTRACT_TEXT, true, "of the new job" },
};

static const struct contract_field job_listed[] = {
	{ "jobs", CONTRACT_ARRAY, true, "objects with id, status, attempt and reason" },
};

static const struct contract_field build_got[] = {
	{ "id", CONTRACT_TEXT, true, "of the build, as local/zlib/7" },
	{ "status", CONTRACT_TEXT, true, "as in mci-build(1)" },
	{ "folder", CONTRACT_TEXT, true, "absolute path of the build's folder" },
	{ "dir", CONTRACT_TEXT, true, "absolute path of what is built" },
};

static const struct contract_field event_post[] = {
	{ "type", CONTRACT_TEXT, true, "noun/verb; not of the nouns that the kit keeps to itself" },
	{ "*", CONTRACT_ANY, false, "the fields of the event" },
};

static const struct contract_field event_subscribe[] = {
	{ "from", CONTRACT_INTEGER, false, "byte offset in the build's log to begin at; 0" },
};

static const struct contract_field build_cancel[] = {
	{ "job", CONTRACT_TEXT, false, "only this one; the whole build without it" },
};

static const struct contract_field job_named[] = {
	{ "job", CONTRACT_TEXT, true, "its id" },
};

static const struct contract_field mask_value[] = {
	{ "value", CONTRACT_TEXT, true, "the secret" },
};

static const struct contract_field mask_named[] = {
	{ "value", CONTRACT_TEXT, true, "the secret" },
	{ "name", CONTRACT_TEXT, false, "gives it to jobs that have this name in params" },
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
	{ "uptime", CONTRACT_SECONDS, true, "since the hub started" },
	{ "subscribers", CONTRACT_ARRAY, true, "objects with offset, lag, and pid, durable if known" },
	{ "durables", CONTRACT_ARRAY, true, "objects with name, offset, lag and connected" },
};

/* Which log: of an attempt of a job, or without job what the script wrote. */
#define LOG_NAMED(absent) \
	{ "build", CONTRACT_TEXT, true, "name of the build, as ORG/REPO/N" }, \
	{ "job", CONTRACT_TEXT, false, "its id; the script's log without it" }, \
	{ "attempt", CONTRACT_INTEGER, false, absent }

static const struct contract_field log_open[] = {
	LOG_NAMED("from 1; 1"),
	{ "resume", CONTRACT_BOOL, false, "go on behind what is stored of it" },
	{ "files", CONTRACT_BOOL, false, "give the files, where the link carries descriptors" },
};

static const struct contract_field log_to_fill[] = {
	{ "offset", CONTRACT_INTEGER, true, "what is stored of it" },
	{ "fds", CONTRACT_INTEGER, false, "2: the log and its index, open for appending" },
};

static const struct contract_field log_append[] = {
	LOG_NAMED("from 1; 1"),
	{ "offset", CONTRACT_INTEGER, true, "of the first byte; what is stored already is skipped" },
	{ "time", CONTRACT_TEXT, false, "when it was printed; now" },
	{ "stream", CONTRACT_INTEGER, false, "1 standard output, 2 standard error" },
	{ "data", CONTRACT_DATA, true, "the bytes, behind the line; at most 4194304" },
};

static const struct contract_field log_stored[] = {
	{ "offset", CONTRACT_INTEGER, true, "what is stored now: send from here on" },
};

static const struct contract_field log_close[] = {
	LOG_NAMED("from 1; 1"),
	{ "truncated", CONTRACT_BOOL, false, "bytes are missing at the end" },
};

static const struct contract_field log_length[] = {
	{ "bytes", CONTRACT_INTEGER, true, "its length, all on the disk" },
	{ "truncated", CONTRACT_BOOL, true, "bytes are missing at its end" },
};

static const struct contract_field log_get[] = {
	LOG_NAMED("from 1; the last one"),
};

static const struct contract_field log_got[] = {
	{ "attempt", CONTRACT_INTEGER, true, "from 1" },
	{ "bytes", CONTRACT_INTEGER, true, "what is stored" },
	{ "open", CONTRACT_BOOL, true, "somebody writes it" },
	{ "truncated", CONTRACT_BOOL, true, "bytes are missing at its end" },
};

static const struct contract_field log_list[] = {
	{ "build", CONTRACT_TEXT, true, "name of the build, as ORG/REPO/N" },
};

static const struct contract_field log_listed[] = {
	{ "logs", CONTRACT_ARRAY, true, "objects with job (not the script's), attempt, bytes, open and "
	    "truncated" },
};

static const struct contract_field log_read[] = {
	LOG_NAMED("from 1; the last one"),
	{ "from", CONTRACT_INTEGER, false, "first byte; 0" },
	{ "to", CONTRACT_INTEGER, false, "behind the last byte; what is stored now" },
	{ "times", CONTRACT_BOOL, false, "each piece has one time and stream" },
};

static const struct contract_field log_follow[] = {
	LOG_NAMED("from 1; the last one"),
	{ "from", CONTRACT_INTEGER, false, "first byte; 0" },
	{ "times", CONTRACT_BOOL, false, "each piece has one time and stream" },
	{ "wait", CONTRACT_BOOL, false, "wait for a log that is not there" },
};

static const struct contract_field log_remove[] = {
	{ "build", CONTRACT_TEXT, true, "name of the build, as ORG/REPO/N" },
	{ "job", CONTRACT_TEXT, false, "only its logs; all of the build without it" },
	{ "attempt", CONTRACT_INTEGER, false, "only this attempt of the job" },
};

static const struct contract_field log_status[] = {
	{ "open", CONTRACT_ARRAY, true, "logs being written: objects with build, job, attempt, bytes and "
	    "rate" },
	{ "followers", CONTRACT_INTEGER, true, "streams of logs" },
	{ "bytes", CONTRACT_INTEGER, true, "sent to them since the start" },
	{ "closed", CONTRACT_INTEGER, true, "logs that were closed since the start" },
};

const struct contract_method contract_methods[] = {
	{ "param/get", "build", "the value of a build parameter", ROWS(param_name), ROWS(value),
	    "not-found", true, false },
	{ "output/get", "build", "what a job left for the others", ROWS(output_get),
	    ROWS(output_got), "not-found", true, false },
	{ "output/set", "build", "sets an output of a running job", ROWS(output_set), NONE,
	    "not-found,limit,refused", true, false },
	{ "job/add", "build", "adds a job to the running build", ROWS(job_add), ROWS(job_added),
	    "refused,limit,system", false, false },
	{ "job/list", "build", "all jobs in the order they came", NONE, ROWS(job_listed), "limit",
	    true, false },
	{ "build/get", "build", "what build this is", NONE, ROWS(build_got), "", true, false },
	{ "event/post", "build", "posts an event and says when it is in the log", ROWS(event_post),
	    NONE, "refused,limit,system", false, false },
	{ "event/subscribe", "build", "the build's events from an offset on, live",
	    ROWS(event_subscribe), NONE, "limit,busy", true, true },
	{ "build/cancel", "control", "cancels the build or one job", ROWS(build_cancel), NONE,
	    "not-found,refused", true, false },
	{ "job/unblock", "control", "lets a blocked job go on", ROWS(job_named), NONE,
	    "not-found,refused", true, false },
	{ "job/cancel", "job", "ends a job's attempt", ROWS(job_named), NONE, "not-found", true,
	    false },
	{ "mask/add", "build", "masks a value in all logs and events from now on", ROWS(mask_value),
	    NONE, "refused,limit,disconnected", true, false },
	{ "mask/add", "job", "the same; a named one is a param too", ROWS(mask_named), NONE,
	    "refused,limit", true, false },
	{ "event/publish", "events", "puts events into the hub's log", ROWS(event_publish),
	    ROWS(event_published), "refused,limit,system", false, false },
	{ "event/subscribe", "events", "the hub's events from an offset on, live",
	    ROWS(hub_subscribe), ROWS(hub_subscribed), "not-found,limit,busy,system", true, true },
	{ "event/acknowledge", "events", "a durable subscriber is done with events",
	    ROWS(event_acknowledge), NONE, "not-found,system", true, false },
	{ "event/forget", "events", "removes a durable subscriber", ROWS(durable_name), NONE,
	    "not-found,busy,system", true, false },
	{ "event/status", "events", "the state of the hub, its log and its subscribers", NONE,
	    ROWS(hub_status), "limit", true, false },
	{ "log/open", "log", "makes a log, or goes on with one", ROWS(log_open), ROWS(log_to_fill),
	    "busy,refused,system", false, false },
	{ "log/append", "log", "adds to a log that this connection opened without descriptors",
	    ROWS(log_append), ROWS(log_stored), "not-found,busy,refused,limit,system", true, false },
	{ "log/close", "log", "ends a log and says when it is on the disk", ROWS(log_close),
	    ROWS(log_length), "not-found,busy,system", true, false },
	{ "log/get", "log", "what is stored of a log", ROWS(log_get), ROWS(log_got), "not-found,system",
	    true, false },
	{ "log/list", "log", "the logs of a build", ROWS(log_list), ROWS(log_listed),
	    "not-found,system", true, false },
	{ "log/read", "log", "what is stored of a log, as chunks", ROWS(log_read), NONE,
	    "not-found,busy,system", true, true },
	{ "log/follow", "log", "a log as it grows, until it is closed", ROWS(log_follow), NONE,
	    "not-found,busy,system", true, true },
	{ "log/remove", "log", "removes logs that nobody writes", ROWS(log_remove), NONE,
	    "not-found,busy,system", true, false },
	{ "log/status", "log", "what the service does now", NONE, ROWS(log_status), "limit", true,
	    false },
};
const size_t contract_nmethods = sizeof(contract_methods) / sizeof(contract_methods[0]);

const struct contract_error contract_errors[] = {
	{ -32700, "not-json", ERROR_INPUT, "the line is not JSON, or too long" },
	{ -32600, "invalid-request", ERROR_INPUT, "JSON, but no request or event that is well formed" },
	{ -32601, "unknown-method", ERROR_INPUT, "the service has no such method" },
	{ -32602, "invalid-params", ERROR_INPUT, "a parameter is missing, unknown or of the wrong type" },
	{ -32603, "internal", ERROR_INTERNAL, "the service itself is at fault" },
	{ -32000, "not-found", ERROR_NOT_FOUND, "what was asked for is not there" },
	{ -32001, "limit", ERROR_LIMIT, "a stated bound would be exceeded" },
	{ -32002, "busy", ERROR_BUSY, "not now: try again" },
	{ -32003, "refused", ERROR_REFUSED, "understood, but not allowed" },
	{ -32004, "disconnected", ERROR_DISCONNECTED, "the link was lost before the reply came" },
	{ -32005, "system", ERROR_SYSTEM, "a system call failed; the message says which" },
};
const size_t contract_nerrors = sizeof(contract_errors) / sizeof(contract_errors[0]);

const struct contract_method *
contract_method(const char *service, struct span name)
{
	for (size_t i = 0; i < contract_nmethods; i++) {
		if (span_is(name, contract_methods[i].name) &&
		    (service == NULL || strcmp(service, contract_methods[i].service) == 0))
			return &contract_methods[i];
	}
	return NULL;
}

const struct contract_event *
contract_event(struct span type)
{
	for (size_t i = 0; i < contract_nevents; i++) {
		if (span_is(type, contract_events[i].type))
			return &contract_events[i];
	}
	return NULL;
}

const struct contract_error *
contract_error(const char *name)
{
	for (size_t i = 0; i < contract_nerrors; i++) {
		if (strcmp(name, contract_errors[i].name) == 0)
			return &contract_errors[i];
	}
	return NULL;
}

const struct contract_error *
contract_error_for(enum error_code code)
{
	if (code == ERROR_INPUT || code == ERROR_USAGE)
		return contract_error("invalid-params");
	for (size_t i = 0; i < contract_nerrors; i++) {
		if (contract_errors[i].is == code)
			return &contract_errors[i];
	}
	return contract_error("internal");
}

enum error_code
contract_error_code(long code)
{
	for (size_t i = 0; i < contract_nerrors; i++) {
		if (contract_errors[i].code == code)
			return contract_errors[i].is;
	}
	return ERROR_INTERNAL;
}

bool
contract_brings_data(const struct contract_method *m)
{
	for (size_t i = 0; i < m->nparams; i++) {
		if (m->params[i].type == CONTRACT_DATA)
			return true;
	}
	return false;
}

const char *
contract_type_name(enum contract_type type)
{
	static const char *const names[] = {
		[CONTRACT_TEXT] = "text",
		[CONTRACT_INTEGER] = "integer",
		[CONTRACT_SECONDS] = "seconds",
		[CONTRACT_BOOL] = "boolean",
		[CONTRACT_TEXTS] = "texts",
		[CONTRACT_OBJECT] = "object",
		[CONTRACT_ARRAY] = "array",
		[CONTRACT_ANY] = "any",
		[CONTRACT_DATA] = "data",
	};

	return names[type];
}

/* One half of a type: letters, digits and '-', first a letter. */
static bool
word_ok(const char *p, size_t n)
{
	if (n == 0 || p[0] < 'a' || p[0] > 'z')
		return false;
	for (size_t i = 0; i < n; i++) {
		if ((p[i] < 'a' || p[i] > 'z') && (p[i] < '0' || p[i] > '9') && p[i] != '-')
			return false;
	}
	return true;
}

bool
contract_type_ok(struct span type)
{
	const char *slash = type.n > 0 && type.n <= 128 ? memchr(type.p, '/', type.n) : NULL;
	size_t noun;

	if (slash == NULL)
		return false;
	noun = (size_t)(slash - type.p);
	return word_ok(type.p, noun) && word_ok(slash + 1, type.n - noun - 1);
}

bool
contract_noun_reserved(struct span type)
{
	static const char *const nouns[] = { "build", "job", "script", "command", "container" };
	const char *slash = type.n > 0 ? memchr(type.p, '/', type.n) : NULL;
	struct span noun = { type.p, slash == NULL ? type.n : (size_t)(slash - type.p) };

	for (size_t i = 0; i < sizeof(nouns) / sizeof(nouns[0]); i++) {
		if (span_is(noun, nouns[i]))
			return true;
	}
	return false;
}
