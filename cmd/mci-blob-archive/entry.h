/*
 * entry: the stream that stands between an archive and a store, NDJSON with bytes behind its lines. Each
 * entry is a line, and what a file holds follows in pieces; what no piece covers is zero:
 *
 *	{"path":"a/b","type":"file","mode":"644","mtime":1700000000123456789,"size":7}
 *	{"at":0,"data":7}	and 7 bytes
 *	{"path":"a/c","type":"symlink","target":"b"}
 *	{"type":"eof"}
 *
 * Types are file, folder, symlink, and link: another name of a file that came before. A path is relative,
 * has no empty, "." or ".." component, and no slash at its end. A text that is not UTF-8 is in "path64",
 * "target64". mtime is in nanoseconds since 1970. "attributes" is an object of names and values in base64.
 */
#ifndef MCI_BLOB_ARCHIVE_ENTRY_H
#define MCI_BLOB_ARCHIVE_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"

enum entry_kind { ENTRY_FILE, ENTRY_FOLDER, ENTRY_SYMLINK, ENTRY_LINK };

/* The longest path and target (PATH_MAX), and what the extended attributes of one entry may take together.
 */
#define ENTRY_PATH 4095
#define ENTRY_XATTRS (64 * 1024)

struct entry_xattr {
	char *name;
	char *value;
	size_t n;
};

/* Texts are its own. */
struct entry {
	char *path;
	char *target; /* of a link or symbolic link */
	enum entry_kind kind;
	uint32_t mode;
	int64_t mtime;
	int64_t size; /* of a file */
	struct entry_xattr *xattrs;
	size_t nxattrs;
};

/* What a line is. */
enum entry_line { ENTRY_BAD = -1, ENTRY_ENTRY, ENTRY_PIECE, ENTRY_EOF };

struct entry_piece {
	int64_t at, n;
};

/* Reads a line; of an entry into *x, which is freed first. ENTRY_BAD with an error. */
enum entry_line entry_read(struct entry *x, struct entry_piece *piece, struct span line, struct error *e);
/* Append lines. */
void entry_write(struct bytes *into, const struct entry *x);
void entry_write_piece(struct bytes *into, int64_t at, size_t n);
void entry_write_eof(struct bytes *into);
void entry_add_xattr(struct entry *x, const char *name, const void *value, size_t n);
void entry_free(struct entry *x);
/* "file", "folder"... */
const char *entry_kind_name(enum entry_kind kind);

#endif
