#include "processuse.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"

static int
file_read(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	AUTO_CLOSE int fd = kernel.open(AT_FDCWD, path, O_RDONLY, 0);
	n = fd < 0 ? -1 : kernel.read(fd, text, size - 1);
	text[n > 0 ? n : 0] = '\0';
	return n > 0 ? 0 : -1;
}

int64_t
process_memory(pid_t pid)
{
	long long resident, shared;
	char text[256];

	if (file_read(pid, "statm", text, sizeof(text)) < 0 ||
	    sscanf(text, "%*d %lld %lld", &resident, &shared) != 2)
		return 0;
	return (resident - shared) * sysconf(_SC_PAGESIZE);
}

int64_t
process_written(pid_t pid)
{
	const char *at;
	char text[512];

	if (file_read(pid, "io", text, sizeof(text)) < 0 || (at = strstr(text, "\nwrite_bytes: ")) == NULL)
		return 0;
	return strtoll(at + strlen("\nwrite_bytes: "), NULL, 10);
}

int64_t
process_count(uid_t user)
{
	DIR *all = opendir("/proc");
	struct dirent *entry;
	struct stat st;
	int64_t n = 0;

	while (all != NULL && (entry = readdir(all)) != NULL)
		n += entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    fstatat(dirfd(all), entry->d_name, &st, 0) == 0 && st.st_uid == user;
	if (all != NULL)
		closedir(all);
	return n;
}
