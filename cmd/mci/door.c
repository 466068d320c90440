#include "door.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "duration.h"
#include "kernel.h"
#include "memory.h"
#include "scan.h"

/* A build answers in milliseconds; one that was stopped with ^Z does not answer at all. */
#define PATIENCE (30 * SECOND)

const char *
door_address(const char *given, struct error *e)
{
	const char *address = given != NULL ? given : getenv("MCI_BUILD");

	if (address == NULL || *address == '\0') {
		error_set(e, ERROR_USAGE,
		    "MCI_BUILD is not set: this works inside a job, or with -a ADDRESS");
		return NULL;
	}
	return address;
}

int
door_call(const char *given, const char *method, struct span params, struct bytes *result,
    struct error *e)
{
	const char *address = door_address(given, e);

	if (address == NULL)
		return -1;
	return call_once(address, method, params, PATIENCE, result, e);
}

/* The path of the control socket, from the file that names it. */
static char *
control_path(const struct state_build *b)
{
	AUTO_FREE char *file = xformat("%s/control", b->path);
	AUTO_CLOSE int fd = kernel_open_file(AT_FDCWD, file);
	char text[256];
	ssize_t n = fd < 0 ? -1 : kernel.read(fd, text, sizeof(text));
	const char *end;

	if (n <= 0)
		return NULL;
	end = memchr(text, '\n', (size_t)n);
	return xmemdup(text, end == NULL ? (size_t)n : (size_t)(end - text));
}

int
door_control(const struct state_build *b, const char *method, struct span params, struct error *e)
{
	AUTO_FREE char *path = control_path(b);
	AUTO_BYTES result = { 0 };

	if (!state_build_running(b))
		return error_set(e, ERROR_NOT_FOUND, "%s is not running", b->name);
	if (path == NULL)
		return error_set(e, ERROR_BUSY, "%s has no control socket yet", b->name);
	return call_once(path, method, params, PATIENCE, &result, e);
}

int
door_member(struct bytes *into, struct span result, const char *key, struct error *e)
{
	struct scan s;
	struct scan_member m;
	int got;

	if (scan_open(&s, result.p, result.n, e) < 0)
		return -1;
	while ((got = scan_next(&s, &m, e)) > 0) {
		if (!span_is(m.key, key))
			continue;
		if (m.value.type == SCAN_STRING)
			return scan_text(&m.value, into, e) < 0 ? -1 : 1;
		bytes_add(into, m.value.raw.p, m.value.raw.n);
		return 1;
	}
	return got;
}
