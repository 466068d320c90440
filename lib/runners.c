#include "runners.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "children.h"
#include "memory.h"
#include "process.h"

#define BIT(key) (UINT64_C(1) << (key))
#define CONTAINER_KEYS (BIT(SPEC_IMAGE) | BIT(SPEC_CMD) | BIT(SPEC_ARGS) | BIT(SPEC_ENTRYPOINT) | \
	BIT(SPEC_MOUNTS) | BIT(SPEC_PLATFORM) | BIT(SPEC_USER) | BIT(SPEC_PULL) | BIT(SPEC_ARCH))

const struct runners_row runners[RUNNERS_N] = {
	[RUNNERS_HOST] = { "host", false, false, 0 },
	[RUNNERS_SANDBOX] = { "sandbox", false, true, 0 },
	[RUNNERS_PODMAN] = { "podman", false, true, CONTAINER_KEYS },
	[RUNNERS_SSH] = { "ssh", true, false, 0 },
	/* it is handed the whole spec, and refuses what it cannot give itself */
	[RUNNERS_EXTERNAL] = { "", false, false, UINT64_MAX },
};

static bool
is_name(const char *name)
{
	return *name != '\0' && name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_")] == '\0';
}

static bool
is_program(const char *name)
{
	AUTO_FREE char *program = xformat("mci-runner-%s", name);
	AUTO_FREE char *path = is_name(name) ? process_kit(program) : NULL;

	return path != NULL && strchr(path, '/') != NULL;
}

static bool
is_row(const struct runners_row *row, const char *name)
{
	size_t n = strlen(row->name);

	return strncmp(name, row->name, n) == 0 && (name[n] == '\0' || (row->places && name[n] == ':'));
}

const struct runners_row *
runners_find(const char *name, struct error *e)
{
	AUTO_BYTES known = { 0 };

	for (size_t i = 0; i < RUNNERS_EXTERNAL; i++) {
		if (is_row(&runners[i], name))
			return &runners[i];
		bytes_format(&known, "%s%s", i > 0 ? ", " : "", runners[i].name);
	}
	if (is_program(name))
		return &runners[RUNNERS_EXTERNAL];
	error_set(e, ERROR_INPUT, "runner: there is no runner '%.64s', nor a program mci-runner-%.64s; "
	    "there is %s", name, name, bytes_string(&known));
	return NULL;
}

bool
runners_isolates(const char *name)
{
	const struct runners_row *row = runners_find(name, NULL);
	AUTO_FREE char *program = xformat("mci-runner-%s", name);
	AUTO_FREE char *path = process_kit(program);
	char *const argv[] = { program, (char[]){ "isolates" }, NULL };
	struct process_spec p = { .path = path, .argv = argv, .in = -1, .out = -1, .err = STDERR_FILENO };
	struct child *child;

	if (row == NULL || row != &runners[RUNNERS_EXTERNAL])
		return row != NULL && row->isolates;
	child = child_start(NULL, &p, NULL, NULL, NULL);
	return child != NULL && child_wait(child) == 0;
}

/* Jobs without an image are what it is for. */
static bool
is_without_images(const char *name)
{
	for (size_t i = 0; i < RUNNERS_EXTERNAL; i++) {
		if (i != RUNNERS_HOST && is_row(&runners[i], name))
			return (runners[i].serves & BIT(SPEC_IMAGE)) == 0;
	}
	return false;
}

const char *
runners_choose(const struct spec *s, const char *named)
{
	const char *wanted = named != NULL ? named : s->runner;

	if (s->replay)
		return runners[RUNNERS_HOST].name;
	if (s->image != NULL && (wanted == NULL || is_without_images(wanted)))
		return runners[RUNNERS_PODMAN].name;
	return wanted != NULL ? wanted : runners[RUNNERS_HOST].name;
}

int
runners_demands(const struct spec *s, const char *named,
    void (*note)(void *arg, const struct spec_row *row), void *arg, struct error *e)
{
	const struct runners_row *row = runners_find(runners_choose(s, named), e);
	bool said = named != NULL || s->runner != NULL;

	if (row == NULL)
		return -1;
	return spec_demands(s, said && row == &runners[RUNNERS_HOST], row->serves, note, arg, e);
}
