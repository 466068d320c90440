/* mask: standard input to standard output, without the secrets. */
#include "mask.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"
#include "option.h"
#include "process.h"
#include "secretfile.h"
#include "standard.h"
#include "verbs.h"

#define READ_SIZE (256 * 1024)
#define PIPE_SIZE (1024 * 1024) /* the most that an ordinary user may ask for */

struct options {
	struct option_list files;
};

static const struct option options[] = {
	{ .name = "secret-file", .value = "FILE", .help = "mask what the file holds, a newline at its end "
	  "left out; may be given again", .kind = OPTION_LIST, .offset = offsetof(struct options, files) },
};

static int
secrets_add(struct mask *m, const struct option_list *files, struct error *e)
{
	if (files->n == 0)
		return error_set(e, ERROR_USAGE, "mask: name what is to be masked: --secret-file FILE");
	process_private();
	for (size_t i = 0; i < files->n; i++) {
		AUTO_BYTES secret = { 0 };

		if (secretfile_read(&secret, files->items[i], e) < 0)
			return -1;
		if (mask_add(m, secret.data, secret.len, e) < 0) {
			e->code = ERROR_INPUT;
			return error_before(e, "%s: ", files->items[i]);
		}
	}
	return 0;
}

static int
put(struct span bytes, struct error *e)
{
	if (bytes.n > 0 && standard_write(STDOUT_FILENO, bytes.p, bytes.n) < 0)
		return error_sys(e, "write standard output");
	return 0;
}

/* What was read is passed on at once, but for what may be the beginning of a secret. */
static int
filter(struct mask *m, struct error *e)
{
	AUTO_FREE char *buffer = xmalloc(READ_SIZE);
	struct mask_stream s = { 0 };
	ssize_t n;

	/* so that whoever writes and whoever reads goes on while we search; what is no pipe stays as it is */
	fcntl(STDIN_FILENO, F_SETPIPE_SZ, PIPE_SIZE);
	fcntl(STDOUT_FILENO, F_SETPIPE_SZ, PIPE_SIZE);
	while ((n = kernel_read_some(STDIN_FILENO, buffer, READ_SIZE)) != 0) {
		if (n < 0)
			return error_sys(e, "read standard input");
		if (put(mask_feed(m, &s, buffer, (size_t)n), e) < 0)
			return -1;
	}
	return put(mask_flush(m, &s), e);
}

static int
run(void *arg, int argc, char **argv)
{
	const struct options *o = arg;
	struct mask *m = mask_new();
	struct error e;
	int status = 0;

	(void)argc;
	(void)argv;
	if (secrets_add(m, &o->files, &e) < 0 || filter(m, &e) < 0) {
		option_complain("mci-log", &e);
		status = error_status(&e);
	}
	mask_free(m);
	return status;
}

const struct command log_mask_command = {
	.program = "mci-log",
	.verb = "mask",
	.summary = "copy standard input to standard output without secrets",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.run = run,
	.size = sizeof(struct options),
};
