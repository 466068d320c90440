#include "logfile.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "duration.h"
#include "kernel.h"
#include "memory.h"
#include "names.h"
#include "number.h"
#include "thread.h"

#define READ_SIZE (256 * 1024)
/* What a pipe holds before it is widened, and after: the most that an ordinary user may ask for. */
#define PIPE_SMALL 65536
#define PIPE_WIDE (1024 * 1024)
/* Pending index records are written when they are this many bytes. */
#define INDEX_BATCH 4096
#define RECORD_SIZE sizeof(struct logfile_record)
/* So much is sent to the disk at once. */
#define WRITE_BACK (16 * 1024 * 1024)
/* A cap that nothing fits under: after a failed write. */
#define CAP_CLOSED (-1)

_Static_assert(sizeof(struct logfile_record) == 24, "the index's format");

void
logfile_stem(struct bytes *into, const char *job, int attempt)
{
	bytes_text(into, job);
	if (attempt > 1) {
		bytes_char(into, '@');
		bytes_number(into, attempt);
	}
}

void
logfile_name(struct bytes *into, const char *job, int attempt, const char *suffix)
{
	logfile_stem(into, job, attempt);
	bytes_char(into, '.');
	bytes_text(into, suffix);
}

void
logfile_folder(struct bytes *into, int run)
{
	bytes_text(into, "logs");
	if (run > 1)
		bytes_format(into, "@%d", run);
}

int
logfile_number(const char *name, size_t n, const char *word)
{
	size_t stem = strlen(word);
	int64_t number;

	if (n < stem || memcmp(name, word, stem) != 0)
		return 0;
	if (n == stem)
		return 1;
	return name[stem] == '@' &&
	    number_parse(name + stem + 1, n - stem - 1, 2, INT32_MAX, &number, NULL) == 0 ? (int)number : 0;
}

static char *
file_name(const struct logfile_writer *w, const char *suffix)
{
	return xformat("%s.%s", w->name, suffix);
}

/* A log of the same name is emptied; its index, which would tell lies, goes. */
static int
open_again(struct logfile_writer *w, const char *log)
{
	AUTO_FREE char *index = file_name(w, "idx");

	if (names_remove(w->dir, index, NULL) < 0)
		return -1;
	return kernel.open(w->dir, log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0666);
}

int
logfile_open(struct logfile_writer *w, int dir, const char *job, int attempt, struct error *e)
{
	AUTO_BYTES base = { 0 };
	AUTO_FREE char *log = NULL;

	*w = (struct logfile_writer){ .dir = dir, .fd = -1, .index = -1 };
	logfile_stem(&base, job, attempt);
	w->name = bytes_give(&base);
	log = file_name(w, "log");
	w->fd = kernel.open(dir, log, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, 0666);
	if (w->fd < 0 && errno == EEXIST)
		w->fd = open_again(w, log);
	if (w->fd >= 0)
		return 0;
	error_sys(e, "create %s", log);
	free(w->name);
	w->name = NULL;
	return -1;
}

static void
add_record(struct logfile_writer *w, uint64_t offset, int64_t time, uint32_t stream, uint32_t flags)
{
	struct logfile_record r = { htole64(offset), (int64_t)htole64((uint64_t)time),
		htole32(stream), htole32(flags) };

	bytes_add(&w->pending, &r, sizeof(r));
}

/* After a failed write: the whole records that arrived are there, the others stay pending. */
static void
keep_whole_records(struct logfile_writer *w)
{
	struct stat st;
	int64_t whole;

	if (fstat(w->index, &st) < 0)
		return;
	whole = st.st_size - st.st_size % (off_t)RECORD_SIZE;
	if (whole < st.st_size && ftruncate(w->index, whole) < 0)
		return;
	bytes_drop(&w->pending, (size_t)(whole - w->index_size));
	w->index_size = whole;
}

/* Room for what is pending and as much again, the end record among it. Best effort. */
static void
reserve(struct logfile_writer *w)
{
	int64_t wanted = w->index_size + (int64_t)w->pending.len + INDEX_BATCH;

	if (wanted > w->reserved &&
	    fallocate(w->index, FALLOC_FL_KEEP_SIZE, 0, wanted + INDEX_BATCH) == 0)
		w->reserved = wanted + INDEX_BATCH;
}

static int
index_write(struct logfile_writer *w, struct error *e)
{
	if (w->pending.len == 0)
		return 0;
	if (w->reserved > 0)
		reserve(w);
	if (kernel_write_all(w->index, w->pending.data, w->pending.len) < 0) {
		error_sys(e, "write %s.idx", w->name);
		keep_whole_records(w);
		return -1;
	}
	w->index_size += (int64_t)w->pending.len;
	w->pending.len = 0;
	w->indexed = w->last;
	return 0;
}

/* Cuts what a killed writer left of a record, and the end record. */
static int
reopen_index(struct logfile_writer *w)
{
	struct logfile_record r = { 0 };
	struct stat st;
	int64_t size;

	if (fstat(w->index, &st) < 0)
		return -1;
	size = st.st_size - st.st_size % (off_t)RECORD_SIZE;
	if (size > 0 && kernel.pread(w->index, &r, sizeof(r), size - (off_t)RECORD_SIZE) !=
	    (ssize_t)RECORD_SIZE)
		return -1;
	if (size > 0 && le32toh(r.stream) == LOGFILE_END)
		size -= (int64_t)RECORD_SIZE;
	if (size < st.st_size && ftruncate(w->index, size) < 0)
		return -1;
	w->index_size = size;
	return 0;
}

int
logfile_adopt(struct logfile_writer *w, int fd, int index, const char *name, struct error *e)
{
	struct stat st;

	/* chunks: as of a log that has its index file */
	*w = (struct logfile_writer){ .dir = -1, .fd = fd, .index = index, .name = xstrdup(name),
		.chunks = 2, .reserved = 1 };
	if (fstat(fd, &st) == 0 && reopen_index(w) == 0) {
		w->size = w->begun = st.st_size;
		if (w->index_size == 0)
			add_record(w, LOGFILE_MAGIC, 0, 0, 0);
		reserve(w);
		return 0;
	}
	error_sys(e, "index of %s", name);
	close(fd);
	close(index);
	free(w->name);
	*w = (struct logfile_writer){ .fd = -1, .index = -1 };
	return -1;
}

/* Makes the index file, with its header and the first chunk's record pending. */
static int
index_open(struct logfile_writer *w, struct error *e)
{
	AUTO_FREE char *name = file_name(w, "idx");

	w->index = kernel.open(w->dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0666);
	if (w->index < 0)
		return error_sys(e, "create %s", name);
	add_record(w, LOGFILE_MAGIC, 0, 0, 0);
	if (w->chunks > 0)
		add_record(w, w->start.offset, w->start.time, w->start.stream, 0);
	return 0;
}

/* Notes the chunk that begins at the log's present end. */
static int
index_chunk(struct logfile_writer *w, uint32_t stream, struct error *e)
{
	struct logfile_record r = { (uint64_t)w->size, w->last, stream, 0 };
	bool fresh = w->chunks == 1;

	if (w->chunks == 0)
		w->start = r;
	else if (fresh && index_open(w, e) < 0)
		return -1;
	w->chunks++;
	w->stream = stream;
	if (w->chunks == 1)
		return 0;
	add_record(w, r.offset, r.time, r.stream, 0);
	if (!fresh && w->pending.len < INDEX_BATCH && w->last - w->indexed < SECOND)
		return 0;
	return index_write(w, e);
}

/* A log that somebody waits to see on the disk is on its way there before its end: the disk works while we
 * do. Small pieces would make many requests of it. */
static void
write_back(struct logfile_writer *w)
{
	if (w->reserved == 0 || w->size - w->begun < WRITE_BACK)
		return;
	(void)kernel.write_back(w->fd, w->begun, w->size - w->begun);
	w->begun = w->size;
}

/* Stores bytes; what was written of them counts, also when the rest could not be. */
static int
store(struct logfile_writer *w, const char *p, size_t n, struct error *e)
{
	while (n > 0) {
		ssize_t done = kernel.write(w->fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			error_sys(e, "write %s.log", w->name);
			w->cap = w->size > 0 ? w->size : CAP_CLOSED;
			w->dropped += (int64_t)n;
			return -1;
		}
		p += done;
		n -= (size_t)done;
		w->size += done;
	}
	write_back(w);
	return 0;
}

int
logfile_write(struct logfile_writer *w, const void *p, size_t n, uint32_t stream,
    struct error *e)
{
	return n == 0 ? 0 : logfile_write_at(w, kernel.wall(), p, n, stream, e);
}

int
logfile_write_at(struct logfile_writer *w, int64_t time, const void *p, size_t n, uint32_t stream,
    struct error *e)
{
	size_t keep = n;

	if (n == 0)
		return 0;
	w->last = time;
	if (w->first == 0)
		w->first = w->last;
	if (w->cap != 0) {
		int64_t room = w->cap > w->size ? w->cap - w->size : 0;

		if ((uint64_t)room < keep)
			keep = (size_t)room;
		w->dropped += (int64_t)(n - keep);
	}
	if (keep == 0)
		return 0;
	/* the index first: a reader never meets bytes of another stream or time under the old record */
	if (index_chunk(w, stream, e) < 0) {
		(void)store(w, p, keep, NULL);
		return -1;
	}
	return store(w, p, keep, e);
}

static struct mask_stream *
held_of(struct logfile_writer *w, uint32_t stream)
{
	return &w->held[stream == 2 ? 1 : 0];
}

/* What may be stored now of bytes that came. */
static struct span
let_through(struct logfile_writer *w, const void *p, size_t n, uint32_t stream)
{
	if (mask_empty(w->mask))
		return (struct span){ p, n };
	return mask_feed(w->mask, held_of(w, stream), p, n);
}

static int
store_and_copy(struct logfile_writer *w, struct span out, uint32_t stream, int copy, struct error *e)
{
	if (logfile_write(w, out.p, out.n, stream, e) < 0)
		return -1;
	if (copy >= 0 && out.n > 0 && kernel_write_all(copy, out.p, out.n) < 0)
		return error_sys(e, "write the output of %s", w->name);
	return 0;
}

static int
store_rest(struct logfile_writer *w, uint32_t stream, int copy, struct error *e)
{
	if (mask_empty(w->mask))
		return 0;
	return store_and_copy(w, mask_flush(w->mask, held_of(w, stream)), stream, copy, e);
}

int
logfile_rest(struct logfile_writer *w, struct error *e)
{
	/* the stream that is not stderr's alone is called as its last chunk was */
	int first = store_rest(w, w->stream == 2 ? 1 : w->stream, -1, e);

	return store_rest(w, 2, -1, e) < 0 ? -1 : first;
}

static char *
read_buffer(void)
{
	static _Thread_local char *buffer;

	if (buffer == NULL) {
		buffer = xmalloc(READ_SIZE);
		thread_on_end(free, buffer);
	}
	return buffer;
}

/* A writer that filled the pipe runs ahead of us: it gets more room, where the system grants it. A
 * read of more than PIPE_SMALL says that there is more room already. */
static void
widen(int pipe, size_t got)
{
	if (got != PIPE_SMALL)
		return;
	if (fcntl(pipe, F_GETPIPE_SZ) < PIPE_WIDE)
		fcntl(pipe, F_SETPIPE_SZ, PIPE_WIDE);
}

enum logfile_result
logfile_drain(struct logfile_writer *w, int pipe, uint32_t stream, int64_t budget, int copy,
    struct error *e)
{
	char *buffer = read_buffer();
	int64_t left = budget > 0 ? budget : INT64_MAX;

	while (left > 0) {
		size_t want = left < READ_SIZE ? (size_t)left : READ_SIZE;
		ssize_t got = kernel.read(pipe, buffer, want);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return LOGFILE_MORE;
		if (got == 0 || (got < 0 && errno == EIO))
			return store_rest(w, stream, copy, e) < 0 ? LOGFILE_ERROR : LOGFILE_EOF;
		if (got < 0) {
			error_sys(e, "read the output of %s", w->name);
			return LOGFILE_ERROR;
		}
		left -= got;
		widen(pipe, (size_t)got);
		if (store_and_copy(w, let_through(w, buffer, (size_t)got, stream), stream, copy, e) < 0)
			return LOGFILE_ERROR;
	}
	return LOGFILE_MORE;
}

static void
let_go(struct logfile_writer *w)
{
	memory_close(&w->index);
	memory_close(&w->fd);
	w->index = w->fd = -1;
	free(w->name);
	w->name = NULL;
	bytes_free(&w->pending);
}

int
logfile_flush(struct logfile_writer *w, struct error *e)
{
	return w->index < 0 ? 0 : index_write(w, e);
}

void
logfile_leave(struct logfile_writer *w)
{
	(void)logfile_flush(w, NULL);
	let_go(w);
}

int
logfile_end(struct logfile_writer *w, struct error *e)
{
	add_record(w, (uint64_t)w->size, w->last, LOGFILE_END, w->dropped > 0 ? LOGFILE_TRUNCATED : 0);
	if (index_write(w, e) == 0)
		return 0;
	/* what was not written stays pending, and the end was the last of it */
	w->pending.len -= RECORD_SIZE;
	return -1;
}

int
logfile_close(struct logfile_writer *w, struct error *e)
{
	int result = w->fd >= 0 ? logfile_rest(w, e) : 0;

	if (w->index < 0 && w->dropped > 0 && index_open(w, e) < 0)
		result = -1;
	if (w->index >= 0 && logfile_end(w, e) < 0)
		result = -1;
	let_go(w);
	return result;
}
