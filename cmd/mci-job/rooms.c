#include "rooms.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "memory.h"

int
rooms_make(struct site *site, const char *name, char **room, struct error *e)
{
	const char *parent = getenv("TMPDIR");

	if (parent == NULL || *parent != '/')
		parent = "/tmp";
	if (site->rooms.path == NULL) {
		if (scratch_make(&site->rooms, parent, "mci-job", NULL, e) < 0)
			return -1;
		site->home = xformat("%s/home", site->rooms.path);
		if (mkdir(site->home, 0700) < 0)
			return error_sys(e, "%s", site->home);
	}
	*room = xformat("%s/%s", site->rooms.path, name);
	return mkdir(*room, 0700) == 0 ? 0 : error_sys(e, "%s", *room);
}
