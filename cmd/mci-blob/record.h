/*
 * record: what a name in a store stands for. The object names/NAME= is one line of JSON:
 *	{"name":"cache/local/zlib/k1","digest":"HEX","bytes":N,"files":N,"build":"local/zlib/7","run":1,
 *	"created":"2026-11-27T01:00:00.000Z"}
 * and behind it the SHA-256 of that line without its newline, in hex, and a newline.
 */
#ifndef MCI_BLOB_RECORD_H
#define MCI_BLOB_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "digest.h"
#include "error.h"

#define RECORD_NAME 512  /* bytes of a name, and of a build's name */
#define RECORD_LIMIT 8192

struct record {
	char *name;
	struct digest root;
	int64_t bytes, files;
	char *build;  /* NULL: none */
	int64_t run;  /* 0: none */
	int64_t created, used; /* nanoseconds since 1970 */
	bool stranger;
};

void record_free(struct record *r);
/* A name is 1 to RECORD_NAME bytes of components between slashes, none of them empty, "." or "..", and none
 * longer than 240 bytes as it is written in an object's name. 0, or -1 with ERROR_USAGE. */
int record_check_name(const char *name, struct error *e);
/* The object's name: below side "names/", escaped, with '=' behind it; whole false: without that, for a
 * prefix. The caller frees. */
char *record_object(const char *side, const char *name, bool whole);
/* The line and its sum. */
void record_write(struct bytes *into, const struct record *r);
/* object is for messages. used is not set. 0 or -1; r is empty then. */
int record_read(struct record *r, struct span text, const char *object, struct error *e);
/* A line of such members, as record_members writes them. 0 or -1; r is empty then. */
int record_parse(struct record *r, struct span line, struct error *e);
/* Its members behind an open '{', as the contract has them. */
void record_members(struct bytes *into, const struct record *r);
/* ORG/REPO of a name CLASS/ORG/REPO/..., or all of it when it has fewer parts. The caller frees. */
char *record_repository(const char *name);

#endif
