#include "leftovers.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "children.h"
#include "kernel.h"
#include "memory.h"
#include "names.h"
#include "textfile.h"

#define SUFFIX ".undo"
#define COMMAND_LIMIT (64 * 1024)

int
leftovers_note(const char *stem, char *const *argv, struct error *e)
{
	AUTO_FREE char *path = xformat("%s" SUFFIX, stem);
	AUTO_CLOSE int fd = kernel.open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	AUTO_BYTES text = { 0 };

	for (; *argv != NULL; argv++)
		bytes_add(&text, *argv, strlen(*argv) + 1);
	if (fd < 0 || kernel_write_all(fd, text.data, text.len) < 0)
		return error_sys(e, "write %s", path);
	return 0;
}

char **
leftovers_command(const char *stem)
{
	AUTO_FREE char *path = xformat("%s" SUFFIX, stem);
	AUTO_BYTES text = { 0 };
	struct error e;
	size_t words = 0, n = 0;
	char **argv, *own;

	/* cut off by whoever was killed: it had started nothing yet */
	if (textfile_read(&text, path, COMMAND_LIMIT, &e) < 0 || text.len == 0 ||
	    text.data[text.len - 1] != '\0')
		return NULL;
	for (size_t i = 0; i < text.len; i++)
		words += text.data[i] == '\0';
	argv = xmalloc((words + 1) * sizeof(*argv) + text.len);
	own = (char *)(argv + words + 1);
	memcpy(own, text.data, text.len);
	for (; n < words; own += strlen(own) + 1)
		argv[n++] = own;
	return argv;
}

void
leftovers_forget(const char *stem)
{
	AUTO_FREE char *path = xformat("%s" SUFFIX, stem);

	(void)names_remove(AT_FDCWD, path, NULL);
}

static void
run(const char *stem)
{
	AUTO_FREE char **argv = leftovers_command(stem);
	struct process_spec p = { .in = -1, .out = -1, .err = -1, .group = true };
	struct child *child;

	if (argv == NULL)
		return;
	p.path = argv[0];
	p.argv = argv;
	child = child_start(NULL, &p, NULL, NULL, NULL);
	if (child != NULL)
		(void)child_wait(child);
}

void
leftovers_run(const char *scratch)
{
	DIR *folder = opendir(scratch);
	const struct dirent *entry;

	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		size_t n = strlen(entry->d_name), suffix = strlen(SUFFIX);

		if (n > suffix && strcmp(entry->d_name + n - suffix, SUFFIX) == 0) {
			AUTO_FREE char *stem = xformat("%s/%.*s", scratch, (int)(n - suffix), entry->d_name);

			run(stem);
		}
	}
	if (folder != NULL)
		closedir(folder);
}
