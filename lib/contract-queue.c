/* The queue of builds, which mci-store keeps: the service "queue". */
#include "contractrows.h"

/* Row of the outbox that an event came from: whoever has had it leaves a second one out. */
#define CHANGE { "change", CONTRACT_INTEGER, true, "number of the store's row; one that came before " \
	    "is a repeat" }

static const struct contract_field build_triggered[] = {
	{ "repo", CONTRACT_TEXT, true, "what is built, as ORG/REPO" },
	{ "number", CONTRACT_INTEGER, true, "of the build in its repository" },
	{ "trust", CONTRACT_TEXT, true, "trusted or stranger" },
	{ "event", CONTRACT_TEXT, true, "what it is for: push, tag, manual, rerun..." },
	{ "ref", CONTRACT_TEXT, false, "as refs/heads/main" },
	{ "rev", CONTRACT_TEXT, false, "object id of what is built; not known yet without it" },
	{ "base", CONTRACT_TEXT, false, "object id of what was there before" },
	{ "actor", CONTRACT_TEXT, false, "who did it" },
	{ "message", CONTRACT_TEXT, false, "of the commit" },
	{ "priority", CONTRACT_INTEGER, false, "higher ones first; 0" },
	{ "of", CONTRACT_TEXT, false, "the build that it runs again" },
	CHANGE,
};

static const struct contract_field build_queued[] = {
	{ "reason", CONTRACT_TEXT, false, "why it waits again: what its agent said, or lease when that was "
	    "not heard of; room: others of its repository or organisation have ended" },
	CHANGE,
};

static const struct contract_field build_asked[] = {
	{ "cancel", CONTRACT_TEXT, false, "the reason for which it is to be canceled" },
	{ "cancel-job", CONTRACT_TEXT, false, "the job that is to be canceled" },
	{ "unblock", CONTRACT_TEXT, false, "the job that is to go on" },
	CHANGE,
};

static const struct contract_field trigger_skipped[] = {
	{ "repo", CONTRACT_TEXT, true, "what would have been built, as ORG/REPO" },
	{ "reason", CONTRACT_TEXT, true, "why it is not" },
	{ "ref", CONTRACT_TEXT, false, "as refs/heads/main" },
	{ "rev", CONTRACT_TEXT, false, "object id" },
	{ "actor", CONTRACT_TEXT, false, "who did it" },
	CHANGE,
};

static const struct contract_event events[] = {
	{ "build/triggered", "mci-store", "a build was accepted", ROWS(build_triggered) },
	{ "build/queued", "mci-store", "a build waits for an agent: the time to claim",
	    ROWS(build_queued) },
	{ "build/asked", "mci-store", "somebody asks something of a build that runs: the time to renew",
	    ROWS(build_asked) },
	{ "trigger/skipped", "mci-store", "a trigger made no build", ROWS(trigger_skipped) },
};

static const struct contract_field trigger[] = {
	{ "repo", CONTRACT_TEXT, true, "what to build, as ORG/REPO" },
	{ "ref", CONTRACT_TEXT, false, "whole, as refs/heads/main; the repository's main branch" },
	{ "old", CONTRACT_TEXT, false, "object id of what was there before" },
	{ "new", CONTRACT_TEXT, false, "object id of what to build; what ref is when the build starts" },
	{ "event", CONTRACT_TEXT, false, "push, tag, pull-request, schedule...; push or tag where old or "
	    "new is given, else manual" },
	{ "target", CONTRACT_TEXT, false, "the branch that a pull request is for" },
	{ "actor", CONTRACT_TEXT, false, "who did it" },
	{ "message", CONTRACT_TEXT, false, "of the commit; its first 16384 bytes are kept" },
	{ "options", CONTRACT_TEXTS, false, "push options, as ci.skip" },
	{ "params", CONTRACT_OBJECT, false, "texts by name, in place of the repository's" },
	{ "key", CONTRACT_TEXT, false, "a trigger with the same one for this repository is the same build" },
	{ "specs", CONTRACT_TEXT, false, "lines of jobs to run instead of a definition; see mci-script(5)" },
	{ "priority", CONTRACT_INTEGER, false, "-1000 to 1000, higher ones first; 0" },
	{ "rerun", CONTRACT_OBJECT, false, "runs a build again: of (its name), and failed (only what failed) "
	    "or from (a job and what is behind it), and no-cache (no result is taken from the store of "
    "files)" },
};

static const struct contract_field triggered[] = {
	{ "build", CONTRACT_TEXT, false, "its name, as ORG/REPO/N" },
	{ "number", CONTRACT_INTEGER, false, "N" },
	{ "created", CONTRACT_BOOL, true, "whether it is a new one" },
	{ "skipped", CONTRACT_TEXT, false, "why there is no build" },
};

static const struct contract_field claim[] = {
	{ "token", CONTRACT_TEXT, true, "of the agent" },
	{ "id", CONTRACT_TEXT, true, "the caller's, new for each claim; the same one gives the same build" },
	{ "labels", CONTRACT_OBJECT, false, "of the agent: texts by name" },
	{ "isolates", CONTRACT_BOOL, false, "its runner keeps jobs from the machine: it gets strangers' "
	    "builds too" },
	{ "name", CONTRACT_TEXT, false, "of the agent, for people" },
};

static const struct contract_field claimed[] = {
	{ "build", CONTRACT_TEXT, false, "its name; without it there is none for this agent now" },
	{ "run", CONTRACT_INTEGER, false, "of the build, from 1" },
	{ "lease", CONTRACT_TEXT, false, "to be told with all that is said about this run" },
	{ "seconds", CONTRACT_INTEGER, false, "how long the lease lasts from now on" },
	{ "order", CONTRACT_OBJECT, false, "what to build, for mci-build --order" },
};

/* Which run: only its holder may say something about it. */
#define RUN_HELD \
	{ "build", CONTRACT_TEXT, true, "its name, as ORG/REPO/N" }, \
	{ "run", CONTRACT_INTEGER, true, "as claimed" }, \
	{ "lease", CONTRACT_TEXT, true, "as claimed" }

static const struct contract_field renew[] = {
	RUN_HELD,
};

static const struct contract_field renewed[] = {
	{ "seconds", CONTRACT_INTEGER, true, "how long the lease lasts from now on" },
	{ "cancel", CONTRACT_TEXT, false, "the build is to be canceled, and why" },
	{ "cancel-jobs", CONTRACT_TEXTS, false, "ids of jobs that are to be canceled" },
	{ "unblock", CONTRACT_TEXTS, false, "ids of blocked jobs that are to go on" },
};

static const struct contract_field release[] = {
	RUN_HELD,
	{ "reason", CONTRACT_TEXT, true, "why somebody else is to go on with it" },
};

static const struct contract_field end[] = {
	RUN_HELD,
	{ "status", CONTRACT_TEXT, false, "success, failure, error or canceled: where mci-build has said "
	    "none; error" },
	{ "reason", CONTRACT_TEXT, false, "one word, as checkout or definition" },
	{ "message", CONTRACT_TEXT, false, "the same for people" },
};

static const struct contract_field ended[] = {
	{ "status", CONTRACT_TEXT, true, "that counts" },
};

static const struct contract_field build_named[] = {
	{ "build", CONTRACT_TEXT, true, "its name, as ORG/REPO/N" },
};

static const struct contract_field build_got[] = {
	{ "build", CONTRACT_TEXT, true, "its name" },
	{ "repo", CONTRACT_TEXT, true, "as ORG/REPO" },
	{ "number", CONTRACT_INTEGER, true, "in its repository" },
	{ "status", CONTRACT_TEXT, true, "as in mci-build(1)" },
	{ "trust", CONTRACT_TEXT, true, "trusted or stranger" },
	{ "event", CONTRACT_TEXT, true, "as in build/triggered" },
	{ "created", CONTRACT_TEXT, true, "when it was accepted" },
	{ "run", CONTRACT_INTEGER, true, "0 until it is claimed" },
	{ "priority", CONTRACT_INTEGER, true, "higher ones first" },
	{ "ref", CONTRACT_TEXT, false, "as refs/heads/main" },
	{ "branch", CONTRACT_TEXT, false, "when ref is one" },
	{ "tag", CONTRACT_TEXT, false, "when ref is one" },
	{ "rev", CONTRACT_TEXT, false, "object id of what is built" },
	{ "base", CONTRACT_TEXT, false, "object id of what was there before" },
	{ "actor", CONTRACT_TEXT, false, "who did it" },
	{ "message", CONTRACT_TEXT, false, "of the commit" },
	{ "of", CONTRACT_TEXT, false, "the build that it runs again" },
	{ "agent", CONTRACT_TEXT, false, "that has it now" },
	{ "cancel", CONTRACT_TEXT, false, "why it is to be canceled" },
	{ "params", CONTRACT_OBJECT, false, "texts by name that its trigger gave; not in lists" },
	{ "started", CONTRACT_TEXT, false, "time of its first build/start" },
	{ "ended", CONTRACT_TEXT, false, "time of its build/end" },
	{ "elapsed", CONTRACT_SECONDS, false, "as build/end says" },
	{ "exit", CONTRACT_INTEGER, false, "exit status of mci-build" },
	{ "reason", CONTRACT_TEXT, false, "of its end, one word" },
	{ "error", CONTRACT_TEXT, false, "of its end, for people" },
	{ "jobs", CONTRACT_OBJECT, false, "how many jobs there are, by status" },
};

static const struct contract_field build_list[] = {
	{ "repo", CONTRACT_TEXT, false, "ORG/REPO; all" },
	{ "org", CONTRACT_TEXT, false, "only of this organisation" },
	{ "status", CONTRACT_TEXT, false, "only builds that are so" },
	{ "branch", CONTRACT_TEXT, false, "only of this branch" },
	{ "event", CONTRACT_TEXT, false, "only for this event" },
	{ "actor", CONTRACT_TEXT, false, "only of this person" },
	{ "since", CONTRACT_TEXT, false, "only those accepted at this time or later" },
	{ "until", CONTRACT_TEXT, false, "only those accepted before this time" },
	{ "before", CONTRACT_TEXT, false, "name of a build: only those accepted before it" },
	{ "limit", CONTRACT_INTEGER, false, "at most so many, 1 to 1000; 50" },
};

static const struct contract_field build_listed[] = {
	{ "builds", CONTRACT_ARRAY, true, "the newest first: objects as of build/get" },
	{ "more", CONTRACT_BOOL, true, "whether there are older ones: go on before the last" },
};

static const struct contract_field build_latest[] = {
	{ "org", CONTRACT_TEXT, false, "only of this organisation" },
	{ "after", CONTRACT_TEXT, false, "go on behind this repository: ORG/REPO" },
	{ "limit", CONTRACT_INTEGER, false, "at most so many, 1 to 1000; 100" },
};

static const struct contract_field build_latest_listed[] = {
	{ "builds", CONTRACT_ARRAY, true, "by repository: objects as of build/get" },
	{ "more", CONTRACT_BOOL, true, "whether there are other repositories: go on after the last" },
};

static const struct contract_field build_cancel[] = {
	{ "build", CONTRACT_TEXT, true, "its name, as ORG/REPO/N" },
	{ "job", CONTRACT_TEXT, false, "only this one; the whole build without it" },
	{ "reason", CONTRACT_TEXT, false, "who or what asks for it" },
};

static const struct contract_field job_named[] = {
	{ "build", CONTRACT_TEXT, true, "its name, as ORG/REPO/N" },
	{ "job", CONTRACT_TEXT, true, "its id" },
};

static const struct contract_field job_got[] = {
	{ "job", CONTRACT_TEXT, true, "its id" },
	{ "status", CONTRACT_TEXT, true, "as in mci-build(1)" },
	{ "attempt", CONTRACT_INTEGER, true, "the newest, from 1; 0 before" },
	{ "name", CONTRACT_TEXT, false, "what people call it" },
	{ "reason", CONTRACT_TEXT, false, "of its end, one word" },
	{ "error", CONTRACT_TEXT, false, "what exactly was wrong" },
	{ "exit", CONTRACT_INTEGER, false, "exit status of its command" },
	{ "signal", CONTRACT_INTEGER, false, "that ended it" },
	{ "started", CONTRACT_TEXT, false, "when its newest attempt began" },
	{ "ended", CONTRACT_TEXT, false, "when it ended" },
	{ "elapsed", CONTRACT_SECONDS, false, "of that attempt" },
	{ "user", CONTRACT_SECONDS, false, "CPU time of its own" },
	{ "system", CONTRACT_SECONDS, false, "CPU time in the kernel" },
	{ "maxrss", CONTRACT_INTEGER, false, "memory at most, in bytes" },
	{ "bytes", CONTRACT_INTEGER, false, "of its log" },
	{ "cached", CONTRACT_BOOL, false, "its result was taken from elsewhere" },
	{ "allowed", CONTRACT_BOOL, false, "it failed, and that does not count" },
};

static const struct contract_field jobs_of[] = {
	{ "build", CONTRACT_TEXT, true, "its name, as ORG/REPO/N" },
	{ "from", CONTRACT_INTEGER, false, "how many jobs to leave out; 0" },
};

static const struct contract_field job_listed[] = {
	{ "jobs", CONTRACT_ARRAY, true, "in the order they came: objects as of job/get" },
	{ "more", CONTRACT_BOOL, true, "whether there are others, that do not fit into the line" },
};

static const struct contract_field artifact_named[] = {
	{ "build", CONTRACT_TEXT, true, "its name, as ORG/REPO/N" },
	{ "job", CONTRACT_TEXT, true, "id of the job that left it" },
	{ "artifact", CONTRACT_TEXT, true, "its id" },
};

static const struct contract_field artifact_got[] = {
	{ "build", CONTRACT_TEXT, true, "whose it is" },
	{ "job", CONTRACT_TEXT, true, "id of the job that left it" },
	{ "artifact", CONTRACT_TEXT, true, "its id" },
	{ "name", CONTRACT_TEXT, false, "what it is called in the store of large files" },
	{ "digest", CONTRACT_TEXT, false, "SHA-256 of its manifest, in hex" },
	{ "files", CONTRACT_INTEGER, true, "how many there are" },
	{ "bytes", CONTRACT_INTEGER, true, "of the files in it" },
	{ "saved", CONTRACT_TEXT, true, "when" },
	{ "trust", CONTRACT_TEXT, true, "of the build: trusted or stranger" },
};

static const struct contract_field artifact_list[] = {
	{ "build", CONTRACT_TEXT, true, "its name, as ORG/REPO/N" },
	{ "job", CONTRACT_TEXT, false, "only of this one" },
	{ "from", CONTRACT_INTEGER, false, "how many to leave out; 0" },
	{ "limit", CONTRACT_INTEGER, false, "at most so many, 1 to 1000; 100" },
};

static const struct contract_field artifact_listed[] = {
	{ "artifacts", CONTRACT_ARRAY, true, "by job: objects as of artifact/get" },
	{ "more", CONTRACT_BOOL, true, "whether there are others" },
};

static const struct contract_field artifact_search[] = {
	{ "name", CONTRACT_TEXT, false, "is in their ids, in small letters or capitals; all" },
	{ "org", CONTRACT_TEXT, false, "only of this organisation" },
	{ "repo", CONTRACT_TEXT, false, "ORG/REPO; all" },
	{ "limit", CONTRACT_INTEGER, false, "at most so many, 1 to 1000; 100" },
};

static const struct contract_field artifact_found[] = {
	{ "artifacts", CONTRACT_ARRAY, true, "of the newest build first: objects as of artifact/get" },
	{ "more", CONTRACT_BOOL, true, "whether there are others" },
};

static const struct contract_field build_events[] = {
	{ "build", CONTRACT_TEXT, true, "its name, as ORG/REPO/N" },
	{ "from", CONTRACT_INTEGER, false, "how many of its events to leave out; 0" },
	{ "follow", CONTRACT_BOOL, false, "go on until its end; true. false: end with what is there" },
};

static const struct contract_field queue_status[] = {
	{ "waiting", CONTRACT_INTEGER, true, "builds that no agent has" },
	{ "held", CONTRACT_INTEGER, true, "builds that one has" },
	{ "oldest", CONTRACT_SECONDS, true, "how long the oldest of those waits that no agent has; 0" },
	{ "agents", CONTRACT_INTEGER, true, "agents that asked for builds within a minute" },
	{ "statuses", CONTRACT_OBJECT, true, "how many builds there are, by status" },
	{ "changes", CONTRACT_INTEGER, true, "events that the hub does not have for certain" },
	{ "next", CONTRACT_INTEGER, true, "offset in the hub of the first event that is not in the rows" },
	{ "events", CONTRACT_INTEGER, true, "that came from it since the start" },
	{ "hub", CONTRACT_BOOL, true, "whether it is there" },
};

static const struct contract_method methods[] = {
	{ "build/trigger", "accepts a build, and answers when no power cut can take it",
	    ROWS(trigger), ROWS(triggered), "not-found,refused,limit,busy,system", false, false },
	{ "build/claim", "gives an agent the next build that is for it", ROWS(claim), ROWS(claimed),
	    "refused,limit,busy,system", true, false },
	{ "build/renew", "keeps a lease, and says what is asked of the build", ROWS(renew),
	    ROWS(renewed), "fenced,busy,system", true, false },
	{ "build/release", "puts a build back into the queue", ROWS(release), NONE,
	    "not-found,fenced,busy,system", true, false },
	{ "build/end", "frees the lease of a build that is over; its build/end event decides, where one "
	    "came", ROWS(end), ROWS(ended), "not-found,fenced,busy,system", true, false },
	{ "build/get", "what is known of a build", ROWS(build_named), ROWS(build_got),
	    "not-found,system", true, false },
	{ "build/list", "builds, a page at a time", ROWS(build_list), ROWS(build_listed),
	    "not-found,limit,system", true, false },
	{ "build/latest", "the newest build of each repository", ROWS(build_latest),
	    ROWS(build_latest_listed), "not-found,limit,system", true, false },
	{ "build/cancel", "cancels a build or one of its jobs: at once, or by its agent",
	    ROWS(build_cancel), NONE, "not-found,refused,busy,system", true, false },
	{ "build/events", "the events of a build, until its end", ROWS(build_events), NONE,
	    "not-found,busy,system", true, true },
	{ "build/status", "the state of the queue", NONE, ROWS(queue_status), "system", true, false },
	{ "job/unblock", "lets a blocked job go on, by its agent", ROWS(job_named), NONE,
	    "not-found,refused,busy,system", true, false },
	{ "job/get", "what is known of a job", ROWS(job_named), ROWS(job_got), "not-found,system", true,
	    false },
	{ "job/list", "the jobs of a build", ROWS(jobs_of), ROWS(job_listed), "not-found,system",
	    true, false },
	{ "artifact/get", "what a job has left under an id", ROWS(artifact_named), ROWS(artifact_got),
	    "not-found,system", true, false },
	{ "artifact/list", "what the jobs of a build have left", ROWS(artifact_list), ROWS(artifact_listed),
	    "not-found,limit,system", true, false },
	{ "artifact/search", "artifacts by their ids, among the newest 20000", ROWS(artifact_search),
	    ROWS(artifact_found), "not-found,limit,system", true, false },
};

const struct contract_service contract_queue = {
	.name = "queue",
	EVENTS(events),
	METHODS(methods),
};
