#include "logservice.h"

#include <stdlib.h>
#include <unistd.h>

#include "call.h"
#include "duration.h"
#include "emit.h"

/* A server answers within a millisecond; one that does not in this time is as good as gone. */
#define PATIENCE (5 * SECOND)

static void
params_write(struct bytes *into, const char *build, const char *job, int attempt)
{
	emit_open(into);
	emit_text(into, "build", build);
	emit_text(into, "job", job);
	emit_integer(into, "attempt", attempt);
	emit_bool(into, "files", true);
	bytes_char(into, '}');
}

int
logservice_open(struct logfile_writer *w, const char *address, const char *job, int attempt,
    struct error *e)
{
	const char *build = getenv("MCI_BUILD_ID");
	AUTO_BYTES params = { 0 };
	int fds[2], nfds = 2;

	*w = (struct logfile_writer){ .fd = -1, .index = -1 };
	if (build == NULL)
		return error_set(e, ERROR_INPUT, "--log: MCI_BUILD_ID does not say which build this is");
	params_write(&params, build, job, attempt);
	if (call_fds(address, "log/open", (struct span){ params.data, params.len }, PATIENCE, NULL, fds,
	    &nfds, e) < 0)
		return error_before(e, "open the log of %s: ", job);
	if (nfds == 2)
		return logfile_adopt(w, fds[0], fds[1], job, e);
	while (nfds > 0)
		close(fds[--nfds]);
	return error_set(e, ERROR_REFUSED, "%s: gives no files: expected a Unix socket of mci-log serve",
	    address);
}
