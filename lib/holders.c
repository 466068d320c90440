#include "holders.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes.h"
#include "kernel.h"
#include "memory.h"
#include "process.h"

/* A descriptor of the file that has no lock is a reader's. */
static bool
has_lock(pid_t pid, const char *descriptor)
{
	AUTO_FREE char *path = xformat("/proc/%d/fdinfo/%s", (int)pid, descriptor);
	AUTO_CLOSE int fd = kernel.open(AT_FDCWD, path, O_RDONLY, 0);
	char text[1024];
	ssize_t n = fd < 0 ? -1 : kernel.read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return false;
	text[n] = '\0';
	return strstr(text, "FLOCK") != NULL;
}

/* Who has taken it, as the kernel tells everybody (/proc/locks); 0: it is not known. */
static pid_t
taker(const struct stat *file)
{
	FILE *locks = fopen("/proc/locks", "re");
	pid_t found = 0;
	char line[256];

	while (found == 0 && locks != NULL && fgets(line, sizeof(line), locks) != NULL) {
		unsigned long long inode;
		int pid;

		if (sscanf(line, "%*d: FLOCK %*s WRITE %d %*x:%*x:%llu", &pid, &inode) == 2 &&
		    inode == file->st_ino && pid > 0)
			found = pid;
	}
	if (locks != NULL)
		fclose(locks);
	return found;
}

/* One that lets nobody look into it (process_private) is known by having taken the lock. Its number may be
 * another's by now, if it has ended and others have inherited that: what it would be has our program. */
static bool
has_taken(pid_t pid, const struct stat *file)
{
	char its[64], ours[64];

	process_name(pid, its);
	process_name(getpid(), ours);
	return strcmp(its, ours) == 0 && taker(file) == pid;
}

static bool
holds(pid_t pid, const struct stat *file)
{
	AUTO_FREE char *path = xformat("/proc/%d/fd", (int)pid);
	DIR *all = opendir(path);
	const struct dirent *entry;
	bool found = all == NULL && errno == EACCES && has_taken(pid, file);

	while (all != NULL && !found && (entry = readdir(all)) != NULL) {
		struct stat st;

		found = fstatat(dirfd(all), entry->d_name, &st, 0) == 0 && st.st_ino == file->st_ino &&
		    st.st_dev == file->st_dev && has_lock(pid, entry->d_name);
	}
	if (all != NULL)
		closedir(all);
	return found;
}

void
holders_signal(int fd, int signal)
{
	DIR *all = opendir("/proc");
	const struct dirent *entry;
	struct stat file;
	bool known = fstat(fd, &file) == 0;

	while (known && all != NULL && (entry = readdir(all)) != NULL) {
		pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? atoi(entry->d_name) : 0;

		if (pid > 0 && pid != getpid() && holds(pid, &file))
			process_signal_tree(pid, false, signal);
	}
	if (all != NULL)
		closedir(all);
}
