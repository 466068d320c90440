/* The store of large files: the service "blob". */
#include "contractrows.h"

/* Whose a name is, and who asks. */
#define BLOB_ASKER \
	{ "scope", CONTRACT_TEXT, false, "trusted, which sees nothing of strangers, or stranger; trusted" }, \
	{ "within", CONTRACT_TEXT, false, "ORG or ORG/REPO: their names alone, and what those stand on" }, \
	{ "session", CONTRACT_TEXT, false, "32 hex digits of the client's making: what it has begun " \
	    "goes on over its next connection, when that comes within a minute" }, \
	{ "resumed", CONTRACT_BOOL, false, "it was answered in that session before: refused when that " \
	    "is over" }

/* What a name stands for. */
#define BLOB_FOUND \
	{ "name", CONTRACT_TEXT, true, "the whole of it, as artifact/ORG/REPO/N/JOB/ID" }, \
	{ "digest", CONTRACT_TEXT, true, "SHA-256 of its manifest, in hex" }, \
	{ "bytes", CONTRACT_INTEGER, true, "of the files in it" }, \
	{ "files", CONTRACT_INTEGER, true, "how many there are" }, \
	{ "scope", CONTRACT_TEXT, true, "trusted or stranger" }, \
	{ "build", CONTRACT_TEXT, false, "which wrote it, as ORG/REPO/N" }, \
	{ "run", CONTRACT_INTEGER, false, "of that build, from 1" }, \
	{ "created", CONTRACT_TEXT, true, "when it was committed" }, \
	{ "used", CONTRACT_TEXT, false, "when it was last found" }

static const struct contract_field blob_saved[] = {
	{ "name", CONTRACT_TEXT, true, "under which it is found" },
	{ "digest", CONTRACT_TEXT, true, "SHA-256 of its manifest, in hex" },
	{ "bytes", CONTRACT_INTEGER, true, "of the files in it" },
	{ "files", CONTRACT_INTEGER, true, "how many there are" },
	{ "scope", CONTRACT_TEXT, true, "trusted or stranger" },
};

static const struct contract_field blob_restored[] = {
	{ "name", CONTRACT_TEXT, true, "which was found" },
	{ "digest", CONTRACT_TEXT, true, "SHA-256 of its manifest, in hex" },
	{ "scope", CONTRACT_TEXT, true, "trusted or stranger: of who asked" },
};

static const struct contract_field blob_removed[] = {
	{ "name", CONTRACT_TEXT, true, "which is gone" },
	{ "reason", CONTRACT_TEXT, true, "asked, quota or age" },
	{ "scope", CONTRACT_TEXT, true, "trusted or stranger" },
};

static const struct contract_event events[] = {
	{ "blob/saved", "mci-blob", "a name was committed", ROWS(blob_saved) },
	{ "blob/restored", "mci-blob", "a name was found for who restores it", ROWS(blob_restored) },
	{ "blob/removed", "mci-blob", "a name was removed", ROWS(blob_removed) },
};

static const struct contract_field blob_put[] = {
	{ "pack", CONTRACT_TEXT, true, "SHA-256 of the whole pack, in hex" },
	{ "offset", CONTRACT_INTEGER, false, "of the first byte in it; 0" },
	{ "size", CONTRACT_INTEGER, true, "length of the whole pack" },
	BLOB_ASKER,
	{ "data", CONTRACT_DATA, true, "the bytes, behind the line; at most 4194304" },
};

static const struct contract_field blob_stored[] = {
	{ "offset", CONTRACT_INTEGER, true, "what is stored of the pack: send from here on" },
};

static const struct contract_field blob_commit[] = {
	{ "name", CONTRACT_TEXT, true, "under which it will be found" },
	{ "digest", CONTRACT_TEXT, true, "SHA-256 of the manifest, in hex, whose objects are all stored" },
	{ "bytes", CONTRACT_INTEGER, true, "of the files in it" },
	{ "files", CONTRACT_INTEGER, true, "how many there are" },
	BLOB_ASKER,
	{ "build", CONTRACT_TEXT, false, "which writes it, as ORG/REPO/N" },
	{ "run", CONTRACT_INTEGER, false, "of that build; a newer one has its names for itself" },
};

static const struct contract_field blob_locate[] = {
	{ "digests", CONTRACT_TEXTS, true, "SHA-256 of objects, in hex; at most 4096" },
	BLOB_ASKER,
	{ "usable", CONTRACT_BOOL, false, "only those that a new name may stand on" },
};

static const struct contract_field blob_located[] = {
	{ "places", CONTRACT_ARRAY, true,
	    "of each, in their order: null, or an array of its pack, the pack's "
	    "scope, where its frame begins in there, bytes of the frame and of what it holds, where the "
	    "object begins in what it holds, and its bytes" },
	{ "whole", CONTRACT_BOOL, false, "frames are read one at a time, and may come with another length: "
	    "of who asks within" },
};

static const struct contract_field blob_open[] = {
	{ "pack", CONTRACT_TEXT, true, "SHA-256 of the pack, in hex" },
	BLOB_ASKER,
};

static const struct contract_field blob_opened[] = {
	{ "fds", CONTRACT_INTEGER, true, "1: the pack, to be read" },
};

static const struct contract_field blob_read[] = {
	{ "pack", CONTRACT_TEXT, true, "SHA-256 of the pack, in hex" },
	BLOB_ASKER,
	{ "offset", CONTRACT_INTEGER, true, "of the first byte that is wanted" },
	{ "length", CONTRACT_INTEGER, true, "how many are, at most 4194304" },
};

static const struct contract_field blob_bytes[] = {
	{ "data", CONTRACT_DATA, true, "the bytes, behind the line; fewer at the pack's end" },
};

static const struct contract_field blob_find[] = {
	{ "names", CONTRACT_TEXTS, true, "the first is looked for as it is, those behind it as beginnings "
	    "of a name: the newest one is found" },
	BLOB_ASKER,
};

static const struct contract_field blob_found[] = {
	BLOB_FOUND,
	{ "hit", CONTRACT_BOOL, true, "it is the first of names" },
};

static const struct contract_field blob_list[] = {
	{ "prefix", CONTRACT_TEXT, false, "only names that begin so" },
	BLOB_ASKER,
	{ "after", CONTRACT_TEXT, false, "go on behind this name" },
	{ "limit", CONTRACT_INTEGER, false, "at most so many, 1 to 1000; 100" },
};

static const struct contract_field blob_listed[] = {
	{ "names", CONTRACT_ARRAY, true, "objects with name, digest, bytes, files, scope, build, run, "
	    "created and used" },
	{ "more", CONTRACT_BOOL, true, "whether others follow: go on after the last" },
	{ "damaged", CONTRACT_ARRAY, false, "with the first page: what is wrong with names "
	    "that cannot be read" },
};

static const struct contract_field blob_remove[] = {
	{ "name", CONTRACT_TEXT, true, "the whole of it" },
	BLOB_ASKER,
};

static const struct contract_field blob_leave[] = { BLOB_ASKER };

static const struct contract_field blob_status[] = {
	{ "names", CONTRACT_INTEGER, true, "how many there are" },
	{ "objects", CONTRACT_INTEGER, true, "how many are stored" },
	{ "bytes", CONTRACT_INTEGER, true, "that the store takes" },
	{ "hits", CONTRACT_INTEGER, true, "names that were found since the start" },
	{ "misses", CONTRACT_INTEGER, true, "names that were not" },
	{ "cache-hits", CONTRACT_INTEGER, true, "caches that were found since the start, by any of their "
	    "names" },
	{ "cache-misses", CONTRACT_INTEGER, true, "caches that were not" },
	{ "result-hits", CONTRACT_INTEGER, true, "results of jobs that were found since the start" },
	{ "result-misses", CONTRACT_INTEGER, true, "results that were not" },
};

static const struct contract_method methods[] = {
	{ "blob/put", "stores a piece of a pack of objects, the last one when it is on the disk",
	    ROWS(blob_put), ROWS(blob_stored), "refused,busy,limit,system", true, false },
	{ "blob/commit", "lets a name stand for a manifest, when that is on the disk", ROWS(blob_commit),
	    NONE, "not-found,refused,fenced,busy,system", true, false },
	{ "blob/locate", "where objects are; who asks is in a session from then on, in which nothing "
	    "goes that "
	    "it may need", ROWS(blob_locate), ROWS(blob_located), "limit,busy,system,disconnected",
	    true, false },
	{ "blob/open", "a pack, on links that carry descriptors", ROWS(blob_open), ROWS(blob_opened),
	    "not-found,refused,busy,system", true, false },
	{ "blob/read", "bytes of a pack, on any link", ROWS(blob_read), ROWS(blob_bytes),
	    "not-found,refused,limit,busy,system", true, false },
	{ "blob/find", "the first of some names that is there", ROWS(blob_find), ROWS(blob_found),
	    "not-found,busy,system", true, false },
	{ "blob/list", "the names, a page at a time", ROWS(blob_list), ROWS(blob_listed),
	    "busy,system", true, false },
	{ "blob/remove", "removes a name; what nothing else stands on goes later", ROWS(blob_remove),
	    NONE, "not-found,busy,system", true, false },
	{ "blob/leave", "ends a session: what it referred to may go", ROWS(blob_leave), NONE, "",
	    true, false },
	{ "blob/status", "what the service does now", NONE, ROWS(blob_status), "", true, false },
};

const struct contract_service contract_blob = {
	.name = "blob",
	EVENTS(events),
	METHODS(methods),
};
