/*
 * logfile: what one job attempt printed: the raw bytes in one file (NAME.log), byte for byte, and beside
 * it an index (NAME.idx) of fixed records, about one a read and none a line: offset, time, stream.
 * A local log that came in one chunk has no index; its time, length and end are in job/executed.
 * Every other index ends with an end record, so that ended and cut can be told apart. logindex.h reads it.
 */
#ifndef MCI_LOGFILE_H
#define MCI_LOGFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bytes.h"
#include "error.h"
#include "mask.h"

/* One record of the index, little endian, 24 bytes; the file starts with one whose offset is MAGIC. */
#define LOGFILE_MAGIC UINT64_C(0x3130786469696d63) /* "cmiidx01" */
struct logfile_record {
	uint64_t offset; /* of the chunk's first byte in the log; in the end record its length */
	int64_t time;    /* when the chunk was read, nanoseconds since 1970 */
	uint32_t stream; /* 0 not recorded, 1 stdout, 2 stderr; LOGFILE_END in the last record */
	uint32_t flags;  /* 0; LOGFILE_TRUNCATED in an end record when bytes were dropped */
};
#define LOGFILE_END 0xffffffffU
#define LOGFILE_TRUNCATED 1U

/* Appends a name inside a log folder: JOB, from the second attempt on JOB@2; */
void logfile_stem(struct bytes *into, const char *job, int attempt);
/* and with a suffix behind it, "log" or "idx": JOB.log. */
void logfile_name(struct bytes *into, const char *job, int attempt, const char *suffix);
/* Appends the name of that folder in the build's: logs, of the second run of a build on logs@2. What its
 * script wrote stands beside it, as attempt RUN of "script". */
void logfile_folder(struct bytes *into, int run);
/* The number in such a name (n bytes, without suffix): N of WORD@N, 1 of WORD, 0 of any other. */
int logfile_number(const char *name, size_t n, const char *word);

struct logfile_writer {
	int dir;          /* borrowed: descriptor of the log folder */
	int fd, index;    /* index is -1 until the second chunk */
	char *name;       /* JOB or JOB@N, without suffix */
	int64_t size;     /* bytes in the log */
	int64_t first, last; /* times of the first and the last chunk */
	unsigned chunks;
	uint32_t stream;  /* of the last chunk */
	struct logfile_record start; /* of the first chunk, until the index file is made */
	int64_t cap;      /* 0 none; bytes behind it are counted in dropped and not stored */
	int64_t dropped;
	struct bytes pending; /* index records not written yet */
	int64_t indexed;  /* time of the newest record that was written */
	int64_t index_size; /* bytes of the index file */
	struct mask *mask;  /* borrowed, set after opening; NULL: none */
	struct mask_stream held[2]; /* of stream 2, and of the others */
	int64_t reserved;   /* bytes for which it has room, when it was adopted */
	int64_t begun;      /* the same: how much of it is on its way to the disk */
};

/* Creates the log in the folder dir, emptying one of the same name and removing its index. */
int logfile_open(struct logfile_writer *w, int dir, const char *job, int attempt, struct error *e);

/*
 * Goes on with a log whose files somebody has opened for reading and appending, as log/open gives them: such
 * a log has its index from the first byte on. Takes both over. An end record is taken back. Room for the
 * next records is reserved ahead, so that the end can be told on a full disk. name is for messages. 0, or
 * -1 and both are closed.
 */
int logfile_adopt(struct logfile_writer *w, int fd, int index, const char *name, struct error *e);

enum logfile_result {
	LOGFILE_MORE,  /* the pipe is empty for now */
	LOGFILE_EOF,   /* all writers closed the pipe */
	LOGFILE_ERROR, /* the log, its index or copy could not be written; error says */
};
/*
 * Moves what the (non-blocking) pipe holds into the log, at most budget bytes in one call (0 is no
 * bound), with one index record a read. copy, unless -1, gets the same bytes (mci-job -- COMMAND). Reads
 * go through one buffer of the room, 256 KiB, shared by all writers of the thread; a pipe that was found
 * full is widened to 1 MiB (F_SETPIPE_SZ). The hung-up side of a pseudo-terminal is EOF too.
 *
 * After LOGFILE_ERROR for the log nothing more is stored, so that it has no gap: draining may go on and
 * what comes is counted in dropped.
 *
 * Index records are written when 4 KiB of them are pending, when the newest is a second younger than the
 * newest written, and at the end: the times that a live reader lacks are within a second of the last one
 * that it has.
 *
 * With a mask all sizes, offsets and times are those of what it lets through, and so is copy; each of two
 * streams is masked by itself.
 */
enum logfile_result logfile_drain(struct logfile_writer *w, int pipe, uint32_t stream, int64_t budget,
    int copy, struct error *e);
/* Appends bytes that are at hand as they are (mci-build's own notes in script.log). */
int logfile_write(struct logfile_writer *w, const void *p, size_t n, uint32_t stream,
    struct error *e);
/* The same for bytes that were printed at a time, nanoseconds since 1970. */
int logfile_write_at(struct logfile_writer *w, int64_t time, const void *p, size_t n, uint32_t stream,
    struct error *e);
/* Nothing more will be drained: stores what a mask holds back. 0 or -1. */
int logfile_rest(struct logfile_writer *w, struct error *e);
/* Does that; writes what is pending of the index and the end record, if there is an index (a log that lost
 * bytes gets one, to say so). The writer is closed whatever it returns. */
int logfile_close(struct logfile_writer *w, struct error *e);

/* Writes the end record, cut when bytes were dropped, and what is pending in front of it, of a log that has
 * an index. 0, or -1 and the log has no end: the call can be made again, and so can any other. */
int logfile_end(struct logfile_writer *w, struct error *e);
/* Writes what is pending of the index. 0 or -1. */
int logfile_flush(struct logfile_writer *w, struct error *e);
/* Writes what is pending and closes the files, without an end: somebody will go on with the log. */
void logfile_leave(struct logfile_writer *w);

#endif
