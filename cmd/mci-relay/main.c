#include <signal.h>
#include <string.h>

#include "address.h"
#include "folder.h"
#include "join.h"
#include "memory.h"
#include "option.h"
#include "standard.h"

#define PROGRAM "mci-relay"

static const struct command command = {
	.program = PROGRAM,
	.operands = "[ADDRESS]",
	.summary = "join standard input and output to a service",
	.max_operands = 1,
};

/* Where the services of this user's running server answer, all at one socket. */
static char *
server_address(struct error *e)
{
	AUTO_FREE char *folder = folder_sockets(e);

	return folder == NULL ? NULL : xformat("unix:%s/mci.sock", folder);
}

static int
parse(struct address *a, const char *text, struct error *e)
{
	if (strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0)
		return error_set(e, ERROR_USAGE, "%s: http is not spoken yet: log in on that machine, as "
		    "in 'exec:ssh HOST mci relay'", text);
	if (address_parse(a, text, e) < 0)
		return -1;
	if (a->kind != ADDRESS_STDIO && a->kind != ADDRESS_INPROC)
		return 0;
	address_free(a);
	return error_set(e, ERROR_USAGE,
	    "%s: nothing to join: expected unix:PATH, fifo:PATH, exec:COMMAND or fd:N", text);
}

static int
relay(const char *text, struct error *e)
{
	AUTO_FREE char *server = text == NULL ? server_address(e) : NULL;
	struct address a;
	int status;

	if (text == NULL && server == NULL)
		return -1;
	if (parse(&a, text == NULL ? server : text, e) < 0)
		return -1;
	status = a.kind == ADDRESS_EXEC ? join_exec(&a, e) : join_run(&a, e);
	address_free(&a);
	return status;
}

int
main(int argc, char **argv)
{
	struct error e;
	int status;

	standard_begin();
	option_parse(&command, &argc, argv, NULL);
	status = relay(argc > 0 ? argv[0] : NULL, &e);
	if (status < 0) {
		option_complain(PROGRAM, &e);
		return error_status(&e);
	}
	if (status == 128 + SIGPIPE) {
		/* as every filter ends whose reader has left */
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	return status;
}
