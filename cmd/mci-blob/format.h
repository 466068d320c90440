/*
 * format: how a store keeps what it is given. Numbers are little endian.
 *
 * Content is cut into chunks: a file of at most FORMAT_WHOLE bytes is one, a larger one is cut where its
 * bytes say so (chunker.h). A chunk's name is the SHA-256 of its bytes. Chunks that are met one after the
 * other lie together in a frame, which is compressed as one (zstd, RFC 8878); frames lie in packs:
 *
 *	"mciblob1"			8 bytes
 *	frames				one behind the other
 *	entries				a struct format_entry for each chunk, sorted by digest
 *	struct format_foot
 *
 * A pack is the object packs/HEX, HEX being the SHA-256 of all its bytes: nothing in it ever changes. What
 * is in a store is what the entries of its packs say.
 *
 * An index, the object index/HEX, holds the entries of many packs, so that not all are opened: it is made
 * from them, may be missing or old, and what it says of packs that are not there counts for nothing:
 *
 *	struct format_index
 *	digests of packs		32 bytes each
 *	entries				sorted by digest, then pack, to its end
 *
 * A saved tree is a manifest: NDJSON, an object a line (entry.h), cut into chunks as a file is. Its root is a
 * chunk that lists them, NDJSON too; the root's digest is what is called the manifest's digest:
 *
 *	{"manifest":1,"files":N,"bytes":N}
 *	{"chunk":"HEX","size":N}	one for each chunk of the manifest, in order
 *
 * The object names/NAME= says what root NAME stands for (record.h). Each component of a name is written as
 * in a URL. "condemned" lists packs that are going to be removed (gc.c).
 *
 * What trusted builds write is at the top of a store; what strangers write is the same once more below
 * "stranger/". Strangers read both, and write into theirs alone; who is trusted knows of nothing in there.
 */
#ifndef MCI_BLOB_FORMAT_H
#define MCI_BLOB_FORMAT_H

#include <stdint.h>

#include "digest.h"

#define FORMAT_PACK_MAGIC "mciblob1"
#define FORMAT_FOOT_MAGIC "mcipack1"
#define FORMAT_INDEX_MAGIC "mciindx1"
#define FORMAT_MAGIC 8

/* Files up to here are one chunk; larger chunks than FORMAT_CHUNK are none. */
#define FORMAT_WHOLE (512 * 1024)
#define FORMAT_CHUNK (2 * 1024 * 1024)
/* Raw bytes at which a frame of several chunks is full; a chunk that is larger has one of its own. */
#define FORMAT_FRAME (512 * 1024)
/* The most that a frame may hold, raw and packed, as whoever reads believes it. */
#define FORMAT_FRAME_LIMIT (4 * 1024 * 1024)
/* Bytes at which a pack is full: it may be longer by a frame and its entries. */
#define FORMAT_PACK (64 * 1024 * 1024)
/* Entries at which a pack is full: whoever writes one holds them. */
#define FORMAT_PACK_ENTRIES 65536

struct format_entry {
	struct digest digest; /* of the chunk */
	uint64_t at;          /* where its frame begins in the pack */
	uint32_t packed, raw; /* bytes of the frame, and of what it holds */
	uint32_t from, size;  /* the chunk in what it holds */
	uint32_t pack;        /* which one, in the index's list; 0 in a pack */
	uint32_t zero;
};

struct format_foot {
	uint64_t entries; /* where they begin in the pack */
	uint32_t n;
	uint32_t zero;
	char magic[FORMAT_MAGIC];
};

struct format_index {
	char magic[FORMAT_MAGIC];
	uint32_t packs;
	uint32_t zero;
};

_Static_assert(sizeof(struct format_entry) == 64 && sizeof(struct format_foot) == 24 &&
    sizeof(struct format_index) == 16, "what is on the disk has no holes");

#endif
