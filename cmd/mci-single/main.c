#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "house.h"
#include "kernel.h"
#include "memory.h"
#include "option.h"
#include "standard.h"

#define PROGRAM "mci-single"

struct options {
	int64_t ready;
};

static const struct option options[] = {
	{ .name = "ready-fd", .value = "N",
	  .help = "write a newline to this descriptor when all of them serve", .kind = OPTION_NUMBER,
	  .offset = offsetof(struct options, ready), .min = 1, .max = INT32_MAX },
};

static const struct command command = {
	.program = PROGRAM,
	.operands = "[-- SERVER [OPTION...]]...",
	.summary = "servers of the kit in one process, a thread each",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.size = sizeof(struct options),
};

static const struct server {
	const struct serve_entry *entry;
	const char *program, *verb;
} servers[] = {
#define SERVER(service, program, verb) { &service##_entry, program, verb },
	SERVE_ENTRIES(SERVER)
};
#define NSERVERS (sizeof(servers) / sizeof(servers[0]))
_Static_assert(NSERVERS <= HOUSE_MEMBERS, "there is room for all");

static _Noreturn void
refuse(const struct error *e)
{
	option_complain(PROGRAM, e);
	fprintf(stderr, PROGRAM ": '" PROGRAM " --help' shows what it takes\n");
	exit(2);
}

static bool
is_server(const struct server *s, int argc, char **argv)
{
	return argc > 0 && strcmp(argv[0], s->program) == 0 &&
	    (s->verb == NULL || (argc > 1 && strcmp(argv[1], s->verb) == 0));
}

static const struct server *
server_of(int argc, char **argv)
{
	AUTO_BYTES known = { 0 };
	struct error e;

	for (size_t i = 0; i < NSERVERS; i++) {
		if (is_server(&servers[i], argc, argv))
			return &servers[i];
		bytes_format(&known, "%s%s%s%s", i == 0 ? "" : ", ", servers[i].program,
		    servers[i].verb == NULL ? "" : " ", servers[i].verb == NULL ? "" : servers[i].verb);
	}
	error_set(&e, ERROR_USAGE, "'%.40s%s%.40s' is no server that shares a process: expected one of %s",
	    argc > 0 ? argv[0] : "", argc > 1 ? " " : "", argc > 1 ? argv[1] : "", bytes_string(&known));
	refuse(&e);
}

/* A command line of a server, as it would be started by itself. */
static void
add(struct house *h, int argc, char **argv)
{
	const struct server *s = server_of(argc, argv);
	const struct command *c = s->entry->command;
	const char *chdir = option_common.chdir;
	struct error e;

	for (size_t i = 0; i < h->n; i++) {
		if (h->members[i].entry == s->entry) {
			error_set(&e, ERROR_USAGE, "%s is there twice", s->program);
			refuse(&e);
		}
	}
	h->members[h->n].entry = s->entry;
	h->members[h->n].options = xmalloc(c->size);
	if (s->verb != NULL) {
		argc--;
		argv++;
	}
	option_parse_of(c, s->entry->commands, s->entry->ncommands, &argc, argv,
	    h->members[h->n].options);
	h->n++;
	if (option_common.chdir == chdir)
		return;
	error_set(&e, ERROR_USAGE, "%s: -C is for the whole process: give it in front of the first --",
	    s->program);
	refuse(&e);
}

/* The place of the first "--" from at on, or argc. */
static int
dashes(int argc, char **argv, int at)
{
	while (at < argc && strcmp(argv[at], "--") != 0)
		at++;
	return at;
}

static void
add_all(struct house *h, int argc, char **argv, int at)
{
	while (at < argc) {
		int end = dashes(argc, argv, at + 1);

		argv[end] = NULL;
		add(h, end - at - 1, argv + at + 1);
		at = end;
	}
}

/* Nothing said: all there are, each where it is by itself. */
static void
add_known(struct house *h)
{
	for (size_t i = 0; i < NSERVERS; i++) {
		AUTO_FREE char *program = xstrdup(servers[i].program);
		AUTO_FREE char *verb = servers[i].verb == NULL ? NULL : xstrdup(servers[i].verb);
		char *argv[] = { program, verb, NULL };

		add(h, verb == NULL ? 1 : 2, argv);
	}
}

static int
all_ready(void *arg, struct error *e)
{
	int fd = (int)((const struct options *)arg)->ready;

	if (fd == 0)
		return 0;
	if (kernel_write_all(fd, "\n", 1) < 0)
		return error_sys(e, "--ready-fd %d", fd);
	close(fd);
	return 0;
}

int
main(int argc, char **argv)
{
	static struct house house;
	struct options o = { 0 };
	int all = argc, own = dashes(argc, argv, 1), status;

	standard_begin();
	argc = own;
	option_parse(&command, &argc, argv, &o);
	if (own == all)
		add_known(&house);
	else
		add_all(&house, all, argv, own);
	house.ready = all_ready;
	house.arg = &o;
	status = house_run(&house);
	if (house_runs(&house))
		_exit(status);
	house_close(&house);
	for (size_t i = 0; i < house.n; i++)
		free(house.members[i].options);
	return option_finish(PROGRAM, status);
}
