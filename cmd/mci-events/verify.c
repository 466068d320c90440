#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"
#include "place.h"
#include "recover.h"
#include "startup.h"
#include "verbs.h"

/* What has been read so far. */
struct reading {
	int dir;
	const char *folder;
	bool running;     /* a hub writes: the end of its last file may be on its way */
	uint64_t last;    /* of the segment before, 0: there was none */
	uint64_t newest;  /* the first offset of the last segment */
};

static void
report(const struct reading *r, uint64_t first, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void
report(const struct reading *r, uint64_t first, const char *format, ...)
{
	AUTO_BYTES name = { 0 };
	va_list ap;

	segment_name(&name, first, "ndjson");
	printf("%s/%s: ", r->folder, bytes_string(&name));
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
}

/* 1 when it is bad: the first record that is ends it. */
static int
check(struct reading *r, struct segment *s, struct error *e)
{
	struct recovery found;

	if (recover_check(s, &found, e) < 0)
		return -1;
	if (r->last != 0 && s->first != r->last + 1) {
		report(r, s->first, "offset %" PRIu64 " was expected: events are missing", r->last + 1);
		return 1;
	}
	r->last = found.last;
	if (found.bad_at < 0 || (r->running && s->first == r->newest && !found.damaged))
		return 0;
	report(r, s->first, "byte %" PRId64 ", offset %" PRIu64 ": %s", found.bad_at, found.bad_offset,
	    found.why.text);
	return 1;
}

static int
verify_one(void *arg, uint64_t first, struct error *e)
{
	struct reading *r = arg;
	struct segment *s = segment_new(r->dir, first);
	int result = segment_use(s, e);

	if (result == 0)
		result = check(r, s, e);
	segment_free(s);
	return result;
}

static int
note_newest(void *arg, uint64_t first, struct error *e)
{
	struct reading *r = arg;

	(void)e;
	r->newest = first;
	return 0;
}

static bool
hub_runs(int dir)
{
	AUTO_CLOSE int lock = kernel.open(dir, "lock", O_RDONLY, 0);

	return lock >= 0 && flock(lock, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

static int
verify(struct reading *r, struct error *e)
{
	int result;

	r->dir = kernel.open(AT_FDCWD, r->folder, O_RDONLY | O_DIRECTORY, 0);
	if (r->dir < 0)
		return error_sys(e, "open %s", r->folder);
	r->running = hub_runs(r->dir);
	result = startup_each(r->dir, note_newest, r, e);
	if (result == 0 && r->newest == 0)
		result = error_set(e, ERROR_NOT_FOUND, "there is no log");
	if (result == 0)
		result = startup_each(r->dir, verify_one, r, e);
	close(r->dir);
	return result < 0 ? error_before(e, "%s: ", r->folder) : result;
}

static int
run(void *arg, int argc, char **argv)
{
	struct error e;
	AUTO_FREE char *folder = place_folder(argc > 0 ? argv[0] : NULL, &e);
	struct reading r = { .folder = folder };
	int result = folder == NULL ? -1 : verify(&r, &e);

	(void)arg;
	return result < 0 ? place_complain(&e) : result;
}

const struct command verify_command = {
	.program = "mci-events", .verb = "verify", .operands = "[DIR]",
	.summary = "check a hub's log, and name the first bad record", .max_operands = 1,
	.complete = "files", .run = run,
};
