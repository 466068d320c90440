#include "archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"
#include "kernel.h"
#include "logpack.h"
#include "memory.h"
#include "names.h"

#define STEP (64 * 1024 * 1024)

int
archive_folder(const char *address, const char **folder, struct error *e)
{
	if (address != NULL && strncmp(address, "file:", 5) == 0)
		address += 5;
	else if (address != NULL && strchr(address, ':') != NULL)
		return error_set(e, ERROR_USAGE, "--archive: '%s': expected file:DIR", address);
	*folder = address;
	return 0;
}

/* All bytes, and the time of the original, which readers show. 0, or -1 and errno. */
static int
copy(int from, int to)
{
	struct timespec times[2];
	struct stat st;
	ssize_t done;

	if (fstat(from, &st) < 0)
		return -1;
	for (off_t left = st.st_size; left > 0; left -= done) {
		done = sendfile(to, from, NULL, left < STEP ? (size_t)left : STEP);
		if (done <= 0)
			return -1;
	}
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	return futimens(to, times);
}

static int
move_file(int dir, int into, const char *name, struct error *e)
{
	AUTO_FREE char *part = xformat("%s.part", name);
	AUTO_CLOSE int from = kernel.open(dir, name, O_RDONLY, 0);
	AUTO_CLOSE int to = -1;

	if (from < 0)
		return errno == ENOENT ? 0 : error_sys(e, "open %s", name);
	to = kernel.open(into, part, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (to < 0 || copy(from, to) < 0)
		return error_sys(e, "copy %s to the archive", name);
	return names_publish(to, into, part, name, e) < 0 ? error_before(e, "the archive: ") :
	    names_remove(dir, name, e);
}

int
archive_move(int dir, const char *archive, const char *folder, const char *log, struct error *e)
{
	AUTO_FREE char *path = xformat("%s/%s", archive, folder);
	AUTO_FREE char *packed = xformat("%s" LOGPACK_SUFFIX, log);
	AUTO_FREE char *index = xformat("%.*s.idx", (int)strlen(log) - 4, log);
	AUTO_CLOSE int into = -1;

	if (folder_make_kept(path, e) < 0)
		return -1;
	into = kernel.open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	if (into < 0)
		return error_sys(e, "open %s", path);
	return move_file(dir, into, log, e) < 0 || move_file(dir, into, packed, e) < 0 ||
	    move_file(dir, into, index, e) < 0 ? -1 : 0;
}
