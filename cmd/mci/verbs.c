#include "verbs.h"

enum { RUN, BUILD, LINT, PARAMS, WHY, JOB, LOG, EVENTS, STORE, RELAY, UP, ORG, REPO, KEY, TOKEN, PARAM };

#define WORD(word, text, words) { .program = "mci", .verb = word, .summary = text, .also = words }

const struct kit kit[] = {
	[RUN] = { WORD("run", "run a build: mci-build", "start exec"), "mci-build", NULL, NULL, false },
	[BUILD] = { WORD("build", "run a build: mci-build", NULL), "mci-build", NULL, NULL, false },
	[LINT] = { WORD("lint", "check a definition: mci-build --lint", NULL), "mci-build", "--lint", NULL,
	    false },
	[PARAMS] = { WORD("params", "list the params that a definition takes: mci-build --params", NULL),
	    "mci-build", "--params", NULL, false },
	/* of a build that there was: why.c */
	[WHY] = { WORD("why", NULL, NULL), "mci-build", "--why", NULL, true },
	[JOB] = { WORD("job", "run jobs: mci-job", NULL), "mci-job", NULL, NULL, false },
	[LOG] = { WORD("log", "show what jobs printed: mci-log", "logs cat"), "mci-log", NULL, NULL, false },
	[EVENTS] = { WORD("events", "publish and subscribe: mci-events", NULL), "mci-events", NULL, NULL,
	    false },
	[STORE] = { WORD("store", "keep and ask the store: mci-store", NULL), "mci-store", NULL, NULL,
	    false },
	[RELAY] = { WORD("relay", "join standard input and output to a service: mci-relay", NULL),
	    "mci-relay", NULL, NULL, false },
	[UP] = { WORD("up", "start the server of this machine: mci-supervise", "serve server"),
	    "mci-supervise", "--welcome", NULL, false },
	[ORG] = { WORD("org", "organisations of the server: ls, get, put, rm", NULL), "mci-store", "org",
	    NULL, false },
	[REPO] = { WORD("repo", "its repositories: ls, get, put, rm", NULL), "mci-store", "repo", NULL,
	    false },
	[KEY] = { WORD("key", "its ssh keys: ls, get, put, rm", NULL), "mci-store", "key", NULL, false },
	[TOKEN] = { WORD("token", "tokens of its agents: create, ls, rm", NULL), "mci-store", "token", NULL,
	    false },
	/* in a job "param get" asks the build: param.c */
	[PARAM] = { WORD("param", NULL, NULL), "mci-store", "param", "get", false },
};
const size_t nkit = sizeof(kit) / sizeof(kit[0]);

#define KIT(word) &kit[word].command

const struct command *const verbs[] = {
	/* builds */
	KIT(RUN), KIT(BUILD), KIT(LINT), KIT(PARAMS), KIT(JOB), &spec_command,
	/* what became of them */
	&ls_command, &show_command, &tree_command, KIT(LOG), KIT(EVENTS), &path_command, &wait_command,
	&why_command, &artifact_command, &rerun_command, &shell_command, &cancel_command,
	&unblock_command, &rm_command,
	/* a server */
	KIT(UP), &down_command, &reload_command, &status_command, &doctor_command, &demo_command,
	&trigger_command, &hook_command, &login_command, KIT(ORG), KIT(REPO), KIT(KEY),
	KIT(TOKEN), KIT(STORE), KIT(RELAY),
	/* in a job, and of any service */
	&param_command, &output_command, &cache_command, &add_command, &jobs_command,
	&call_command, &post_command, &config_command,
};
const size_t nverbs = sizeof(verbs) / sizeof(verbs[0]);
