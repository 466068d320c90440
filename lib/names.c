#include "names.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"

int
names_sync(int dir, struct error *e)
{
	/* fdatasync(2) of a folder may leave new names out (ext4: only its size counts as data) */
	return kernel.sync_names(dir) == 0 ? 0 : error_sys(e, "sync a folder");
}

static int
sync_each(const struct names_batch *b)
{
	for (int i = 0; i < b->nfiles; i++) {
		if (kernel.sync(b->files[i]) < 0)
			return errno;
	}
	for (int i = 0; i < b->nfolders; i++) {
		if (names_sync(b->folders[i], NULL) < 0)
			return errno;
	}
	return 0;
}

void
names_sync_batch(void *batch)
{
	struct names_batch *b = batch;

	b->sys = sync_each(b);
}

int
names_replace(int dir, const char *fresh, const char *name, struct error *e)
{
	if (kernel.rename(dir, fresh, dir, name) == 0)
		return 0;
	error_sys(e, "rename %s to %s", fresh, name);
	(void)kernel.unlink(dir, fresh, 0);
	return -1;
}

int
names_publish(int fd, int dir, const char *fresh, const char *name, struct error *e)
{
	if (kernel.sync(fd) < 0) {
		error_sys(e, "sync %s", fresh);
		(void)kernel.unlink(dir, fresh, 0);
		return -1;
	}
	if (names_replace(dir, fresh, name, e) < 0)
		return -1;
	return names_sync(dir, e) < 0 ? error_before(e, "%s: ", name) : 0;
}

int
names_write(int dir, const char *name, const void *text, size_t n, struct error *e)
{
	AUTO_FREE char *fresh = xformat("%s.new", name);
	AUTO_CLOSE int fd = kernel.open(dir, fresh, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0)
		return error_sys(e, "create %s", fresh);
	if (kernel_write_all(fd, text, n) < 0) {
		error_sys(e, "write %s", fresh);
		(void)names_remove(dir, fresh, NULL);
		return -1;
	}
	return names_publish(fd, dir, fresh, name, e);
}

int
names_exchange(int dir, const char *one, const char *other, struct error *e)
{
	if (kernel.exchange(dir, one, other) < 0)
		return error_sys(e, "exchange %s and %s", one, other);
	return names_sync(dir, e);
}

int
names_remove(int dir, const char *name, struct error *e)
{
	return kernel.unlink(dir, name, 0) == 0 || errno == ENOENT ? 0 : error_sys(e, "remove %s", name);
}

void
names_remove_each(int dir, const char *names, size_t n)
{
	for (const char *name = names; name < names + n; name += strlen(name) + 1)
		(void)names_remove(dir, name, NULL);
}

int
names_remove_folder(int dir, const char *name, struct error *e)
{
	return kernel.unlink(dir, name, AT_REMOVEDIR) == 0 ? 0 : error_sys(e, "remove %s", name);
}

/* What fts(3) cannot look into is removed as what it seems to be; that tells why it could not. */
static int
remove_entry(const FTSENT *entry)
{
	bool folder = entry->fts_info == FTS_DP || entry->fts_info == FTS_DNR;

	if (entry->fts_info == FTS_D)
		return 0;
	return kernel.unlink(AT_FDCWD, entry->fts_accpath, folder ? AT_REMOVEDIR : 0);
}

int
names_remove_tree(const char *path, struct error *e)
{
	char *roots[] = { (char *)(uintptr_t)path, NULL };
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	const FTSENT *entry;
	int result = tree == NULL ? error_sys(e, "remove %s", path) : 0;

	while (tree != NULL && (entry = fts_read(tree)) != NULL) {
		if (remove_entry(entry) < 0 && errno != ENOENT && result == 0)
			result = error_sys(e, "remove %s", entry->fts_path);
	}
	if (tree != NULL)
		fts_close(tree);
	return result;
}
