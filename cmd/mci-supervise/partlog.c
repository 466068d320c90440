#include "partlog.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "folder.h"
#include "kernel.h"
#include "memory.h"
#include "names.h"

#define TURN (256 * 1024) /* bytes before others get theirs */
#define TAIL 4096

static char *
file_name(const struct partlog *l, int number, const char *suffix)
{
	struct bytes name = { 0 };

	logfile_name(&name, l->name, number, suffix);
	return bytes_give(&name);
}

/* The newest one that is there; 1 when there is none. */
static int
newest(const struct partlog *l)
{
	int found = 1, copy = fcntl(l->dir, F_DUPFD_CLOEXEC, 3);
	const struct dirent *entry;
	DIR *all = copy < 0 ? NULL : fdopendir(copy);

	if (all == NULL) {
		if (copy >= 0)
			close(copy);
		return found;
	}
	rewinddir(all);
	while ((entry = readdir(all)) != NULL) {
		size_t n = strlen(entry->d_name);
		int number = n < 5 || strcmp(entry->d_name + n - 4, ".log") != 0 ?
		    0 :
		    logfile_number(entry->d_name, n - 4, l->name);

		found = number > found ? number : found;
	}
	closedir(all);
	return found;
}

/* As who reads logs of a server expects it: whoever writes one holds a lock on its index (mci-log's
 * logdir.h). */
static int
open_number(struct partlog *l, struct error *e)
{
	AUTO_FREE char *log = file_name(l, l->number, "log");
	AUTO_FREE char *index = file_name(l, l->number, "idx");
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = kernel.open(l->dir, log, O_RDWR | O_CREAT | O_APPEND, 0600);
	int idx = fd < 0 ? -1 : kernel.open(l->dir, index, O_RDWR | O_CREAT | O_APPEND, 0600);

	if (idx < 0 || fcntl(idx, F_OFD_SETLK, &lock) < 0) {
		error_sys(e, "%s", log);
		memory_close(&fd);
		memory_close(&idx);
		return -1;
	}
	if (logfile_adopt(&l->log, fd, idx, l->name, e) < 0)
		return -1;
	l->log.mask = l->mask;
	return 0;
}

static void
broken(struct partlog *l, const struct error *e)
{
	if (l->broken)
		return;
	l->broken = true;
	l->since = kernel.now();
	l->tell(l->arg, e);
}

static void
next(struct partlog *l)
{
	struct error e;

	if (l->log.fd >= 0 && logfile_close(&l->log, &e) < 0)
		broken(l, &e);
	l->number++;
	if (l->number > PARTLOG_KEPT) {
		AUTO_FREE char *log = file_name(l, l->number - PARTLOG_KEPT, "log");
		AUTO_FREE char *index = file_name(l, l->number - PARTLOG_KEPT, "idx");

		(void)names_remove(l->dir, log, NULL);
		(void)names_remove(l->dir, index, NULL);
	}
	if (open_number(l, &e) < 0) {
		l->log.fd = -1;
		broken(l, &e);
	}
}

/* Goes on with a log that could not be written, and says in it what is missing. */
static void
retry(struct partlog *l)
{
	AUTO_BYTES note = { 0 };
	struct error e;

	l->since = kernel.now();
	l->lost += l->log.dropped;
	if (l->log.fd >= 0)
		(void)logfile_close(&l->log, NULL);
	if (open_number(l, &e) < 0) {
		l->log.fd = -1;
		return;
	}
	bytes_format(&note, "\n[mci-supervise: %" PRId64 " bytes are missing here]\n", l->lost);
	if (logfile_write(&l->log, note.data, note.len, 0, &e) < 0)
		return;
	l->broken = false;
	l->lost = 0;
}

static void
throw_away(struct partlog *l)
{
	char bytes[4096];
	ssize_t n;

	while ((n = kernel.read(l->pipe[0], bytes, sizeof(bytes))) > 0)
		l->lost += n;
}

/* false: nothing is left in the pipe. */
static bool
drain(struct partlog *l, int64_t budget)
{
	struct error e;
	int64_t before;

	if (l->broken && kernel.now() - l->since >= PARTLOG_RETRY)
		retry(l);
	before = l->log.size + l->log.dropped;
	if (l->log.fd < 0) {
		throw_away(l);
		return false;
	}
	if (logfile_drain(&l->log, l->pipe[0], 0, budget, -1, &e) == LOGFILE_ERROR)
		broken(l, &e);
	if (l->log.size >= PARTLOG_SIZE && !l->broken)
		next(l);
	return l->log.fd >= 0 && l->log.size + l->log.dropped - before >= budget;
}

static void
written(void *arg, uint32_t events)
{
	(void)events;
	drain(arg, TURN);
}

int
partlog_open(struct partlog *l, struct loop *loop, const char *folder, const char *name,
    struct mask *mask, void (*tell)(void *arg, const struct error *e), void *arg, struct error *e)
{
	*l = (struct partlog){ .loop = loop,
		.pipe = { -1, -1 },
		.dir = -1,
		.name = xstrdup(name),
		.log.fd = -1,
		.log.index = -1,
		.mask = mask,
		.tell = tell,
		.arg = arg };
	if (folder_make(folder, e) < 0)
		return -1;
	l->dir = kernel.open(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY, 0);
	if (l->dir < 0)
		return error_sys(e, "open %s", folder);
	l->number = newest(l);
	if (open_number(l, e) < 0)
		return -1;
	if (pipe2(l->pipe, O_CLOEXEC) < 0)
		return error_sys(e, "pipe");
	fcntl(l->pipe[0], F_SETFL, O_NONBLOCK);
	return loop_watch(loop, l->pipe[0], EPOLLIN, written, l, e);
}

int
partlog_descriptor(const struct partlog *l)
{
	return l->pipe[1];
}

void
partlog_drain(struct partlog *l)
{
	/* whoever goes on writing does not hold us up */
	for (int i = 0; l->pipe[0] >= 0 && i < 16 && drain(l, TURN); i++)
		;
	if (l->log.fd >= 0 && (logfile_rest(&l->log, NULL) < 0 || logfile_flush(&l->log, NULL) < 0))
		l->broken = true;
}

int64_t
partlog_said(const struct partlog *l)
{
	return (int64_t)l->number * PARTLOG_SIZE * 2 + l->log.size;
}

void
partlog_tail(const struct partlog *l, size_t lines, struct bytes *into)
{
	int64_t from = l->log.size > TAIL ? l->log.size - TAIL : 0;
	char *p = bytes_reserve(into, TAIL);
	ssize_t n = l->log.fd < 0 ? 0 : kernel.pread(l->log.fd, p, TAIL, from);
	size_t start = n > 0 ? (size_t)n : 0, end = start;

	while (start > 0 && lines > 0) {
		start--;
		if (p[start] == '\n' && start + 1 < end && --lines == 0)
			start++;
		if (lines == 0)
			break;
	}
	memmove(p, p + start, end - start);
	into->len += end - start;
}

void
partlog_close(struct partlog *l)
{
	partlog_drain(l);
	if (l->pipe[0] >= 0) {
		loop_forget(l->loop, l->pipe[0]);
		close(l->pipe[0]);
		close(l->pipe[1]);
	}
	if (l->log.fd >= 0 && logfile_close(&l->log, NULL) < 0)
		l->broken = true;
	memory_close(&l->dir);
	free(l->name);
	*l = (struct partlog){ .pipe = { -1, -1 }, .dir = -1, .log.fd = -1, .log.index = -1 };
}
