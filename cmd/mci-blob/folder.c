#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend.h"
#include "duration.h"
#include "folder.h"
#include "kernel.h"
#include "memory.h"
#include "names.h"

/*
 * DIR/packs/..., DIR/names/...: an object a file of its name. Drafts are DIR/drafts/HEX until their rename.
 * DIR/session is locked, shared, by each session; who waits for those that there are moves it to
 * DIR/sessions/HEX first and makes the next ones lock a new one.
 */
#define DRAFTS "drafts"
#define SESSION "session"
#define SESSIONS "sessions"
#define MARK "mci-blob" /* DIR is a store */
#define MARK_TEXT "mci-blob 1\n"

/* Objects that are kept open for get: packs are read in many small ranges. */
#define OPEN 16

struct folder {
	struct backend backend;
	char *path;
	int dir;
	pthread_mutex_t lock; /* of the rest */
	struct opened {
		char *name;
		int fd;
		unsigned users;
		uint64_t turn;
	} open[OPEN];
	uint64_t turn;
	int64_t settled; /* when the last settle began, by the wall clock */
};

static void
folder_close(struct backend *b)
{
	struct folder *f = (struct folder *)b;

	for (size_t i = 0; i < OPEN; i++) {
		if (f->open[i].name == NULL)
			continue;
		free(f->open[i].name);
		close(f->open[i].fd);
	}
	if (f->dir >= 0)
		close(f->dir);
	pthread_mutex_destroy(&f->lock);
	free(f->path);
	free(f);
}

/* A folder that holds other things is not taken for a store. */
static int
check_empty(const struct folder *f, struct error *e)
{
	DIR *d = opendir(f->path);
	struct dirent *entry;
	bool other = false;

	if (d == NULL)
		return error_sys(e, "open %s", f->path);
	while ((entry = readdir(d)) != NULL)
		other = other || (entry->d_name[0] != '.' && strcmp(entry->d_name, MARK ".new") != 0);
	closedir(d);
	return other ? error_set(e, ERROR_REFUSED, "%s: is no store, and not empty", f->path) : 0;
}

static int
make_folders(const struct folder *f, struct error *e)
{
	static const char *const folders[] = { "packs", "index", "names", DRAFTS, SESSIONS };
	AUTO_CLOSE int lock = -1;

	/* two that make one at the same time */
	lock = kernel.open(f->dir, ".lock", O_RDWR | O_CREAT, 0600);
	if (lock < 0 || flock(lock, LOCK_EX) < 0)
		return error_sys(e, "%s: lock", f->path);
	if (faccessat(f->dir, MARK, F_OK, 0) == 0)
		return 0;
	if (check_empty(f, e) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		if (mkdirat(f->dir, folders[i], 0700) < 0 && errno != EEXIST)
			return error_sys(e, "mkdir %s/%s", f->path, folders[i]);
	}
	return names_write(f->dir, MARK, MARK_TEXT, strlen(MARK_TEXT), e);
}

static int
open_folder(struct folder *f, bool make, struct error *e)
{
	char text[sizeof(MARK_TEXT)] = "";
	AUTO_CLOSE int mark = -1;

	if (make && folder_make_kept(f->path, e) < 0)
		return -1;
	f->dir = kernel.open(AT_FDCWD, f->path, O_RDONLY | O_DIRECTORY, 0);
	if (f->dir < 0) {
		error_sys(e, "open %s", f->path);
		if (errno == ENOENT && e != NULL)
			e->code = ERROR_NOT_FOUND;
		return -1;
	}
	mark = kernel.open(f->dir, MARK, O_RDONLY, 0);
	if (mark < 0 && errno == ENOENT && make) {
		if (make_folders(f, e) < 0)
			return -1;
		mark = kernel.open(f->dir, MARK, O_RDONLY, 0);
	}
	if (mark < 0) {
		error_sys(e, "%s: is no store: %s", f->path, MARK);
		if (errno == ENOENT && e != NULL)
			e->code = ERROR_NOT_FOUND;
		return -1;
	}
	if (kernel.pread(mark, text, sizeof(text) - 1, 0) < 0)
		return error_sys(e, "read %s/%s", f->path, MARK);
	if (strcmp(text, MARK_TEXT) != 0)
		return error_set(e, ERROR_INPUT, "%s/%s: a store of another version", f->path, MARK);
	return 0;
}

static struct backend *
folder_open(const char *address, bool make, struct error *e)
{
	struct folder *f = xmalloc(sizeof(*f));

	f->backend.type = &backend_folder;
	f->path = xstrdup(address + strlen(backend_folder.scheme));
	f->dir = -1;
	pthread_mutex_init(&f->lock, NULL);
	if (f->path[0] == '\0')
		error_set(e, ERROR_USAGE, "%s: expected a folder behind file:", address);
	else if (open_folder(f, make, e) == 0)
		return &f->backend;
	folder_close(&f->backend);
	return NULL;
}

static void
random_name(char name[33])
{
	unsigned char bytes[16];

	kernel.random(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(name + 2 * i, 3, "%02x", bytes[i]);
}

static int
folder_draft(struct backend *b, const char *folder, struct backend_draft *d, struct error *e)
{
	struct folder *f = (struct folder *)b;
	char name[33];

	(void)folder;
	random_name(name);
	d->name = xformat(DRAFTS "/%s", name);
	d->fd = kernel.open(f->dir, d->name, O_RDWR | O_CREAT | O_EXCL | O_APPEND, 0600);
	/* held as long as somebody fills it (sweep) */
	if (d->fd >= 0 && flock(d->fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	error_sys(e, "create %s/%s", f->path, d->name);
	if (d->fd >= 0)
		close(d->fd);
	free(d->name);
	d->name = NULL;
	return -1;
}

static void
folder_drop(struct backend *b, struct backend_draft *d)
{
	struct folder *f = (struct folder *)b;

	if (d->name != NULL)
		(void)names_remove(f->dir, d->name, NULL);
	if (d->fd >= 0)
		close(d->fd);
	free(d->name);
	*d = (struct backend_draft){ -1, NULL };
}

/* The folder that the object stands in, made when it is not there; *last is its name in there. */
static int
parent_of(const struct folder *f, const char *name, const char **last, struct error *e)
{
	const char *slash = strrchr(name, '/');
	AUTO_FREE char *path = slash == NULL ? xstrdup(f->path) :
	    xformat("%s/%.*s", f->path, (int)(slash - name), name);
	int dir = kernel.open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);

	*last = slash == NULL ? name : slash + 1;
	if (dir < 0 && errno == ENOENT) {
		if (folder_make_kept(path, e) < 0)
			return -1;
		dir = kernel.open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	}
	return dir < 0 ? error_sys(e, "open %s", path) : dir;
}

static int
publish(struct folder *f, struct backend_draft *d, const char *name, struct error *e)
{
	const char *last;
	AUTO_CLOSE int dir = parent_of(f, name, &last, e);

	if (dir < 0 || names_publish(d->fd, f->dir, d->name, name, e) < 0)
		return -1;
	/* the names of both folders: the draft's is gone, which may be forgotten */
	return names_sync(dir, e);
}

static int
folder_publish(struct backend *b, struct backend_draft *d, const char *name, struct error *e)
{
	struct folder *f = (struct folder *)b;
	int result = publish(f, d, name, e);

	if (result < 0) {
		error_before(e, "%s: ", f->path);
	} else {
		free(d->name);
		d->name = NULL;
	}
	folder_drop(b, d);
	return result;
}

static int
folder_put(struct backend *b, const char *name, struct span content, struct error *e)
{
	struct folder *f = (struct folder *)b;
	struct backend_draft d;

	if (folder_draft(b, name, &d, e) < 0)
		return -1;
	if (kernel_write_all(d.fd, content.p, content.n) < 0) {
		error_sys(e, "write %s/%s", f->path, d.name);
		folder_drop(b, &d);
		return -1;
	}
	return folder_publish(b, &d, name, e);
}

static int
folder_open_object(struct backend *b, const char *name, struct error *e)
{
	struct folder *f = (struct folder *)b;
	int fd = kernel.open(f->dir, name, O_RDONLY, 0);

	if (fd >= 0)
		return fd;
	error_sys(e, "open %s/%s", f->path, name);
	if ((errno == ENOENT || errno == ENOTDIR) && e != NULL)
		e->code = ERROR_NOT_FOUND;
	return -1;
}

/* One of those that are open, for this thread until release. NULL: there is no room, or an error (*fd -1). */
static struct opened *
hold(struct folder *f, const char *name, int *fd, struct error *e)
{
	struct opened *found = NULL, *spare = NULL;

	pthread_mutex_lock(&f->lock);
	for (size_t i = 0; i < OPEN && found == NULL; i++) {
		struct opened *o = &f->open[i];

		if (o->name != NULL && strcmp(o->name, name) == 0)
			found = o;
		else if (o->users == 0 && (spare == NULL || o->turn < spare->turn))
			spare = o;
	}
	if (found == NULL) {
		*fd = folder_open_object(&f->backend, name, e);
		if (*fd >= 0 && spare != NULL) {
			if (spare->name != NULL)
				close(spare->fd);
			free(spare->name);
			spare->name = xstrdup(name);
			spare->fd = *fd;
			found = spare;
		}
	}
	if (found != NULL) {
		*fd = found->fd;
		found->users++;
		found->turn = ++f->turn;
	}
	pthread_mutex_unlock(&f->lock);
	return found;
}

static void
release(struct folder *f, struct opened *o, int fd)
{
	if (o == NULL) {
		close(fd);
		return;
	}
	pthread_mutex_lock(&f->lock);
	o->users--;
	pthread_mutex_unlock(&f->lock);
}

static ssize_t
folder_get(struct backend *b, const char *name, int64_t from, void *into, size_t n, struct error *e)
{
	struct folder *f = (struct folder *)b;
	size_t done = 0;
	int fd;
	struct opened *o = hold(f, name, &fd, e);
	ssize_t got = 0;

	if (fd < 0)
		return -1;
	while (done < n && (got = kernel.pread(fd, (char *)into + done, n - done, from + (off_t)done)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			break;
		done += (size_t)got;
	}
	if (got < 0)
		error_sys(e, "read %s/%s", f->path, name);
	release(f, o, fd);
	return got < 0 ? -1 : (ssize_t)done;
}

static int64_t
nanoseconds(const struct timespec *t)
{
	return (int64_t)t->tv_sec * SECOND + t->tv_nsec;
}

static int
folder_stat(struct backend *b, const char *name, struct backend_object *o, struct error *e)
{
	struct folder *f = (struct folder *)b;
	struct stat st;

	if (fstatat(f->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode)) {
		*o = (struct backend_object){ .size = st.st_size, .used = nanoseconds(&st.st_mtim) };
		return 0;
	}
	if (errno == ENOENT || errno == ENOTDIR)
		return error_set(e, ERROR_NOT_FOUND, "%s/%s is not there", f->path, name);
	return error_sys(e, "stat %s/%s", f->path, name);
}

struct listing {
	struct folder *f;
	const char *prefix;
	int (*each)(void *arg, const struct backend_object *o);
	void *arg;
	char **waiting; /* folders that are not read yet */
	size_t n, size;
};

static void
wait_for(struct listing *l, char *folder)
{
	if (l->n == l->size) {
		l->size = l->size == 0 ? 16 : 2 * l->size;
		l->waiting = xrealloc(l->waiting, l->size, sizeof(*l->waiting));
	}
	l->waiting[l->n++] = folder;
}

static int
list_one(struct listing *l, int dir, const char *folder, const char *last, struct error *e)
{
	AUTO_FREE char *name = xformat("%s%s", folder, last);
	size_t n = strlen(name), prefix = strlen(l->prefix);
	struct backend_object o = { .name = name };
	struct stat st;

	if (strncmp(name, l->prefix, n < prefix ? n : prefix) != 0)
		return 0;
	if (fstatat(dir, last, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : error_sys(e, "stat %s/%s", l->f->path, name);
	if (S_ISDIR(st.st_mode)) {
		wait_for(l, xformat("%s/", name));
		return 0;
	}
	if (!S_ISREG(st.st_mode) || n < prefix)
		return 0;
	o.size = st.st_size;
	o.used = nanoseconds(&st.st_mtim);
	return l->each(l->arg, &o);
}

static int
list_folder(struct listing *l, const char *folder, struct error *e)
{
	int fd = kernel.open(l->f->dir, folder[0] == '\0' ? "." : folder, O_RDONLY | O_DIRECTORY,
	    0), result = 0;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (d == NULL && fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (d == NULL) {
		error_sys(e, "open %s/%s", l->f->path, folder);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while (result == 0 && (entry = readdir(d)) != NULL) {
		if (entry->d_name[0] != '.')
			result = list_one(l, fd, folder, entry->d_name, e);
	}
	closedir(d);
	return result;
}

static int
folder_list(struct backend *b, const char *prefix, int (*each)(void *arg, const struct backend_object *o),
    void *arg, struct error *e)
{
	struct listing l = { .f = (struct folder *)b, .prefix = prefix, .each = each, .arg = arg };
	const char *slash = strrchr(prefix, '/');
	int result = 0;

	wait_for(&l, xmemdup(prefix, slash == NULL ? 0 : (size_t)(slash + 1 - prefix)));
	while (l.n > 0) {
		AUTO_FREE char *folder = l.waiting[--l.n];

		if (result == 0)
			result = list_folder(&l, folder, e);
	}
	free(l.waiting);
	return result;
}

static int
folder_remove(struct backend *b, const char *name, struct error *e)
{
	struct folder *f = (struct folder *)b;

	if (names_remove(f->dir, name, e) == 0)
		return 0;
	return errno == ENOTDIR ? 0 : error_before(e, "%s: ", f->path);
}

static void
folder_touch(struct backend *b, const char *name)
{
	struct folder *f = (struct folder *)b;

	(void)utimensat(f->dir, name, NULL, AT_SYMLINK_NOFOLLOW);
}

static int
folder_enter(struct backend *b, struct error *e)
{
	struct folder *f = (struct folder *)b;

	for (;;) {
		int fd = kernel.open(f->dir, SESSION, O_RDWR | O_CREAT, 0600);
		struct stat ours, now;

		/* whose store it is not may read it, and others see to it that nothing goes */
		if (fd < 0 && (errno == EACCES || errno == EROFS))
			fd = kernel.open(f->dir, SESSION, O_RDONLY, 0);
		if (fd < 0)
			return error_sys(e, "open %s/" SESSION, f->path);
		while (flock(fd, LOCK_SH) < 0) {
			if (errno == EINTR)
				continue;
			error_sys(e, "lock %s/" SESSION, f->path);
			close(fd);
			return -1;
		}
		/* moved away in between, by one who waits for nobody who comes later */
		if (fstat(fd, &ours) == 0 && fstatat(f->dir, SESSION, &now, 0) == 0 &&
		    ours.st_ino == now.st_ino)
			return fd;
		close(fd);
	}
}

static int
await_session(void *arg, const struct backend_object *o)
{
	struct folder *f = arg;
	AUTO_CLOSE int fd = kernel.open(f->dir, o->name, O_RDWR, 0);

	if (fd < 0)
		return errno == ENOENT ? 0 : 1;
	return flock(fd, LOCK_EX | LOCK_NB) == 0 ? names_remove(f->dir, o->name, NULL) : 1;
}

static int
folder_settle(struct backend *b, int64_t limit, struct error *e)
{
	struct folder *f = (struct folder *)b;
	int64_t until = kernel.now() + limit;
	char name[33];
	AUTO_FREE char *to = NULL;

	f->settled = kernel.wall();
	random_name(name);
	to = xformat(SESSIONS "/%s", name);
	if (faccessat(f->dir, SESSION, F_OK, 0) == 0 && names_replace(f->dir, SESSION, to, e) < 0)
		return -1;
	for (;;) {
		int left = folder_list(b, SESSIONS "/", await_session, f, e);

		if (left <= 0)
			return left;
		if (kernel.now() >= until)
			return error_set(e, ERROR_BUSY, "%s: a save or restore is still going on", f->path);
		poll(NULL, 0, 20);
	}
}

static int
folder_lock_what(struct backend *b, const char *what, bool wait, struct error *e)
{
	struct folder *f = (struct folder *)b;
	AUTO_FREE char *name = xformat(".%s.lock", what);
	int fd = kernel.open(f->dir, name, O_RDWR | O_CREAT, 0600);

	while (fd >= 0 && flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB)) < 0) {
		if (errno == EINTR)
			continue;
		if (errno == EWOULDBLOCK)
			error_set(e, ERROR_BUSY, "%s: another %s is under way", f->path, what);
		else
			error_sys(e, "lock %s/%s", f->path, name);
		close(fd);
		return -1;
	}
	return fd < 0 ? error_sys(e, "open %s/%s", f->path, name) : fd;
}

static int
sweep_draft(void *arg, const struct backend_object *o)
{
	struct folder *f = arg;
	AUTO_CLOSE int fd = o->used < f->settled ? kernel.open(f->dir, o->name, O_RDWR, 0) : -1;

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		(void)names_remove(f->dir, o->name, NULL);
	return 0;
}

static int
folder_sweep(struct backend *b, struct error *e)
{
	return folder_list(b, DRAFTS "/", sweep_draft, b, e);
}

const struct backend_type backend_folder = {
	.scheme = "file:",
	.open = folder_open,
	.close = folder_close,
	.draft = folder_draft,
	.publish = folder_publish,
	.drop = folder_drop,
	.put = folder_put,
	.get = folder_get,
	.open_object = folder_open_object,
	.list = folder_list,
	.stat = folder_stat,
	.remove = folder_remove,
	.touch = folder_touch,
	.enter = folder_enter,
	.settle = folder_settle,
	.lock = folder_lock_what,
	.sweep = folder_sweep,
};
