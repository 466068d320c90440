/* What a build writes to its log, and the API that it offers to its jobs: the service "build". */
#include "contractrows.h"

static const struct contract_field build_start[] = {
	{ "schema", CONTRACT_INTEGER, true, "version of this schema" },
	{ "folder", CONTRACT_TEXT, true, "absolute path of the build's folder" },
	{ "logs", CONTRACT_TEXT, true, "absolute path of the folder with the jobs' logs" },
	{ "log", CONTRACT_TEXT, false, "address of the log server that keeps them instead" },
	{ "dir", CONTRACT_TEXT, true, "absolute path of what is built" },
	{ "definition", CONTRACT_TEXT, true, "what says the jobs: a path in dir, or -" },
	{ "pid", CONTRACT_INTEGER, true, "process id of mci-build" },
	{ "source", CONTRACT_TEXT, false, "where the build came from: local or server" },
	{ "rev", CONTRACT_TEXT, false, "the revision that was checked out, as it was asked for" },
	{ "kept", CONTRACT_INTEGER, false, "jobs that had ended in runs before and do not run again" },
	{ "again", CONTRACT_INTEGER, false, "jobs that had, and run again" },
};

static const struct contract_field job_added_spec[] = {
	{ "spec", CONTRACT_OBJECT, true, "the job, see mci-script(5)" },
};

static const struct contract_field build_initializing[] = {
	{ "resume", CONTRACT_TEXT, true, "workspace: where the run before worked, or fresh: elsewhere" },
};

static const struct contract_field build_pending[] = {
	{ "dir", CONTRACT_TEXT, false, "absolute path of the folder that another build works in" },
	{ "pid", CONTRACT_INTEGER, false, "process id of mci-build" },
	{ "for", CONTRACT_TEXT, false, "name of that build, or what else is known of it" },
	{ "message", CONTRACT_TEXT, false, "the same for people" },
	{ "agent", CONTRACT_TEXT, false, "of mci-store: who has claimed it, for the run that the event has" },
	{ "change", CONTRACT_INTEGER, false, "of mci-store: number of its row" },
};

static const struct contract_field build_updated[] = {
	{ "status", CONTRACT_TEXT, true, "what the build is now: running, after build/pending" },
};

static const struct contract_field build_canceled[] = {
	{ "reason", CONTRACT_TEXT, true, "who or what asked for it" },
	{ "change", CONTRACT_INTEGER, false, "of mci-store: number of its row" },
};

static const struct contract_field build_end[] = {
	{ "status", CONTRACT_TEXT, true, "success, failure, error or canceled" },
	{ "elapsed", CONTRACT_SECONDS, false, "time since build/start" },
	{ "exit", CONTRACT_INTEGER, false, "exit status of mci-build" },
	{ "jobs", CONTRACT_INTEGER, false, "how many jobs there were" },
	{ "success", CONTRACT_INTEGER, false, "how many of them succeeded" },
	{ "failure", CONTRACT_INTEGER, false, "how many failed" },
	{ "error", CONTRACT_INTEGER, false, "how many could not be run" },
	{ "skipped", CONTRACT_INTEGER, false, "how many were skipped" },
	{ "canceled", CONTRACT_INTEGER, false, "how many were canceled" },
	{ "reason", CONTRACT_TEXT, false, "one word: definition, there is none; checkout...: of mci-store" },
	{ "message", CONTRACT_TEXT, false, "why the build is in error" },
	{ "change", CONTRACT_INTEGER, false, "of mci-store: number of its row" },
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

static const struct contract_field script_params[] = {
	{ "params", CONTRACT_ARRAY, true, "objects with name, type, default, choices and about" },
};

static const struct contract_field script_end[] = {
	{ "script", CONTRACT_TEXT, true, "as definition in build/start" },
	{ "exit", CONTRACT_INTEGER, false, "its exit status" },
	{ "signal", CONTRACT_INTEGER, false, "the signal that ended it, instead of exit" },
};

static const struct contract_field job_pending[] = {
	{ "name", CONTRACT_TEXT, false, "what people call the job" },
	{ "depends-on", CONTRACT_TEXTS, false, "ids of the jobs that it waits for" },
	{ "takes", CONTRACT_TEXTS, false, "ids of the artifacts that it restores" },
	{ "plan", CONTRACT_OBJECT, false, "the job as it was written: of a server's build, up to 64 KiB" },
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
	{ "address", CONTRACT_TEXT, false, "where others reach what it exposes" },
	{ "ports", CONTRACT_OBJECT, false, "by what port there: number by number in the job" },
	{ "limits", CONTRACT_OBJECT, false, "what it may use: text by name" },
	{ "limited-by", CONTRACT_OBJECT, false, "what sees to each of them: cgroup-v2, cgroup-v1, rlimit, "
	    "mci-job or nothing" },
};

/* The job's own container, or that of a service beside it. */
#define CONTAINER \
	{ "attempt", CONTRACT_INTEGER, true, "from 1" }, \
	{ "service", CONTRACT_TEXT, false, "id of the service that runs there; else the job does" }

static const struct contract_field container_pending[] = {
	CONTAINER,
	{ "image", CONTRACT_TEXT, true, "what it is made of" },
};

static const struct contract_field container_start[] = {
	CONTAINER,
	{ "pid", CONTRACT_INTEGER, true, "process id of the first process in it, as it is outside" },
	{ "address", CONTRACT_TEXT, false, "where others reach what it exposes" },
	{ "ports", CONTRACT_OBJECT, false, "by what port there: number by number in the container" },
};

static const struct contract_field container_end[] = {
	CONTAINER,
};

static const struct contract_field command_start[] = {
	{ "attempt", CONTRACT_INTEGER, true, "from 1" },
	{ "command", CONTRACT_INTEGER, true, "which entry of script, from 0; those of finally count on" },
	{ "name", CONTRACT_TEXT, false, "what people call the entry" },
	{ "text", CONTRACT_TEXT, true, "the entry" },
};

static const struct contract_field command_end[] = {
	{ "attempt", CONTRACT_INTEGER, true, "from 1" },
	{ "command", CONTRACT_INTEGER, true, "as in its command/start" },
	{ "exit", CONTRACT_INTEGER, true, "its exit status" },
	{ "elapsed", CONTRACT_SECONDS, true, "time since its command/start" },
};

/* What is known of an attempt that ran; job/end repeats it. */
#define EXECUTED \
	{ "exit", CONTRACT_INTEGER, false, "exit status, for reason exit" }, \
	{ "signal", CONTRACT_INTEGER, false, "the signal that ended it, for reason signal" }, \
	{ "error", CONTRACT_TEXT, false, \
	    "what was wrong, for reasons start, service, lost and limit:NAME, with " \
	    "finally, or which process goes on" }, \
	{ "elapsed", CONTRACT_SECONDS, false, "time since job/start" }, \
	{ "user", CONTRACT_SECONDS, false, "CPU time in the program" }, \
	{ "system", CONTRACT_SECONDS, false, "CPU time in the kernel" }, \
	{ "maxrss", CONTRACT_INTEGER, false, "peak memory of one process, in bytes" }, \
	{ "bytes", CONTRACT_INTEGER, false, "length of the log" }, \
	{ "first-output", CONTRACT_TEXT, false, "time of the log's first chunk" }, \
	{ "last-output", CONTRACT_TEXT, false, "time of its last chunk" }, \
	{ "outputs", CONTRACT_OBJECT, false, "what the job wrote to MCI_OUTPUT: text by name" }, \
	{ "warnings", CONTRACT_INTEGER, false, "how many of its notes are warnings" }, \
	{ "truncated", CONTRACT_BOOL, false, "the log is not whole" }

static const struct contract_field job_executed[] = {
	{ "attempt", CONTRACT_INTEGER, true, "from 1" },
	{ "reason", CONTRACT_TEXT, true,
	    "exit, signal, timeout, canceled, limit:NAME, lost, service or start" },
	EXECUTED,
};

static const struct contract_field job_end[] = {
	{ "attempt", CONTRACT_INTEGER, false, "the last one that was to be" },
	{ "status", CONTRACT_TEXT, true, "success, failure, error, skipped or canceled" },
	{ "reason", CONTRACT_TEXT, false, "as in job/executed, artifact (one could not be saved or "
	    "restored, as error says), or why it never ran" },
	EXECUTED,
	{ "reproduce", CONTRACT_TEXT, false, "of one that went wrong: the command that runs it again, "
	    "where the build was asked for, or in a clone of a server's repository" },
	{ "allowed", CONTRACT_BOOL, false, "the failure does not count: allow-failure" },
	{ "cached", CONTRACT_BOOL, false, "the result was taken over, from the store or an earlier build" },
	{ "origin", CONTRACT_TEXT, false, "of that: name of the build in which it ran" },
	{ "key", CONTRACT_TEXT, false, "of a job with inputs: the digest of all that it is made from" },
	{ "unsealed", CONTRACT_BOOL, false, "of that: nothing kept it from what it does not name" },
};

static const struct contract_field log_annotated[] = {
	{ "attempt", CONTRACT_INTEGER, true, "from 1" },
	{ "at", CONTRACT_INTEGER, true, "length of the log when the note was read" },
	{ "note", CONTRACT_ANY, false, "the note, when it is JSON" },
	{ "text", CONTRACT_TEXT, false, "the note, when it is not" },
};

/* Files between a job and the store of large files. */
#define KEPT \
	{ "name", CONTRACT_TEXT, false, "what it is called in the store" }, \
	{ "digest", CONTRACT_TEXT, false, "SHA-256 of its manifest, in hex" }, \
	{ "files", CONTRACT_INTEGER, false, "how many there are" }, \
	{ "bytes", CONTRACT_INTEGER, false, "of the files in it" }

static const struct contract_field artifact_saved[] = {
	{ "attempt", CONTRACT_INTEGER, true, "from 1" },
	{ "artifact", CONTRACT_TEXT, true, "its id" },
	KEPT,
};

static const struct contract_field artifact_restored[] = {
	{ "attempt", CONTRACT_INTEGER, true, "from 1" },
	{ "artifact", CONTRACT_TEXT, true, "its id" },
	{ "from", CONTRACT_TEXT, true, "id of the job that saved it" },
	KEPT,
};

static const struct contract_field cache_saved[] = {
	{ "attempt", CONTRACT_INTEGER, true, "from 1" },
	{ "cache", CONTRACT_TEXT, true, "its id" },
	{ "key", CONTRACT_TEXT, true, "what its key came to" },
	KEPT,
};

static const struct contract_field cache_restored[] = {
	{ "attempt", CONTRACT_INTEGER, true, "from 1" },
	{ "cache", CONTRACT_TEXT, true, "its id" },
	{ "key", CONTRACT_TEXT, true, "what its key came to" },
	{ "hit", CONTRACT_BOOL, true, "there was one of just that key; else name tells the fallback "
	    "that was taken, or nothing was there" },
	KEPT,
};

static const struct contract_field workspace_saved[] = {
	KEPT,
};

static const struct contract_field workspace_restored[] = {
	{ "attempt", CONTRACT_INTEGER, false, "from 1, of the job" },
	KEPT,
};

#define RESULT \
	{ "key", CONTRACT_TEXT, true, "the digest of all that the job is made from" }, \
	{ "unsealed", CONTRACT_BOOL, false, "nothing keeps it from what it does not name" }

static const struct contract_field result_found[] = {
	RESULT,
	{ "origin", CONTRACT_TEXT, true, "name of the build in which it ran" },
};

static const struct contract_field result_missed[] = {
	RESULT,
	{ "changed", CONTRACT_TEXTS, false, "what is other than for the last result of the job, as far as "
	    "that is known" },
	{ "forced", CONTRACT_BOOL, false, "none was looked for: --no-cache" },
};

static const struct contract_field result_saved[] = {
	RESULT,
};

static const struct contract_event events[] = {
	{ "build/start", "mci-build", "a build begins", ROWS(build_start) },
	{ "build/initializing", "mci-build", "a run begins, from the second on: nothing more is taken of "
	    "older ones", ROWS(build_initializing) },
	{ "build/pending", "mci-build", "the build waits for its folder, before build/start or behind it; "
	    "of mci-store: an agent has claimed it", ROWS(build_pending) },
	{ "build/updated", "mci-build", "the build goes on", ROWS(build_updated) },
	{ "build/canceled", "mci-build", "the build is being canceled", ROWS(build_canceled) },
	{ "build/end", "mci-build", "the last event of a build", ROWS(build_end) },
	{ "script/initializing", "mci-build", "the build script is about to be started",
	    ROWS(script_named) },
	{ "script/start", "mci-build", "the build script runs", ROWS(script_start) },
	{ "script/idle", "mci-build", "nothing is left to run: say more or end", NONE },
	{ "script/busy", "script", "the script asks for time before it writes more",
	    ROWS(script_busy) },
	{ "script/params", "script", "the script says which params it takes, before its first job",
	    ROWS(script_params) },
	{ "script/end", "mci-build", "the build script has ended", ROWS(script_end) },
	{ "job/added", "mci-build", "a job has added another one, or a matrix, to the build",
	    ROWS(job_added_spec) },
	{ "job/pending", "mci-build", "a spec was read and accepted", ROWS(job_pending) },
	{ "job/queued", "mci-build", "nothing is waited for any more",
	    ROWS(job_queued) },
	{ "job/blocked", "mci-build", "the job waits for a person", ROWS(job_blocked) },
	{ "job/unblocked", "mci-build", "a person let the job go on", NONE },
	{ "job/initializing", "mci-job", "an attempt is being set up", ROWS(attempt) },
	{ "job/start", "mci-job", "an attempt runs", ROWS(job_start) },
	{ "job/executed", "mci-job", "an attempt is over", ROWS(job_executed) },
	{ "job/end", "mci-build", "the job is finished; exactly once a job", ROWS(job_end) },
	{ "container/pending", "mci-job", "a container is made", ROWS(container_pending) },
	{ "container/start", "mci-job", "what was to be run in it runs", ROWS(container_start) },
	{ "container/end", "mci-job", "it is gone", ROWS(container_end) },
	{ "command/start", "mci-job", "an entry of script begins", ROWS(command_start) },
	{ "command/end", "mci-job", "an entry of script is over", ROWS(command_end) },
	{ "artifact/restored", "mci-build", "an artifact is back, before the attempt starts",
	    ROWS(artifact_restored) },
	{ "artifact/saved", "mci-build", "an artifact is in the store, before job/end",
	    ROWS(artifact_saved) },
	{ "cache/restored", "mci-build", "a cache was looked for, before the attempt starts",
	    ROWS(cache_restored) },
	{ "cache/saved", "mci-build", "a cache is in the store, before job/end", ROWS(cache_saved) },
	{ "result/found", "mci-build", "a run of the same key is taken over", ROWS(result_found) },
	{ "result/missed", "mci-build", "there was none: the job runs", ROWS(result_missed) },
	{ "result/saved", "mci-build", "the run may be taken over by others", ROWS(result_saved) },
	{ "workspace/restored", "mci-build", "what is built was brought to a job", ROWS(workspace_restored) },
	{ "workspace/saved", "mci-build", "what is built is in the store", ROWS(workspace_saved) },
	{ "log/annotated", "mci-job", "a job wrote a note to MCI_NOTES", ROWS(log_annotated) },
};


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

/* Where files of the job that asks are. */
#define FILES_AT \
	{ "dir", CONTRACT_TEXT, true, "absolute path of a folder in what the job works in" }, \
	{ "job", CONTRACT_TEXT, false, "id of the job that asks" }
#define FILES_TAKEN \
	{ "path", CONTRACT_TEXTS, true, "what is saved: paths and globs, relative to dir" }, \
	{ "exclude", CONTRACT_TEXTS, false, "globs of what is left out" }, \
	FILES_AT

static const struct contract_field artifact_save[] = {
	{ "artifact", CONTRACT_TEXT, true, "its id" },
	FILES_TAKEN,
};

static const struct contract_field artifact_restore[] = {
	{ "artifact", CONTRACT_TEXT, true, "its id" },
	{ "from", CONTRACT_TEXT, false, "id of the job that saved it; the only one that has" },
	FILES_AT,
};

static const struct contract_field artifact_get[] = {
	{ "artifact", CONTRACT_TEXT, true, "its id" },
	{ "from", CONTRACT_TEXT, false, "id of the job that saved it; the only one that has" },
	{ "as", CONTRACT_TEXT, false, "tar or zip: such an archive; else the bytes of the one file in it" },
};

static const struct contract_field artifact_got[] = {
	{ "fds", CONTRACT_INTEGER, true, "1: a pipe with the bytes" },
};

static const struct contract_field artifact_list[] = {
	{ "job", CONTRACT_TEXT, false, "only those of this one" },
};

static const struct contract_field workspace_restore[] = {
	FILES_AT,
};

static const struct contract_field artifact_listed[] = {
	{ "artifacts", CONTRACT_ARRAY, true, "objects as of blob/list" },
};

static const struct contract_field cache_save[] = {
	{ "key", CONTRACT_TEXT, true, "under which it is found, in builds of this repository" },
	FILES_TAKEN,
};

static const struct contract_field cache_restore[] = {
	{ "key", CONTRACT_TEXT, true, "under which it was saved" },
	{ "fallback", CONTRACT_TEXTS, false, "beginnings of keys, of which the newest is taken else" },
	FILES_AT,
};

static const struct contract_field cache_listed[] = {
	{ "caches", CONTRACT_ARRAY, true, "objects as of blob/list" },
};

static const struct contract_field files_kept[] = {
	{ "hit", CONTRACT_BOOL, false, "of what was restored: it has just that name" },
	KEPT,
};

static const struct contract_field event_post[] = {
	{ "type", CONTRACT_TEXT, true, "noun/verb; not of the nouns that the kit keeps to itself" },
	{ "*", CONTRACT_ANY, false, "the fields of the event" },
};

static const struct contract_field event_subscribe[] = {
	{ "from", CONTRACT_INTEGER, false, "byte offset in the build's log to begin at; 0" },
};

static const struct contract_field mask_value[] = {
	{ "value", CONTRACT_TEXT, true, "the secret" },
};

static const struct contract_method methods[] = {
	{ "param/get", "the value of a build parameter", ROWS(param_name), ROWS(value),
	    "not-found", true, false },
	{ "output/get", "what a job left for the others", ROWS(output_get),
	    ROWS(output_got), "not-found", true, false },
	{ "output/set", "sets an output of a running job", ROWS(output_set), NONE,
	    "not-found,limit,refused", true, false },
	{ "job/add", "adds a job to the running build", ROWS(job_add), ROWS(job_added),
	    "refused,limit,system", false, false },
	{ "job/list", "all jobs in the order they came", NONE, ROWS(job_listed), "limit",
	    true, false },
	{ "build/get", "what build this is", NONE, ROWS(build_got), "", true, false },
	{ "event/post", "posts an event and says when it is in the log", ROWS(event_post),
	    NONE, "refused,limit,system", false, false },
	{ "event/subscribe", "the build's events from an offset on, live",
	    ROWS(event_subscribe), NONE, "limit,busy", true, true },
	{ "artifact/save", "keeps files as an artifact of the job", ROWS(artifact_save), ROWS(files_kept),
	    "refused,system", true, false },
	{ "artifact/restore", "brings an artifact of this build", ROWS(artifact_restore), ROWS(files_kept),
	    "not-found,refused,system", true, false },
	{ "artifact/get", "the bytes of one", ROWS(artifact_get), ROWS(artifact_got),
	    "not-found,refused,system", true, false },
	{ "artifact/list", "those of this build", ROWS(artifact_list), ROWS(artifact_listed),
	    "limit,refused,system", true, false },
	{ "cache/save", "keeps files for later builds of the repository", ROWS(cache_save), ROWS(files_kept),
	    "refused,system", true, false },
	{ "cache/restore", "brings what an earlier build kept", ROWS(cache_restore), ROWS(files_kept),
	    "not-found,refused,system", true, false },
	{ "cache/list", "the caches of the repository", NONE, ROWS(cache_listed), "limit,refused,system",
	    true, false },
	{ "workspace/save", "keeps what is built, once, for jobs that run elsewhere", NONE, ROWS(files_kept),
	    "refused,system", true, false },
	{ "workspace/restore", "brings what workspace/save has kept", ROWS(workspace_restore),
	    ROWS(files_kept), "not-found,refused,system", true, false },
	{ "mask/add", "masks a value in all logs and events from now on", ROWS(mask_value),
	    NONE, "refused,limit,disconnected", true, false },
};

const struct contract_service contract_build = {
	.name = "build",
	EVENTS(events),
	METHODS(methods),
};
