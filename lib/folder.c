#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"
#include "names.h"

char *
folder_state(struct error *e)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	struct passwd user, *found = NULL;
	char text[4096];

	/* a relative path is to be ignored, says the XDG base directory specification */
	if (state != NULL && state[0] == '/')
		return xformat("%s/mci", state);
	if (home == NULL || home[0] != '/') {
		(void)getpwuid_r(getuid(), &user, text, sizeof(text), &found);
		home = found == NULL ? NULL : found->pw_dir;
	}
	if (home != NULL)
		return xformat("%s/.local/state/mci", home);
	error_set(e, ERROR_INPUT, "HOME is not set and user %u is not known", (unsigned)getuid());
	return NULL;
}

/* The name of path in the folder that it stands in, on the disk. */
static int
keep_name(const char *path, struct error *e)
{
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *above = slash == NULL ? xstrdup(".") :
	    xmemdup(path, slash == path ? 1 : (size_t)(slash - path));
	AUTO_CLOSE int dir = kernel.open(AT_FDCWD, above, O_RDONLY | O_DIRECTORY, 0);

	if (dir < 0)
		return error_sys(e, "open %s", above);
	return names_sync(dir, e) < 0 ? error_before(e, "%s: ", above) : 0;
}

static int
make(const char *path, bool kept, struct error *e)
{
	AUTO_FREE char *copy = xstrdup(path);

	for (char *p = copy + 1;; p++) {
		char was = *p;

		if (was != '/' && was != '\0')
			continue;
		*p = '\0';
		if (mkdir(copy, 0700) < 0) {
			if (errno != EEXIST)
				return error_sys(e, "mkdir %s", copy);
		} else if (kept && keep_name(copy, e) < 0) {
			return -1;
		}
		if (was == '\0')
			return 0;
		*p = was;
	}
}

int
folder_make(const char *path, struct error *e)
{
	return make(path, false, e);
}

int
folder_make_kept(const char *path, struct error *e)
{
	return make(path, true, e);
}

int
folder_go_below(const char *below, bool make, struct error *e)
{
	AUTO_FREE char *words = xstrdup(below);
	char *rest = NULL;

	for (char *word = strtok_r(words, "/", &rest); word != NULL; word = strtok_r(NULL, "/", &rest)) {
		AUTO_CLOSE int fd = -1;

		if (strcmp(word, ".") == 0)
			continue;
		if (strcmp(word, "..") == 0)
			return error_set(e, ERROR_INPUT, "%s: leads out of the folder", below);
		if (make && mkdirat(AT_FDCWD, word, 0777) < 0 && errno != EEXIST)
			return error_sys(e, "%s", below);
		fd = kernel.open(AT_FDCWD, word, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
		if (fd < 0 || fchdir(fd) < 0)
			return error_sys(e, "%s", below);
	}
	return 0;
}

/* No build, job or file of a log has a name that begins so. */
#define LOCK ".lock"

int
folder_lock(int dir, const char *path, struct error *e)
{
	int fd = kernel.open(dir, LOCK, O_RDWR | O_CREAT, 0600);
	int sys;

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	sys = errno;
	if (fd >= 0)
		close(fd);
	errno = sys;
	if (fd >= 0 && sys == EWOULDBLOCK)
		return error_set(e, ERROR_BUSY, "%s: another server has this folder", path);
	return error_sys(e, "%s: lock", path);
}

int
folder_take(const char *path, struct error *e)
{
	AUTO_CLOSE int dir = -1;

	if (folder_make_kept(path, e) < 0)
		return -1;
	dir = kernel.open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	return dir < 0 ? error_sys(e, "open %s", path) : folder_lock(dir, path, e);
}

bool
folder_is_locked(int dir)
{
	/* a FIFO that was put in its place holds nobody up */
	AUTO_CLOSE int fd = kernel.open(dir, LOCK, O_RDONLY | O_NONBLOCK, 0);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

int
folder_await(const char *path, struct error *e)
{
	AUTO_FREE char *lock = xformat("%s/" LOCK, path);
	AUTO_CLOSE int fd = kernel.open(AT_FDCWD, lock, O_RDONLY | O_NONBLOCK, 0);

	if (fd < 0)
		return errno == ENOENT ? 0 : error_sys(e, "open %s", lock);
	while (flock(fd, LOCK_SH) < 0) {
		if (errno != EINTR)
			return error_sys(e, "%s: lock", path);
	}
	return 0;
}

/* Makes the folder unless it is there, and checks that nobody else can put a socket into it. */
static int
private_folder(const char *path, struct error *e)
{
	struct stat st;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return error_sys(e, "mkdir %s", path);
	if (lstat(path, &st) < 0)
		return error_sys(e, "%s", path);
	if (!S_ISDIR(st.st_mode) || st.st_uid != getuid() || (st.st_mode & 077) != 0)
		return error_set(e, ERROR_REFUSED, "%s is not a folder that only this user can enter",
		    path);
	return 0;
}

char *
folder_sockets(struct error *e)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	struct stat st;
	char *path;

	/* another user's, as after su(1): what we made in it would be in his way */
	if (runtime != NULL && runtime[0] == '/' && stat(runtime, &st) == 0 && S_ISDIR(st.st_mode) &&
	    st.st_uid == getuid())
		path = xformat("%s/mci", runtime);
	else
		path = xformat("/tmp/mci-%u", (unsigned)getuid());
	if (private_folder(path, e) == 0)
		return path;
	free(path);
	return NULL;
}
