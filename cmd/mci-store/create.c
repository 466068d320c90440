/* The verb create: a new token, told once. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asking.h"
#include "kernel.h"
#include "memory.h"
#include "names.h"
#include "option.h"
#include "seal.h"
#include "secretfile.h"
#include "timestamp.h"
#include "verbs.h"

struct options {
	const char *address, *agent, *name, *output, *place;
	struct option_list scopes;
	int64_t expires;
};

static const struct option options[] = {
	{ .letter = 'a',
	    .name = "address",
	    .value = "ADDRESS",
	    .help = "the store",
	    .kind = OPTION_TEXT,
	    .offset = offsetof(struct options, address) },
	{ .name = "agent",
	    .value = "NAME",
	    .help = "the agent that is to show it",
	    .kind = OPTION_TEXT,
	    .offset = offsetof(struct options, agent) },
	{ .name = "name",
	    .value = "TEXT",
	    .help = "what people call it",
	    .kind = OPTION_TEXT,
	    .offset = offsetof(struct options, name) },
	{ .name = "expires",
	    .value = "DURATION",
	    .help = "it is good for so long (for ever)",
	    .kind = OPTION_DURATION,
	    .offset = offsetof(struct options, expires) },
	{ .name = "for",
	    .value = "ORG[/REPO]",
	    .help = "it is for what belongs to this alone",
	    .kind = OPTION_TEXT,
	    .offset = offsetof(struct options, place) },
	{ .name = "scope",
	    .value = "SCOPE",
	    .help = "read, trigger, write, admin or agent (again: more)",
	    .kind = OPTION_LIST,
	    .offset = offsetof(struct options, scopes) },
	{ .letter = 'o',
	    .name = "output",
	    .value = "FILE",
	    .help = "write it there, unless the one that is there still holds",
	    .kind = OPTION_TEXT,
	    .offset = offsetof(struct options, output) },
};

/* What is asked for, but for a moment of its end. */
static json_t *
wanted(const struct options *o)
{
	const char *slash = o->place == NULL ? NULL : strchr(o->place, '/');
	json_t *params = json_pack("{s:s*, s:s*, s:s*}", "agent", o->agent, "name", o->name, "repo",
	    slash == NULL ? NULL : slash + 1);
	json_t *scopes = params == NULL ? NULL : json_array();

	if (params == NULL)
		return NULL;
	for (size_t i = 0; i < o->scopes.n; i++)
		json_array_append_new(scopes, json_string(o->scopes.items[i]));
	if (o->scopes.n == 0 && o->agent != NULL)
		json_array_append_new(scopes, json_string("agent"));
	json_object_set_new(params, "scopes", scopes);
	if (o->place != NULL)
		json_object_set_new(params, "org",
		    json_stringn(o->place, slash == NULL ? strlen(o->place) : (size_t)(slash - o->place)));
	return params;
}

/* Whether the file's token is such a one: 1, 0, -1. */
static int
holds(const char *address, const struct options *o, const json_t *asked, struct error *e)
{
	static const char *const members[] = { "agent", "org", "repo", "scopes" };
	AUTO_CLOSE int fd = kernel_open_file(AT_FDCWD, o->output);
	AUTO_CLEAR token = { 0 };
	json_auto_t *params = NULL;
	json_auto_t *result = NULL;

	if (fd < 0)
		return errno == ENOENT ? 0 : error_sys(e, "%s", o->output);
	if (secretfile_take(&token, fd, o->output, e) < 0)
		return -1;
	params = json_pack("{s:s#}", "token", token.data == NULL ? "" : token.data, token.len);
	if (params == NULL)
		return 0;
	result = asking_call(address, "token/check", params, e);
	if (result == NULL)
		return e->code == ERROR_REFUSED ? 0 : -1;
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		const json_t *want = json_object_get(asked, members[i]),
			     *has = json_object_get(result, members[i]);

		if (want != has && !json_equal(want, has))
			return 0;
	}
	return 1;
}

static int
write_token(const char *path, const char *token, struct error *e)
{
	const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
	AUTO_FREE char *folder = slash == NULL ?
	    xstrdup(".") :
	    xmemdup(path, slash == path ? 1 : (size_t)(slash - path));
	AUTO_FREE char *fresh = xformat("%s.new", name);
	AUTO_CLOSE int dir = kernel_open_file(AT_FDCWD, folder);
	AUTO_CLOSE int fd = -1;

	if (dir < 0)
		return error_sys(e, "%s", folder);
	if (names_remove(dir, fresh, e) < 0)
		return -1;
	fd = kernel.open(dir, fresh, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0 || kernel_write_all(fd, token, strlen(token)) < 0 ||
	    kernel_write_all(fd, "\n", 1) < 0) {
		error_sys(e, "%s", path);
		names_remove(dir, fresh, NULL);
		return -1;
	}
	return names_publish(fd, dir, fresh, name, e);
}

static int
create(const char *address, const struct options *o, json_t *params, struct error *e)
{
	json_auto_t *result = NULL;
	AUTO_BYTES expires = { 0 };
	const char *token;

	if (o->expires > 0) {
		timestamp_write(&expires, kernel.wall() + o->expires);
		json_object_set_new(params, "expires", json_stringn(expires.data, expires.len));
	}
	result = asking_call(address, "token/create", params, e);
	if (result == NULL)
		return -1;
	token = json_string_value(json_object_get(result, "token"));
	if (o->output != NULL)
		return write_token(o->output, token, e);
	printf("%s\n", token);
	return 0;
}

static int
run(void *arg, int argc, char **argv)
{
	const struct options *o = arg;
	AUTO_FREE char *address = NULL;
	json_auto_t *params = NULL;
	struct error e;
	int got = 0;

	(void)argc;
	if (strcmp(argv[0], "token") != 0 || (o->agent == NULL && o->scopes.n == 0)) {
		error_set(&e, ERROR_USAGE,
		    strcmp(argv[0], "token") == 0 ?
			"expected --scope SCOPE, or --agent NAME for an agent's token" :
			"'%s': only tokens are created; put makes the others",
		    argv[0]);
		return asking_complain(&e);
	}
	params = wanted(o);
	if (params == NULL) {
		error_set(&e, ERROR_USAGE, "the names of agents and tokens are UTF-8");
		return asking_complain(&e);
	}
	address = asking_address(o->address, &e);
	if (address != NULL && o->output != NULL)
		got = holds(address, o, params, &e);
	if (address == NULL || got < 0 || (got == 0 && create(address, o, params, &e) < 0))
		return asking_complain(&e);
	return 0;
}

const struct command store_create_command = {
	.program = PROGRAM, .verb = "create", .operands = "token",
	.summary = "make a token, and tell it once",
	.options = options, .noptions = sizeof(options) / sizeof(options[0]), .min_operands = 1,
	.max_operands = 1, .run = run, .size = sizeof(struct options),
};
