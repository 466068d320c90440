#include "buildcommand.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"
#include "message.h"
#include "specvalue.h"
#include "textfile.h"

#define BYTES (4 * 1024 * 1024) /* more than an execve takes */

static int
take(struct buildcommand *c, struct span text, struct error *e)
{
	struct scan_value v;

	if (message_member(text.p, text.n, "dir", &v, e) <= 0 || value_text_into(&c->dir, &v, e) < 0 ||
	    message_member(text.p, text.n, "argv", &v, e) <= 0 ||
	    value_list(&c->argv, &c->n, &v, false, e) < 0)
		return -1;
	c->specs = message_true(text, "specs");
	return 0;
}

int
buildcommand_read(struct buildcommand *c, const struct state_build *b, struct error *e)
{
	AUTO_FREE char *path = xformat("%s/command.json", b->path);
	AUTO_BYTES text = { 0 };

	*c = (struct buildcommand){ 0 };
	if (textfile_read(&text, path, BYTES, e) < 0)
		return e->sys != ENOENT ? -1 : error_set(e, ERROR_NOT_FOUND,
		    "%s: how it was asked for is not known", b->name);
	return take(c, (struct span){ text.data, text.len }, e);
}

int
buildcommand_enter(const struct buildcommand *c, const struct state_build *b, struct error *e)
{
	AUTO_FREE char *path = xformat("%s/plan.ndjson", b->path);
	AUTO_CLOSE int fd = -1;

	if (c->specs) {
		fd = kernel.open(AT_FDCWD, path, O_RDONLY, 0);
		if (fd < 0 || dup2(fd, STDIN_FILENO) < 0)
			return error_sys(e, "%s", path);
	}
	return chdir(c->dir) < 0 ? error_sys(e, "%s", c->dir) : 0;
}

void
buildcommand_free(struct buildcommand *c)
{
	free(c->dir);
	value_list_free(c->argv, c->n);
	*c = (struct buildcommand){ 0 };
}
