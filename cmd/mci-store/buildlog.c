#include "buildlog.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "folder.h"
#include "kernel.h"
#include "line.h"
#include "memory.h"

char *
buildlog_path(const char *folder, const char *build)
{
	return xformat("%s/%s.ndjson", folder, build);
}

/* An event of mci-build's: what comes of a build comes in order. */
static bool
is_next(struct buildlog *b, int64_t run, int64_t seq)
{
	if (run < b->run || (run == b->run && seq <= b->seq))
		return false;
	b->run = run;
	b->seq = seq;
	return true;
}

/* A run begins that goes on with what the one before has done: its numbers go on as well. */
static bool
is_begin(struct buildlog *b, int64_t run)
{
	if (run <= b->run)
		return false;
	b->run = run;
	return true;
}

static bool
is_change(struct buildlog *b, const struct message *m)
{
	struct scan_value v;
	int64_t change;

	if (message_member(m->line.p, m->line.n, "change", &v, NULL) <= 0 ||
	    scan_integer(&v, 1, INT64_MAX, &change, NULL) < 0 || change <= b->change)
		return false;
	b->change = change;
	return true;
}

/* Whether it is the build's own, and new. */
static bool
fresh(struct buildlog *b, const struct message *m)
{
	int64_t run = m->run > 0 ? m->run : 1;

	if (m->seq > 0)
		return is_next(b, run, m->seq);
	if (span_is(m->type, "build/initializing"))
		return is_begin(b, run);
	return is_change(b, m);
}

static void
read_lines(struct buildlog *b, struct line_reader *r)
{
	struct span line;
	struct message m;
	enum line_result got;

	while ((got = line_next(r, &line)) != LINE_NONE) {
		if (got == LINE_LONG || message_read(&m, line.p, line.n, NULL) < 0 || !fresh(b, &m))
			continue;
		fold_event(&b->fold, &m, NULL);
		b->events++;
	}
}

static int
read_file(struct buildlog *b, int fd, const char *path, struct error *e)
{
	struct line_reader r = { 0 };
	ssize_t n;

	while ((n = line_read(&r, fd)) > 0)
		read_lines(b, &r);
	line_free(&r);
	return n == 0 ? 0 : error_sys(e, "read %s", path);
}

static void
begin(struct buildlog *b)
{
	*b = (struct buildlog){ .file.fd = -1 };
	fold_init(&b->fold);
}

int
buildlog_read(struct buildlog *b, const char *folder, const char *build, struct error *e)
{
	AUTO_FREE char *path = buildlog_path(folder, build);
	AUTO_CLOSE int fd = kernel_open_file(AT_FDCWD, path);

	begin(b);
	if (fd < 0)
		return errno == ENOENT ? 0 : error_sys(e, "open %s", path);
	return read_file(b, fd, path, e);
}

/* Its folder is made with the first build of a repository. */
static int
open_file(struct buildlog *b, const char *path, struct error *e)
{
	AUTO_FREE char *folder = xmemdup(path, (size_t)(strrchr(path, '/') - path));
	struct stat st;

	if (stat(folder, &st) < 0 && folder_make_kept(folder, e) < 0)
		return -1;
	return appendlog_open(&b->file, path, NULL, e);
}

int
buildlog_open(struct buildlog *b, const char *folder, const char *build, struct error *e)
{
	AUTO_FREE char *path = buildlog_path(folder, build);

	if (buildlog_read(b, folder, build, e) < 0)
		return -1;
	if (open_file(b, path, e) < 0) {
		buildlog_close(b);
		return -1;
	}
	return 0;
}

bool
buildlog_take(struct buildlog *b, const struct message *m, struct span line)
{
	if (!fresh(b, m))
		return false;
	fold_event(&b->fold, m, NULL);
	b->events++;
	bytes_add(&b->fresh, line.p, line.n);
	return true;
}

int
buildlog_flush(struct buildlog *b, struct error *e)
{
	if (b->fresh.len == 0)
		return 0;
	if (appendlog_append(&b->file, b->fresh.data, b->fresh.len, e) < 0)
		return -1;
	b->fresh.len = 0;
	bytes_fit(&b->fresh);
	return 0;
}

void
buildlog_close(struct buildlog *b)
{
	appendlog_close(&b->file);
	fold_free(&b->fold);
	bytes_free(&b->fresh);
}
