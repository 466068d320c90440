#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "agent.h"
#include "bytes.h"
#include "checkout.h"
#include "emit.h"
#include "folder.h"
#include "login.h"
#include "memory.h"
#include "option.h"
#include "process.h"
#include "runner.h"
#include "secretfile.h"
#include "standard.h"

#define PROGRAM "mci-agent"

struct options {
	const char *workdir, *token_file, *name, *runner;
	const char *address, *store, *events, *log, *blob;
	struct option_list labels;
	int64_t jobs, ready;
	bool once, checkout;
};

#define FIELD(member) offsetof(struct options, member)
#define WORKDIR { .name = "workdir", .value = "DIR", .help = "the folder of mirrors and checkouts", \
	    .kind = OPTION_TEXT, .offset = FIELD(workdir) }

static const struct option options[] = {
	{ .letter = 'j', .name = "jobs", .value = "N",
	  .help = "work on at most N builds at once (the number of CPUs, at least 2)",
	  .kind = OPTION_NUMBER, .offset = FIELD(jobs), .min = 1, .max = 1024 },
	{ .name = "label", .value = "K=V", .help = "take builds that ask for this too",
	  .kind = OPTION_LIST, .offset = FIELD(labels) },
	{ .name = "once", .help = "work on one build and exit with its status", .kind = OPTION_FLAG,
	  .offset = FIELD(once) },
	WORKDIR,
	{ .name = "token-file", .value = "FILE", .help = "what the store knows this agent by",
	  .kind = OPTION_TEXT, .offset = FIELD(token_file) },
	{ .name = "name", .value = "NAME", .help = "what people know it by (default: the host's name)",
	  .kind = OPTION_TEXT, .offset = FIELD(name) },
	{ .name = "runner", .value = "NAME",
	  .help = "where jobs run (default: sandbox, where that works)", .kind = OPTION_TEXT,
	  .offset = FIELD(runner) },
	{ .letter = 'a', .name = "address", .value = "ADDRESS",
	  .help = "where all services answer (default: $MCI_API, else mci.sock)", .kind = OPTION_TEXT,
	  .offset = FIELD(address) },
	{ .name = "store", .value = "ADDRESS", .help = "where the store answers (default: $MCI_STORE)",
	  .kind = OPTION_TEXT, .offset = FIELD(store) },
	{ .name = "events", .value = "ADDRESS", .help = "where the hub answers (default: $MCI_EVENTS)",
	  .kind = OPTION_TEXT, .offset = FIELD(events) },
	{ .name = "log", .value = "ADDRESS", .help = "where the log server answers (default: $MCI_LOG)",
	  .kind = OPTION_TEXT, .offset = FIELD(log) },
	{ .name = "blob", .value = "ADDRESS",
	  .help = "where the store of large files answers (default: $MCI_BLOB)", .kind = OPTION_TEXT,
	  .offset = FIELD(blob) },
	{ .name = "ready-fd", .value = "N", .help = "write a newline to this descriptor when it claims",
	  .kind = OPTION_NUMBER, .offset = FIELD(ready), .min = 1, .max = INT32_MAX },
	{ .name = "checkout", .help = "only check out what an order on standard input says",
	  .kind = OPTION_FLAG, .offset = FIELD(checkout) },
};

static const struct command command = {
	.program = PROGRAM,
	.summary = "claim builds from the queue and run them",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.size = sizeof(struct options),
};

static const struct option checkout_options[] = {
	{ .name = "checkout", .help = "only check out what an order on standard input says",
	  .kind = OPTION_FLAG, .offset = FIELD(checkout) },
	WORKDIR,
};

static const struct command checkout_command = {
	.program = PROGRAM,
	.verb = "--checkout",
	.operands = "DIR",
	.summary = "check out what an order on standard input says",
	.options = checkout_options,
	.noptions = sizeof(checkout_options) / sizeof(checkout_options[0]),
	.min_operands = 1,
	.max_operands = 1,
	.size = sizeof(struct options),
};

static const struct command *const modes[] = { &command, &checkout_command };

/* The same wherever a program is started. Caller frees. */
static char *
elsewhere(const char *given, const char *variable, const char *otherwise, struct error *e)
{
	const char *text = given != NULL ? given : getenv(variable);
	char *address;

	if (text == NULL || *text == '\0')
		return xstrdup(otherwise);
	address = address_elsewhere(text, e);
	if (address == NULL || *address != '\0')
		return address;
	free(address);
	error_set(e, ERROR_USAGE, "%s: builds have to reach it too: expected unix:PATH or exec:COMMAND",
	    text);
	return NULL;
}

/* -a is for all of them; the variable of one service goes before that of all. */
static char *
address_of(const struct options *o, const char *given, const char *variable, struct error *e)
{
	AUTO_FREE char *sockets = o->address == NULL ? folder_sockets(e) : NULL;
	AUTO_FREE char *usual = sockets == NULL ? NULL : xformat("unix:%s/mci.sock", sockets);
	AUTO_FREE char *api = NULL;

	if (o->address == NULL && usual == NULL)
		return NULL;
	api = elsewhere(o->address, "MCI_API", usual, e);
	if (api == NULL || (o->address != NULL && given == NULL))
		return api == NULL ? NULL : xstrdup(api);
	return elsewhere(given, variable, api, e);
}

static char *
work_folder(const char *given, struct error *e)
{
	AUTO_FREE char *state = given != NULL ? NULL : folder_state(e);
	char *absolute;

	if (given == NULL)
		return state == NULL ? NULL : xformat("%s/agent", state);
	if (folder_make(given, e) < 0)
		return NULL;
	absolute = realpath(given, NULL);
	if (absolute == NULL)
		error_sys(e, "--workdir %s", given);
	return absolute;
}

static int
read_labels(const struct option_list *list, struct bytes *object, struct error *e)
{
	emit_open(object);
	for (size_t i = 0; i < list->n; i++) {
		AUTO_FREE char *key = NULL;
		const char *value;

		if (option_pair(list->items[i], &key, &value, e) < 0)
			return error_before(e, "--label: ");
		emit_text(object, key, value);
	}
	bytes_char(object, '}');
	return 0;
}

/* Over HTTP the token is what everything that is started here shows. */
static int
read_token(struct bytes *token, const char *file, const char *store, struct error *e)
{
	bool far = address_is_far(store);
	int got = file != NULL ? secretfile_read(token, file, e) : far ? login_token(token, store, e) : 0;

	if (got < 0)
		return -1;
	if (token->len == 0)
		return error_set(e, ERROR_USAGE, "which agent is it? --token-file FILE, made by "
		    "'mci-store create token'; over HTTP MCI_TOKEN will do");
	if (far && login_token_check(bytes_string(token), e) < 0)
		return -1;
	if (far)
		setenv("MCI_TOKEN", bytes_string(token), 1);
	return 0;
}

static int
run(const struct options *o, struct error *e)
{
	AUTO_FREE char *workdir = work_folder(o->workdir, e);
	AUTO_FREE char *store = workdir == NULL ? NULL : address_of(o, o->store, "MCI_STORE", e);
	AUTO_FREE char *events = store == NULL ? NULL : address_of(o, o->events, "MCI_EVENTS", e);
	AUTO_FREE char *log = events == NULL ? NULL : address_of(o, o->log, "MCI_LOG", e);
	AUTO_FREE char *blob = log == NULL ? NULL : address_of(o, o->blob, "MCI_BLOB", e);
	AUTO_BYTES labels = { 0 };
	AUTO_BYTES token = { 0 };
	char host[256] = "";
	struct agent_options a = { .settings = { .workdir = workdir, .events = events, .log = log,
		.blob = blob, .store = store, }, .name = o->name != NULL ? o->name : host,
		.jobs = o->jobs, .ready = o->ready, .once = o->once };

	gethostname(host, sizeof(host) - 1);
	if (blob == NULL || read_labels(&o->labels, &labels, e) < 0)
		return -1;
	if (read_token(&token, o->token_file, store, e) < 0)
		return -1;
	if (runner_choose(o->runner, workdir, &a.settings.runner, &a.isolates, e) < 0)
		return -1;
	a.labels = bytes_string(&labels);
	a.token = bytes_string(&token);
	return agent_run(&a);
}

int
main(int argc, char **argv)
{
	/* one that waits for a person keeps no other one waiting */
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct options o = { .jobs = cpus < 2 ? 2 : cpus };
	struct error e;
	int status;

	standard_begin();
	option_parse_modes(modes, sizeof(modes) / sizeof(modes[0]), &argc, argv, &o);
	if (o.checkout) {
		AUTO_FREE char *workdir = work_folder(o.workdir, &e);

		status = workdir == NULL ? -1 : checkout_run(workdir, argv[0]);
	} else {
		process_private();
		status = run(&o, &e);
	}
	if (status < 0) {
		option_complain(PROGRAM, &e);
		status = error_status(&e);
	}
	return option_finish(PROGRAM, status);
}
