#include "claim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buildname.h"
#include "emit.h"
#include "jsontree.h"
#include "kernel.h"
#include "memory.h"
#include "names.h"

#define FILE_NAME "claim.json"
#define FILE_LIMIT 4096

static int
read_members(struct claim *c, const json_t *object, struct error *e)
{
	const char *build = json_string_value(json_object_get(object, "build"));
	const char *lease = json_string_value(json_object_get(object, "lease"));

	c->run = json_integer_value(json_object_get(object, "run"));
	if (build == NULL || lease == NULL || c->run < 1)
		return error_set(e, ERROR_INPUT, "a claim without build, run and lease");
	if (buildname_check((struct span){ build, strlen(build) }, e) < 0)
		return -1;
	c->build = xstrdup(build);
	c->lease = xstrdup(lease);
	return 0;
}

int
claim_take(struct claim *c, json_t *result, struct error *e)
{
	*c = (struct claim){ 0 };
	if (read_members(c, result, e) < 0)
		return -1;
	c->order = json_incref(json_object_get(result, "order"));
	return json_is_object(c->order) ? 0 :
	    error_set(e, ERROR_INPUT, "%s: a claim without an order", c->build);
}

int
claim_save(const struct claim *c, const char *folder, struct error *e)
{
	AUTO_CLOSE int dir = kernel.open(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY, 0);
	AUTO_CLOSE int fd = dir < 0 ? -1 :
	    kernel.open(dir, FILE_NAME ".new", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	AUTO_BYTES line = { 0 };

	claim_params(&line, c);
	emit_line(&line);
	if (fd < 0 || kernel_write_all(fd, line.data, line.len) < 0)
		return error_sys(e, "%s/" FILE_NAME, folder);
	return names_replace(dir, FILE_NAME ".new", FILE_NAME, e);
}

int
claim_load(struct claim *c, const char *folder, struct error *e)
{
	AUTO_FREE char *path = xformat("%s/" FILE_NAME, folder);
	AUTO_CLOSE int fd = kernel_open_file(AT_FDCWD, path);
	char text[FILE_LIMIT];
	ssize_t n = fd < 0 ? -1 : kernel.read(fd, text, sizeof(text));
	json_auto_t *object = n < 0 ? NULL : jsontree_read((struct span){ text, (size_t)n }, NULL);

	*c = (struct claim){ 0 };
	if (object == NULL || read_members(c, object, NULL) < 0)
		return error_set(e, ERROR_NOT_FOUND, "%s: no claim", path);
	return 0;
}

void
claim_params(struct bytes *params, const struct claim *c)
{
	emit_open(params);
	emit_text(params, "build", c->build);
	emit_integer(params, "run", c->run);
	emit_text(params, "lease", c->lease);
}

void
claim_free(struct claim *c)
{
	free(c->build);
	free(c->lease);
	json_decref(c->order);
	*c = (struct claim){ 0 };
}
