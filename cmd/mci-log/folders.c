#include "folders.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"
#include "layout.h"
#include "logfile.h"
#include "memory.h"

/* A folder below one that is open or not; one that is not there is none. */
static int
open_folder(int *fd, int dir, const char *path, struct error *e)
{
	if (dir == -1)
		return 0;
	*fd = kernel.open(dir, path, O_RDONLY | O_DIRECTORY, 0);
	return *fd >= 0 || errno == ENOENT ? 0 : error_sys(e, "open %s", path);
}

int
folders_archive(struct folders *f, const char *path, struct error *e)
{
	return open_folder(&f->own.archive, AT_FDCWD, path, e);
}

struct run_logs *
folders_logs(struct folders *f, int run, struct error *e)
{
	AUTO_BYTES name = { 0 };
	struct run_logs *l = f->logs;

	while (l != NULL && l->run != run)
		l = l->next;
	if (l == NULL) {
		l = xmalloc(sizeof(*l));
		*l = (struct run_logs){ run, { -1, -1 }, f->logs };
		f->logs = l;
	}
	if (e != NULL)
		*e = (struct error){ 0 };
	logfile_folder(&name, run);
	if (l->at.live < 0 && open_folder(&l->at.live, f->own.live, bytes_string(&name), e) < 0)
		return l;
	if (l->at.archive < 0)
		(void)open_folder(&l->at.archive, f->own.archive, bytes_string(&name), e);
	return l;
}

static bool
same_folder(int a, int b)
{
	struct stat one, other;

	return fstat(a, &one) == 0 && b >= 0 && fstat(b, &other) == 0 && one.st_dev == other.st_dev &&
	    one.st_ino == other.st_ino;
}

void
folders_told(struct folders *f, int run, const char *path)
{
	struct run_logs *l = folders_logs(f, run, NULL);
	int fd = path == NULL ? -1 : kernel.open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);

	free(f->elsewhere);
	f->elsewhere = NULL;
	if (fd < 0 || same_folder(fd, l->at.live)) {
		memory_close(&fd);
		return;
	}
	memory_close(&l->at.live);
	l->at.live = fd;
	f->elsewhere = xstrdup(path);
}

int
folders_newest(const struct folders *f)
{
	size_t n;
	AUTO_FREE int *runs = layout_runs(f->own.live, f->own.archive, false, &n);

	return n == 0 ? 1 : runs[n - 1];
}

char *
folders_path(const struct folders *f, const char *build, int run)
{
	AUTO_BYTES name = { 0 };

	if (f->elsewhere != NULL)
		return xstrdup(f->elsewhere);
	logfile_folder(&name, run);
	return xformat("%s/%s", build, bytes_string(&name));
}

void
folders_close(struct folders *f)
{
	memory_close(&f->own.live);
	memory_close(&f->own.archive);
	while (f->logs != NULL) {
		struct run_logs *l = f->logs;

		f->logs = l->next;
		memory_close(&l->at.live);
		memory_close(&l->at.archive);
		free(l);
	}
	free(f->elsewhere);
}
