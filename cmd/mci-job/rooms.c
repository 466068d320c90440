#include "rooms.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "copy.h"
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

int
rooms_take(struct attempt *a, struct error *e)
{
	struct site *site = a->site;
	AUTO_FREE char *name = NULL;

	if (a->room != NULL)
		return 0;
	if (site->nspare > 0) {
		a->room = site->spare[--site->nspare];
		return 0;
	}
	name = xformat("%u", ++site->nrooms);
	return rooms_make(site, name, &a->room, e);
}

/* A job may give others rights to what comes there (acl(5)). */
static bool
has_list(int folder)
{
	return fgetxattr(folder, "system.posix_acl_access", NULL, 0) >= 0 ||
	    fgetxattr(folder, "system.posix_acl_default", NULL, 0) >= 0;
}

/* Whether nothing is in a folder, and it is as it was made. */
static bool
is_fresh(const char *room, const char *name, mode_t mode)
{
	AUTO_FREE char *path = xformat("%s/%s", room, name);
	DIR *all = opendir(path);
	const struct dirent *entry;
	bool empty = all != NULL;
	struct stat st;

	while (empty && (entry = readdir(all)) != NULL)
		empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	empty = empty && fstat(dirfd(all), &st) == 0 && (st.st_mode & 07777) == mode &&
	    !has_list(dirfd(all));
	if (all != NULL)
		closedir(all);
	return empty;
}

void
rooms_leave(struct attempt *a)
{
	struct site *site = a->site;

	if (a->room == NULL)
		return;
	if (site->nspare < site->nattempts && is_fresh(a->room, "tmp", 01777) &&
	    is_fresh(a->room, "run", 0700)) {
		site->spare = xrealloc(site->spare, site->nattempts, sizeof(*site->spare));
		site->spare[site->nspare++] = a->room;
		a->room = NULL;
	} else {
		copy_discard(site, &a->room);
	}
}

void
rooms_close(struct site *site)
{
	while (site->nspare > 0)
		free(site->spare[--site->nspare]);
	free(site->spare);
	scratch_remove(&site->rooms);
	free(site->home);
}
