#include <signal.h>
#include <string.h>

#include "address.h"
#include "bridge.h"
#include "folder.h"
#include "join.h"
#include "memory.h"
#include "option.h"
#include "process.h"
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
	if (address_parse(a, text, e) < 0)
		return -1;
	if (a->kind != ADDRESS_STDIO && a->kind != ADDRESS_INPROC)
		return 0;
	address_free(a);
	return error_set(e, ERROR_USAGE,
	    "%s: nothing to join: expected unix:PATH, fifo:PATH, exec:COMMAND, fd:N, "
	    "http://HOST or https://HOST", text);
}

/* told: what goes wrong is said in a line as well. */
static int
relay(const char *text, bool *told, struct error *e)
{
	AUTO_FREE char *server = text == NULL ? server_address(e) : NULL;
	struct address a;
	int status;

	if (text == NULL && server == NULL)
		return -1;
	if (parse(&a, text == NULL ? server : text, e) < 0)
		return -1;
	*told = a.kind == ADDRESS_HTTP || a.kind == ADDRESS_TCP;
	status = a.kind == ADDRESS_EXEC ? join_exec(&a, e) : *told ? bridge_run(a.text, e) : join_run(&a, e);
	address_free(&a);
	return status;
}

int
main(int argc, char **argv)
{
	struct error e;
	bool told = false;
	int status;

	standard_begin();
	process_private();
	option_parse(&command, &argc, argv, NULL);
	status = relay(argc > 0 ? argv[0] : NULL, &told, &e);
	if (status < 0) {
		/* whoever started us quietly reads the line */
		if (!told || !option_common.quiet)
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
