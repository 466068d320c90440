/*
 * logpack: a finished log in compressed form, NAME.log.zst, of which any byte and any line is
 * reached without reading from the start. It takes the place of NAME.log; the index NAME.idx, whose
 * offsets are those of the raw bytes, stays as it is.
 *
 * The file is a row of frames of the zstd format (RFC 8878), so that zstdcat(1) prints the log:
 *	one frame for each LOGPACK_FRAME raw bytes, the last one shorter, each with its checksum
 *	a skippable frame, the map: "mcilzm01", raw bytes a frame (4), 0 (4), then for each frame, and
 *	for the end, where it begins in this file (8) and how many newlines are in front of it (8);
 *	little endian
 *	a skippable frame, the seek table of zstd's seekable format 0.1.0, for the tools that know it
 *
 * The bytes that readers hold are those of the thread, however many logs are open: 8 frames, 1 MiB.
 */
#ifndef MCI_LOGPACK_H
#define MCI_LOGPACK_H

#include <stdint.h>
#include <sys/types.h>

#include "bytes.h"
#include "error.h"

#define LOGPACK_SUFFIX ".zst"
/* One block of zstd, decoded in a tenth of a millisecond; frames of 1 MiB save 4 % in size. */
#define LOGPACK_FRAME (128 * 1024)

/* What is in the file, for those who write it and read it. */
#define LOGPACK_MAGIC UINT64_C(0x31306d7a6c69636d) /* "mcilzm01" */
#define LOGPACK_SKIPPABLE 0x184d2a5eU /* the frame magic that the seekable format takes; ours too */
#define LOGPACK_SEEKABLE 0x8f92eab1U
struct logpack_head {
	uint32_t skippable, length; /* the frame's magic and the bytes behind these two */
	uint64_t magic;
	uint32_t frame, zero;
} __attribute__((packed));
struct logpack_mark {
	uint64_t packed;   /* offset in the file */
	uint64_t newlines; /* in front of the frame's first byte */
};
struct logpack_seek {
	uint32_t packed, raw; /* bytes of one frame */
};
struct logpack_foot {
	uint32_t frames; /* rows of the seek table: the log's frames and the map */
	uint8_t descriptor;
	uint32_t seekable;
} __attribute__((packed));

/* A compressed log that is read. */
struct logpack {
	int fd;
	char *name;        /* for messages */
	int64_t size;      /* of the log, in raw bytes */
	uint64_t newlines; /* in it */
	uint64_t frames;
	int64_t frame;     /* raw bytes of each but the last */
	int64_t marks;     /* where the map's marks are in the file */
};

/* Opens NAME.log.zst, name, in the folder dir. 0, or -1 (ERROR_NOT_FOUND when it is not there,
 * ERROR_INPUT when it is damaged: the error names file and byte). */
int logpack_open(struct logpack *p, int dir, const char *name, struct error *e);
/* Bytes of the log's frames, which the file begins with. */
int64_t logpack_packed(const struct logpack *p);
/* The raw bytes at offset `at`, to the end of their frame; n is 0 at the log's end. Borrowed until
 * the next call of the room. 0 or -1. */
int logpack_piece(struct logpack *p, int64_t at, struct span *piece, struct error *e);
/* Like pread(2), of the raw bytes; short only at the log's end. -1 with an error. */
ssize_t logpack_read(struct logpack *p, void *into, size_t n, int64_t at, struct error *e);
/* The start of the frame that holds the byte at offset `at` (of the last one for what is behind the
 * end), and the newlines in front of it. 0 or -1. */
int logpack_before_byte(struct logpack *p, int64_t at, int64_t *start, uint64_t *newlines,
    struct error *e);
/* The same for the frame that holds the count-th newline, from 1. */
int logpack_before_newline(struct logpack *p, uint64_t count, int64_t *start, uint64_t *newlines,
    struct error *e);
/* A logpack that was never opened may be closed when it is zeroed but for fd -1. */
void logpack_close(struct logpack *p);

#endif
