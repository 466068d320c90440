/*
 * entry: what is saved of one file, as a line of a manifest. The first line says what the manifest is of:
 *	{"mci-blob":"tree","version":1,"paths":["usr/include"]}
 * and then, each folder before what is in it, names in the order of their bytes:
 *	{"path":"a","type":"folder","mode":"755","mtime":NANOSECONDS}
 *	{"path":"a/f","type":"file","mode":"644","mtime":N,"size":N,"chunks":["HEX",4096,"HEX"]}
 *	{"more":["HEX",...]}				further chunks of the file above
 *	{"path":"a/g","type":"link","target":"a/f"}	the same file once more: a hard link
 *	{"path":"a/s","type":"symlink","mtime":N,"target":"f"}
 * A number among the chunks is a hole: so many bytes that are zero and not on the disk. A path or target
 * that is no UTF-8 is "path64" or "target64", in base64. Files and folders may have "attributes",
 * {"user.NAME":"BASE64"}.
 */
#ifndef MCI_BLOB_ENTRY_H
#define MCI_BLOB_ENTRY_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "digest.h"
#include "error.h"

enum entry_kind {
	ENTRY_FILE,
	ENTRY_FOLDER,
	ENTRY_SYMLINK,
	ENTRY_LINK,
	ENTRY_HEAD, /* the first line */
	ENTRY_MORE, /* chunks of the file before */
};

/* A part of a file. */
struct entry_piece {
	struct digest digest;
	int64_t hole; /* bytes of zero; 0: it is a chunk */
};

#define ENTRY_PIECES 256 /* in a line */
#define ENTRY_PATH 4096  /* PATH_MAX of Linux */

struct entry {
	enum entry_kind kind;
	struct bytes path, target; /* each with a NUL behind it that is not counted */
	unsigned mode;             /* of 07777; setuid and the like too, which nobody restores */
	int64_t mtime, size;
	struct bytes attributes;   /* JSON, empty: none */
	struct entry_piece *pieces;
	size_t npieces, room;
};

void entry_free(struct entry *x);
/* Empty, with the room that it has. */
void entry_clear(struct entry *x);
void entry_add_piece(struct entry *x, const struct entry_piece *piece);
void entry_write_head(struct bytes *into, const char *const *paths, size_t n);
/* All its lines. */
void entry_write(struct bytes *into, const struct entry *x);
/* Adds one extended attribute. */
void entry_add_attribute(struct entry *x, const char *name, const void *value, size_t n);
/* Calls each with every attribute. 0, or -1 when they are malformed or each said so. */
int entry_attributes(struct span attributes, int (*each)(void *arg, const char *name,
    struct span value), void *arg,
    struct error *e);
/* Reads one line, in place of what was in x. Checks it: a path stays below where it is restored. 0 or -1. */
int entry_read(struct entry *x, struct span line, struct error *e);
/* Whether a path is relative, has no empty part and no "." or "..", and is not too long. */
int entry_check_path(struct span path, struct error *e);
/* The order of a manifest: a folder, what is in it, what comes behind it. */
int entry_order(const char *a, const char *b);

#endif
