#include "scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"
#include "names.h"

/* What mkdtemp(3) puts behind the name. */
#define SUFFIX 6
/* Others may sweep one away before it is locked; not that often. */
#define TRIES 16

/* A folder of ours that nobody else holds, locked; -1: none. */
static int
lock(const char *path)
{
	int fd = kernel.open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
	    fstat(fd, &st) == 0 && st.st_nlink > 0)
		return fd;
	close(fd);
	return -1;
}

static bool
is_of_kind(const char *name, const char *kind)
{
	size_t n = strlen(kind);

	return strncmp(name, kind, n) == 0 && name[n] == '-' && strlen(name + n + 1) == SUFFIX;
}

/* What others of this kind have left. It may not be there to be looked at, and need not. */
static void
sweep(const char *parent, const char *kind, void (*left)(const char *path))
{
	int fd = kernel.open(AT_FDCWD, parent, O_RDONLY | O_DIRECTORY, 0);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (d != NULL && (entry = readdir(d)) != NULL) {
		AUTO_FREE char *path = NULL;
		AUTO_CLOSE int held = -1;

		if (!is_of_kind(entry->d_name, kind))
			continue;
		path = xformat("%s/%s", parent, entry->d_name);
		held = lock(path);
		if (held >= 0 && left != NULL)
			left(path);
		if (held >= 0)
			(void)names_remove_tree(path, NULL);
	}
	if (d != NULL)
		closedir(d);
}

int
scratch_make(struct scratch *s, const char *parent, const char *kind, void (*left)(const char *path),
    struct error *e)
{
	sweep(parent, kind, left);
	for (int i = 0; i < TRIES; i++) {
		*s = (struct scratch){ xformat("%s/%s-XXXXXX", parent, kind), -1 };
		if (mkdtemp(s->path) == NULL)
			error_sys(e, "make a folder %s", s->path);
		else if ((s->fd = lock(s->path)) >= 0)
			return 0;
		else if (names_remove_folder(AT_FDCWD, s->path, e) == 0)
			error_set(e, ERROR_SYSTEM, "%s: cannot be locked", s->path);
		free(s->path);
		s->path = NULL;
	}
	return -1;
}

void
scratch_remove(struct scratch *s)
{
	if (s->path == NULL)
		return;
	(void)names_remove_tree(s->path, NULL);
	close(s->fd);
	free(s->path);
	*s = (struct scratch){ .fd = -1 };
}

int
scratch_file(int *reader, struct error *e)
{
	const char *folder = getenv("TMPDIR");
	AUTO_FREE char *self = NULL;
	int fd;

	if (folder == NULL || *folder == '\0')
		folder = "/tmp";
	fd = kernel.open(AT_FDCWD, folder, O_TMPFILE | O_RDWR | O_APPEND, 0600);
	if (fd < 0)
		return error_sys(e, "make a file in %s", folder);
	self = xformat("/proc/self/fd/%d", fd);
	*reader = kernel.open(AT_FDCWD, self, O_RDONLY, 0);
	if (*reader >= 0)
		return fd;
	error_sys(e, "open %s", self);
	close(fd);
	return -1;
}
