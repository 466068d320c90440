/*
 * limit-walk FOLDER: the least that who looks for changes does: every name below it is read and its inode looked
 * at. Prints how many there were.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static long
walk(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	long n = 0;

	if (d == NULL) {
		perror(name);
		exit(1);
	}
	while ((entry = readdir(d)) != NULL) {
		const char *p = entry->d_name;
		struct stat st;

		if (p[0] == '.' && (p[1] == '\0' || (p[1] == '.' && p[2] == '\0')))
			continue;
		if (fstatat(fd, p, &st, AT_SYMLINK_NOFOLLOW) < 0) {
			perror(p);
			exit(1);
		}
		n++;
		if (S_ISDIR(st.st_mode))
			n += walk(fd, p);
	}
	closedir(d);
	return n;
}

int
main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	printf("%ld\n", walk(AT_FDCWD, argv[1]));
	return 0;
}
