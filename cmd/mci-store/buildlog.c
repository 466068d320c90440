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

/* Whether it is new: what comes of a build comes in order. */
static bool
fresh(struct buildlog *b, const struct message *m)
{
	int64_t run = m->run > 0 ? m->run : 1;
	struct scan_value v;
	int64_t change;

	if (m->seq > 0) {
		if (run < b->run || (run == b->run && m->seq <= b->seq))
			return false;
		b->run = run;
		b->seq = m->seq;
		return true;
	}
	/* a run that goes on says so before it knows where the numbers are */
	if (span_is(m->type, "build/initializing")) {
		if (run <= b->begun)
			return false;
		b->begun = run;
		return true;
	}
	if (message_member(m->line.p, m->line.n, "change", &v, NULL) <= 0 ||
	    scan_integer(&v, 1, INT64_MAX, &change, NULL) < 0 || change <= b->change)
		return false;
	b->change = change;
	return true;
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
