#include "durable.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes.h"
#include "kernel.h"
#include "memory.h"
#include "message.h"
#include "names.h"

/* Long enough for every number, so that a line replaces the one before it whole. */
#define LINE "{\"epoch\":%-20" PRIu64 ",\"offset\":%-20" PRIu64 "}\n"
#define LINE_SIZE 61

struct durable *
durables_find(const struct durables *d, const char *name)
{
	for (size_t i = 0; i < d->n; i++) {
		if (strcmp(d->list[i]->name, name) == 0)
			return d->list[i];
	}
	return NULL;
}

static bool
name_ok(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > DURABLE_NAME || name[0] == '.')
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyz" "ABCDEFGHIJKLMNOPQRSTUVWXYZ" "0123456789._+-") ==
	    n;
}

static struct durable *
add(struct durables *d, const char *name, uint64_t epoch, uint64_t offset, int fd)
{
	struct durable *one = xmalloc(sizeof(*one));

	*one = (struct durable){ .name = xstrdup(name), .epoch = epoch, .offset = offset,
		.fd = fd };
	d->list = xrealloc(d->list, d->n + 1, sizeof(struct durable *));
	d->list[d->n++] = one;
	return one;
}

static int
write_place(int fd, uint64_t epoch, uint64_t offset)
{
	char line[LINE_SIZE + 1];
	int n = snprintf(line, sizeof(line), LINE, epoch, offset);

	if (lseek(fd, 0, SEEK_SET) < 0)
		return -1;
	return kernel_write_all(fd, line, (size_t)n);
}

static int
open_one(struct durables *d, const char *name, struct error *e)
{
	int fd = kernel.open(d->dir, name, O_RDWR, 0);
	char line[LINE_SIZE * 2];
	ssize_t got = fd < 0 ? -1 : kernel.pread(fd, line, sizeof(line), 0);
	const char *end = got < 0 ? NULL : memchr(line, '\n', (size_t)got);
	int64_t epoch = 0, offset = 0;

	if (fd < 0 || got < 0) {
		error_sys(e, "%s/%s", DURABLE_FOLDER, name);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	/* one that a power cut left empty has acknowledged nothing: events come again */
	if (end != NULL) {
		struct span text = { line, (size_t)(end - line) };

		message_whole(text, "epoch", 0, &epoch, NULL);
		message_whole(text, "offset", 0, &offset, NULL);
	}
	add(d, name, (uint64_t)epoch, (uint64_t)offset, fd);
	return 0;
}

int
durables_open(struct durables *d, int above, struct offload *offload, struct error *e)
{
	struct dirent *entry;
	DIR *folder;
	int result = 0;

	*d = (struct durables){ .above = above, .offload = offload,
		.dir = kernel.open(above, DURABLE_FOLDER, O_RDONLY | O_DIRECTORY, 0) };
	if (d->dir < 0)
		return errno == ENOENT ? 0 : error_sys(e, "open %s", DURABLE_FOLDER);
	folder = fdopendir(fcntl(d->dir, F_DUPFD_CLOEXEC, 3));
	if (folder == NULL)
		return error_sys(e, "read %s", DURABLE_FOLDER);
	while (result == 0 && (entry = readdir(folder)) != NULL) {
		if (name_ok(entry->d_name))
			result = open_one(d, entry->d_name, e);
	}
	closedir(folder);
	return result;
}

/* One that is not there yet. While the job is given, the helper thread has what stands behind it. */
struct making {
	struct durables *all;
	struct making *next;
	char *name;
	uint64_t epoch, offset;
	durable_made *made;
	void *self;
	struct request *request;
	struct offload_job job;
	int dir, fd; /* of the folder, which may be all->dir, and of its file */
	struct error e;
};

static int
open_folder(struct making *m)
{
	int above = m->all->above;

	if (m->dir >= 0)
		return 0;
	if (mkdirat(above, DURABLE_FOLDER, 0700) < 0 && errno != EEXIST)
		return error_sys(&m->e, "mkdir %s", DURABLE_FOLDER);
	if (names_sync(above, &m->e) < 0)
		return -1;
	m->dir = kernel.open(above, DURABLE_FOLDER, O_RDONLY | O_DIRECTORY, 0);
	return m->dir < 0 ? error_sys(&m->e, "open %s", DURABLE_FOLDER) : 0;
}

/* On the helper thread. */
static void
make(void *arg)
{
	struct making *m = arg;

	if (open_folder(m) < 0)
		return;
	m->fd = kernel.open(m->dir, m->name, O_RDWR | O_CREAT, 0600);
	if (m->fd < 0 || write_place(m->fd, m->epoch, m->offset) < 0 || kernel.sync(m->fd) < 0 ||
	    names_sync(m->dir, NULL) < 0)
		error_sys(&m->e, "%s/%s", DURABLE_FOLDER, m->name);
}

static void
making_free(struct making *m)
{
	struct making **at = &m->all->makings;

	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
	if (m->dir != m->all->dir)
		memory_close(&m->dir);
	memory_close(&m->fd);
	free(m->name);
	free(m);
}

static void
made(void *arg)
{
	struct making *m = arg;
	struct durables *d = m->all;

	if (d->dir < 0)
		d->dir = m->dir;
	if (m->e.code == ERROR_NONE) {
		add(d, m->name, m->epoch, m->offset, m->fd);
		m->fd = -1;
	}
	m->made(m->self, m->request, &m->e);
	making_free(m);
}

static int
check_new(const struct durables *d, const char *name, struct error *e)
{
	size_t n = d->n;

	if (!name_ok(name))
		return error_set(e, ERROR_INPUT, "durable: '%.64s' is no name: letters, digits and ._+-, at "
		    "most %d, no dot in front", name, DURABLE_NAME);
	for (const struct making *m = d->makings; m != NULL; m = m->next, n++) {
		if (strcmp(m->name, name) == 0)
			return error_set(e, ERROR_BUSY, "durable: somebody else reads as %s", name);
	}
	if (n >= DURABLE_LIMIT)
		return error_set(e, ERROR_LIMIT, "durable: there are %d already", DURABLE_LIMIT);
	return 0;
}

int
durables_make(struct durables *d, const char *name, uint64_t epoch, uint64_t offset,
    durable_made *told, void *self, struct request *r, struct error *e)
{
	struct making *m;

	if (check_new(d, name, e) < 0)
		return -1;
	m = xmalloc(sizeof(*m));
	*m = (struct making){ .all = d, .next = d->makings, .name = xstrdup(name), .epoch = epoch,
		.offset = offset, .made = told, .self = self, .request = r, .dir = d->dir, .fd = -1 };
	m->job = (struct offload_job){ .work = make, .done = made, .arg = m };
	d->makings = m;
	offload_give(d->offload, &m->job);
	return 0;
}

int
durable_acknowledge(struct durable *d, uint64_t epoch, uint64_t offset, struct error *e)
{
	if (offset <= d->offset)
		return 0;
	if (write_place(d->fd, epoch, offset) < 0)
		return error_sys(e, "%s/%s", DURABLE_FOLDER, d->name);
	d->epoch = epoch;
	d->offset = offset;
	return 0;
}

static void
free_one(struct durable *one)
{
	close(one->fd);
	free(one->name);
	free(one);
}

int
durables_forget(struct durables *d, struct durable *one, struct error *e)
{
	if (names_remove(d->dir, one->name, e) < 0)
		return error_before(e, "%s: ", DURABLE_FOLDER);
	for (size_t i = 0; i < d->n; i++) {
		if (d->list[i] == one)
			d->list[i--] = d->list[--d->n];
	}
	free_one(one);
	return 0;
}

void
durables_close(struct durables *d)
{
	while (d->makings != NULL)
		making_free(d->makings);
	for (size_t i = 0; i < d->n; i++)
		free_one(d->list[i]);
	free(d->list);
	if (d->dir >= 0)
		close(d->dir);
	*d = (struct durables){ .dir = -1 };
}
