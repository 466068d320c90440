#include "bwrap.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "memory.h"
#include "process.h"

#define OTHERWISE "or choose another runner (--runner host runs jobs unprotected)"

/* What forbids user namespaces, of the usual things. */
static const struct {
	const char *name, *value, *advice;
} settings[] = {
	{ "user/max_user_namespaces", "0", "sysctl -w user.max_user_namespaces=10000 allows them" },
	{ "kernel/unprivileged_userns_clone", "0",
	    "sysctl -w kernel.unprivileged_userns_clone=1 allows them" },
	{ "kernel/apparmor_restrict_unprivileged_userns", "1", "an AppArmor profile for bwrap allows them" },
};

const char *
bwrap_path(struct error *e)
{
	static char *path;

	if (path == NULL)
		path = process_find("bwrap", getenv("PATH"));
	if (path == NULL)
		error_set(e, ERROR_SYSTEM, "sandbox: bwrap is not on the PATH: install bubblewrap, "
		    OTHERWISE);
	return path;
}

int
bwrap_began(int status)
{
	AUTO_BYTES said = { 0 };
	ssize_t n;

	while ((n = kernel.read(status, bytes_reserve(&said, 512), 512)) > 0)
		said.len += (size_t)n;
	return strstr(bytes_string(&said), "\"exit-code\"") != NULL;
}

/* The first line of a file below /proc/sys. */
static void
setting_read(const char *name, char value[16])
{
	AUTO_FREE char *path = xformat("/proc/sys/%s", name);
	AUTO_CLOSE int fd = kernel.open(AT_FDCWD, path, O_RDONLY, 0);
	ssize_t n = fd < 0 ? -1 : kernel.read(fd, value, 15);

	value[n < 0 ? 0 : n] = '\0';
	value[strcspn(value, "\n")] = '\0';
}

int
bwrap_failed(struct error *e)
{
	char value[16];

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		setting_read(settings[i].name, value);
		if (strcmp(value, settings[i].value) == 0)
			return error_set(e, ERROR_SYSTEM, "sandbox: this machine forbids user namespaces: "
			    "%s; " OTHERWISE, settings[i].advice);
	}
	return error_set(e, ERROR_SYSTEM, "sandbox: bwrap could not make it and says why where the job "
	    "prints: this machine may forbid user namespaces; allow them, " OTHERWISE);
}
