#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "durable.h"
#include "emit.h"
#include "folder.h"
#include "inspect.h"
#include "kernel.h"
#include "memory.h"
#include "names.h"
#include "verbs.h"

/* What is appended to the new log at once. */
#define BATCH (256 * 1024)
/* More lost events than that are no damage but another log's files. */
#define LOST_LIMIT (1 << 24)
/* So many damaged logs of one hub may be kept. */
#define KEPT 100

/* A log that is written anew, file by file: what is whole is the same file, of the others what can be
 * proven is copied, and in the place of an event that cannot stands one that says so: later events keep
 * their offsets. */
struct repair {
	const char *folder; /* as messages name it */
	int from, to;       /* folders */
	struct inspection inspection;
	struct segment *into;
	struct bytes batch; /* lines that are to be appended to it */
	uint32_t count;
	uint64_t next;      /* offset of the next event; 0: any */
	int64_t received;   /* of the newest */
	int64_t lost;       /* events so far */
	bool damaged;       /* there is something to do */
};

static int
open_into(struct repair *r, uint64_t first, struct error *e)
{
	r->into = segment_create(r->to, first, e);
	r->next = first;
	return r->into == NULL ? -1 : 0;
}

static int
flush(struct repair *r, struct error *e)
{
	int result = r->count == 0 ? 0 :
	    segment_append(r->into, r->batch.data, r->batch.len, r->count, r->received, e);

	r->batch.len = 0;
	r->count = 0;
	return result;
}

static int
close_into(struct repair *r, struct error *e)
{
	struct segment *s = r->into;
	int result = flush(r, e);

	if (result == 0 && kernel.sync(s->data) < 0)
		result = error_sys(e, "sync a file of the new log");
	s->synced = s->size;
	segment_mark(s);
	segment_free(s);
	r->into = NULL;
	return result;
}

static int
add_line(struct repair *r, struct span line, int64_t received, struct error *e)
{
	if (received > r->received)
		r->received = received;
	bytes_add(&r->batch, line.p, line.n);
	bytes_char(&r->batch, '\n');
	r->count++;
	r->next++;
	return r->batch.len < BATCH ? 0 : flush(r, e);
}

/* Events that say that what stood in their places is lost. */
static int
add_lost(struct repair *r, uint64_t last, const char *why, struct error *e)
{
	r->lost += (int64_t)(last + 1 - r->next);
	if (last >= INT64_MAX || r->lost > LOST_LIMIT)
		return error_set(e, ERROR_LIMIT, "offsets %" PRIu64 " to %" PRIu64 " are lost: more than %d "
		    "events cannot be told", r->next, last, LOST_LIMIT);
	while (r->next <= last) {
		AUTO_BYTES line = { 0 };

		emit_open(&line);
		emit_integer(&line, "offset", (int64_t)r->next);
		emit_time(&line, "received", r->received);
		emit_text(&line, "type", "event/lost");
		emit_time(&line, "time", kernel.wall());
		emit_text(&line, "reason", why);
		bytes_char(&line, '}');
		if (add_line(r, (struct span){ line.data, line.len }, 0, e) < 0)
			return -1;
	}
	return 0;
}

static void
say_lost(const struct repair *r, uint64_t first, uint64_t last, const char *why)
{
	if (last < first)
		printf("%s: what was behind offset %" PRIu64 " is lost: %s\n", r->folder, first - 1, why);
	else if (last == first)
		printf("%s: offset %" PRIu64 " is lost: %s\n", r->folder, first, why);
	else
		printf("%s: offsets %" PRIu64 " to %" PRIu64 " are lost: %s\n", r->folder, first, last, why);
}

/* A piece that is good, line by line: a batch as it was, or what no checksum speaks of. */
static int
copy_piece(struct repair *r, const struct segment *s, const struct piece *p, struct error *e)
{
	struct line_reader reader = { .limit = SEGMENT_LINE };
	char chunk[65536];
	struct span line;
	int64_t at = p->at;
	int result = 0;

	while (result == 0 && at < p->end) {
		size_t want = p->end - at < (int64_t)sizeof(chunk) ? (size_t)(p->end - at) : sizeof(chunk);
		ssize_t n = kernel.pread(s->data, chunk, want, at);

		if (n <= 0) {
			result = error_sys(e, "read a file of the log");
			break;
		}
		line_add(&reader, chunk, (size_t)n);
		at += n;
		while (result == 0 && line_next(&reader, &line) == LINE_OK)
			result = add_line(r, line, recover_received(line), e);
	}
	line_free(&reader);
	return result;
}

static int
rewrite(struct repair *r, const struct segment *s, struct error *e)
{
	struct recovery found;
	struct piece p;
	int got = open_into(r, s->first, e) < 0 ? -1 : recover_begin(s, &found, e);

	while (got >= 0 && (got = recover_next(s, &found, &p, e)) > 0) {
		if (p.kind != PIECE_DAMAGED) {
			got = copy_piece(r, s, &p, e);
			continue;
		}
		say_lost(r, p.first, p.last, found.why.text);
		got = add_lost(r, p.last, found.why.text, e);
		/* the next one has a reason of its own */
		found.bad_at = -1;
	}
	if (r->into != NULL && close_into(r, got < 0 ? NULL : e) < 0)
		got = -1;
	return got;
}

/* One that is missing is none. */
static int
copy_file(int from, int to, const char *name, struct error *e)
{
	AUTO_CLOSE int in = kernel_open_file(from, name), out = -1;
	char chunk[65536];
	ssize_t n = 0;

	if (in < 0 && errno == ENOENT)
		return 0;
	if (in >= 0)
		out = kernel.open(to, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
	while (out >= 0 && (n = kernel.read(in, chunk, sizeof(chunk))) > 0) {
		if (kernel_write_all(out, chunk, (size_t)n) < 0)
			n = -1;
	}
	if (out < 0 || n < 0 || kernel.sync(out) < 0)
		return error_sys(e, "copy %s", name);
	return 0;
}

/* A file that is good stays the same file; the newest, to which the hub will add, is copied. */
static int
keep(struct repair *r, const struct segment *s, const struct recovery *found, struct error *e)
{
	static const char *const suffixes[] = { "ndjson", "sum", "builds" };

	r->next = found->last + 1;
	r->received = found->newest;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		AUTO_BYTES name = { 0 };

		segment_name(&name, s->first, suffixes[i]);
		if (linkat(r->from, bytes_string(&name), r->to, name.data, 0) == 0 || errno == ENOENT)
			continue;
		/* on another file system */
		if (copy_file(r->from, r->to, name.data, e) < 0)
			return -1;
	}
	return 0;
}

/* Files that are not there any more: one that says so of their events. */
static int
fill_gap(struct repair *r, uint64_t before, const char *why, struct error *e)
{
	uint64_t first = r->next;

	say_lost(r, first, before - 1, why);
	if (open_into(r, first, e) < 0)
		return -1;
	if (add_lost(r, before - 1, why, e) == 0)
		return close_into(r, e);
	close_into(r, NULL);
	return -1;
}

static int
take(struct repair *r, const struct segment *s, struct error *e)
{
	struct recovery found;
	int verdict = inspect_segment(&r->inspection, s, &found, e);

	if (verdict < 0)
		return -1;
	if (verdict == VERDICT_BEHIND)
		return 0;
	if (r->next != 0 && s->first < r->next) {
		say_lost(r, s->first, found.last, found.why.text);
		return 0;
	}
	if (r->next != 0 && s->first > r->next && fill_gap(r, s->first, found.why.text, e) < 0)
		return -1;
	/* a gap has hidden what is wrong with the file itself */
	if (verdict == VERDICT_WHOLE && found.broken == 0 && s->first != r->inspection.newest)
		return keep(r, s, &found, e);
	if (rewrite(r, s, e) < 0)
		return -1;
	if (found.damaged && found.end < found.synced)
		say_lost(r, found.last + 1, found.last, found.why.text);
	return 0;
}

static int
each(void *arg, uint64_t first, struct error *e)
{
	struct repair *r = arg;
	struct segment *s = segment_new(r->from, first);
	int result = segment_use(s, e) < 0 ? -1 : take(r, s, e);

	segment_free(s);
	return result;
}

static int
look(void *arg, uint64_t first, struct error *e)
{
	struct repair *r = arg;
	struct segment *s = segment_new(r->from, first);
	struct recovery found;
	int verdict = segment_use(s, e) < 0 ? -1 : inspect_segment(&r->inspection, s, &found, e);

	r->damaged |= verdict == VERDICT_DAMAGED || (verdict >= 0 && found.broken > 0);
	segment_free(s);
	return verdict < 0 ? -1 : 0;
}

static int
copy_subscribers(const struct repair *r, struct error *e)
{
	AUTO_CLOSE int from = kernel.open(r->from, DURABLE_FOLDER, O_RDONLY | O_DIRECTORY, 0), to = -1;
	DIR *d = from < 0 ? NULL : fdopendir(fcntl(from, F_DUPFD_CLOEXEC, 3));
	struct dirent *entry;
	int result = 0;

	if (from < 0)
		return errno == ENOENT ? 0 : error_sys(e, "open %s", DURABLE_FOLDER);
	if (mkdirat(r->to, DURABLE_FOLDER, 0700) == 0)
		to = kernel.open(r->to, DURABLE_FOLDER, O_RDONLY | O_DIRECTORY, 0);
	if (d == NULL || to < 0)
		result = error_sys(e, "copy %s", DURABLE_FOLDER);
	while (result == 0 && (entry = readdir(d)) != NULL) {
		if (entry->d_name[0] != '.')
			result = copy_file(from, to, entry->d_name, e);
	}
	if (d != NULL)
		closedir(d);
	return result == 0 ? names_sync(to, e) : result;
}

/* The folder's lock is ours, to the end of this process: nobody else writes. */
static int
walk(struct repair *r, int (*call)(void *arg, uint64_t first, struct error *e), struct error *e)
{
	if (inspect_open(&r->inspection, r->from, e) < 0)
		return -1;
	r->inspection.running = false;
	return inspect_each(r->from, call, r, e);
}

/* Everything but the sign of an orderly end: the next start of the hub begins an epoch. */
static int
write_anew(struct repair *r, struct error *e)
{
	if (walk(r, each, e) < 0 || copy_file(r->from, r->to, "epochs", e) < 0 ||
	    copy_subscribers(r, e) < 0)
		return -1;
	return names_sync(r->to, e);
}

static int
open_folder(const char *path, struct error *e)
{
	int fd = kernel.open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0)
		error_sys(e, "open %s", path);
	return fd;
}

/* Writes the log anew into a folder that is made; on failure it is gone again. */
static int
write_into(struct repair *r, const char *path, struct error *e)
{
	if (mkdir(path, 0700) < 0)
		return error_sys(e, "mkdir %s", path);
	r->to = open_folder(path, e);
	if (r->to >= 0 && folder_lock(r->to, path, e) >= 0 && write_anew(r, e) == 0)
		return 0;
	(void)names_remove_tree(path, NULL);
	return -1;
}

/* The new log gets the old one's name, and the old one another. */
static int
change_places(const struct repair *r, int above, const char *name, const char *fresh, struct error *e)
{
	AUTO_FREE char *old = xformat("%s.damaged", name);

	for (int i = 2; i < KEPT && faccessat(above, old, F_OK, AT_SYMLINK_NOFOLLOW) == 0; i++) {
		free(old);
		old = xformat("%s.damaged-%d", name, i);
	}
	if (names_exchange(above, name, fresh, e) < 0)
		return error_before(e, "the new log stays in %s: ", fresh);
	if (names_replace(above, fresh, old, e) < 0 || names_sync(above, e) < 0)
		return error_before(e, "the log as it was stays in %s: ", fresh);
	printf("%s: the log as it was is kept beside it as %s\n", r->folder, old);
	return 0;
}

static int
repair_in_place(struct repair *r, struct error *e)
{
	AUTO_FREE char *path = realpath(r->folder, NULL);
	AUTO_FREE char *fresh = path == NULL ? NULL : xformat("%s.repair", path);
	AUTO_CLOSE int above = -1;
	char *name;

	if (path == NULL)
		return error_sys(e, "%s", r->folder);
	if (write_into(r, fresh, e) < 0)
		return -1;
	name = strrchr(path, '/');
	*name++ = '\0';
	above = open_folder(*path == '\0' ? "/" : path, e);
	return above < 0 ? -1 : change_places(r, above, name, strrchr(fresh, '/') + 1, e);
}

static int
repair(struct repair *r, const char *into, struct error *e)
{
	r->from = open_folder(r->folder, e);
	if (r->from < 0 || folder_lock(r->from, r->folder, e) < 0)
		return -1;
	if (walk(r, look, e) < 0)
		return error_before(e, "%s: ", r->folder);
	if (r->inspection.newest == 0)
		return error_set(e, ERROR_NOT_FOUND, "%s: there is no log", r->folder);
	if (!r->damaged)
		return 0;
	return into != NULL ? write_into(r, into, e) : repair_in_place(r, e);
}

static int
run(void *arg, int argc, char **argv)
{
	struct error e;
	AUTO_FREE char *folder = serve_data(&hub_program, argc > 0 ? argv[0] : NULL, &e);
	struct repair r = { .folder = folder, .from = -1, .to = -1 };
	int result = folder == NULL ? -1 : repair(&r, argc > 1 ? argv[1] : NULL, &e);

	(void)arg;
	bytes_free(&r.batch);
	if (r.from >= 0)
		close(r.from);
	if (r.to >= 0)
		close(r.to);
	return result < 0 ? option_fail("mci-events", &e) : 0;
}

const struct command events_repair_command = {
	.program = "mci-events", .verb = "repair", .operands = "[DIR [NEW]]",
	.summary = "write a damaged log anew from what can be proven", .max_operands = 2,
	.complete = "files", .run = run,
};
