/* The worker that keeps objects in a bucket: the service "bucket". */
#include "contractrows.h"

#define NAMED { "name", CONTRACT_TEXT, true, "of the object, below the prefix" }

static const struct contract_field object_put[] = {
	NAMED,
	{ "sha256", CONTRACT_TEXT, false, "what its bytes have to have, in hexadecimal" },
	{ "replace", CONTRACT_BOOL, false, "in place of another one of that name; else one with other bytes "
	    "is refused" },
	{ "from", CONTRACT_INTEGER, false, "where its bytes begin in the file; 0" },
	{ "length", CONTRACT_INTEGER, false, "how many they are; to the end of the file" },
	{ "data", CONTRACT_DATA, false, "its bytes, behind the line" },
	{ "fds", CONTRACT_FDS, false, "1: a file with them, in place of data" },
};

static const struct contract_field object_there[] = {
	{ "name", CONTRACT_TEXT, true, "as it was asked" },
	{ "size", CONTRACT_INTEGER, true, "in bytes" },
	{ "sha256", CONTRACT_TEXT, false, "of its bytes, where that is known" },
	{ "etag", CONTRACT_TEXT, false, "what the bucket calls this version" },
	{ "modified", CONTRACT_TEXT, false, "when it was put, a time" },
	{ "there", CONTRACT_BOOL, false, "put: it had been put before" },
};

static const struct contract_field object_get[] = {
	NAMED,
	{ "from", CONTRACT_INTEGER, false, "its first byte that is wanted; 0" },
	{ "length", CONTRACT_INTEGER, false, "how many of them; to its end" },
	{ "sha256", CONTRACT_TEXT, false, "what the bytes that come have to have" },
	{ "fds", CONTRACT_FDS, true, "1: where they are written to, from its offset on" },
};

static const struct contract_field object_named[] = { NAMED };

static const struct contract_field object_list[] = {
	{ "prefix", CONTRACT_TEXT, false, "of the names; all" },
	{ "after", CONTRACT_TEXT, false, "the name behind which it begins" },
	{ "limit", CONTRACT_INTEGER, false, "at most so many, from 2 to 400; 400" },
};

static const struct contract_field object_listed[] = {
	{ "objects", CONTRACT_ARRAY, true, "by their names: name, size, etag and modified of each" },
	{ "more", CONTRACT_BOOL, true, "others stand behind the last one" },
};

static const struct contract_field object_sweep[] = {
	{ "age", CONTRACT_SECONDS, false, "only those that began so long ago; a day" },
};

static const struct contract_field object_swept[] = {
	{ "uploads", CONTRACT_INTEGER, true, "how many were taken back" },
};

static const struct contract_method methods[] = {
	{ "object/put", "puts an object; others see all of it or nothing", ROWS(object_put),
	    ROWS(object_there),
	    "invalid-params,refused,system,busy,disconnected,limit", true, false },
	{ "object/get", "writes an object, or a range of it, to a descriptor", ROWS(object_get),
	    ROWS(object_there), "invalid-params,not-found,refused,system,busy,disconnected,limit", true,
	    false },
	{ "object/stat", "says of an object what the bucket knows", ROWS(object_named), ROWS(object_there),
	    "invalid-params,not-found,refused,system,busy,disconnected", true, false },
	{ "object/list", "lists objects", ROWS(object_list), ROWS(object_listed),
	    "invalid-params,refused,system,busy,disconnected", true, false },
	{ "object/touch", "has an object be as one that was put now", ROWS(object_named), NONE,
	    "invalid-params,not-found,refused,system,busy,disconnected", true, false },
	{ "object/remove", "removes an object; one that is not there is fine", ROWS(object_named), NONE,
	    "invalid-params,refused,system,busy,disconnected", true, false },
	{ "object/sweep", "takes back uploads in parts that never ended", ROWS(object_sweep),
	    ROWS(object_swept),
	    "refused,system,busy,disconnected", true, false },
};

const struct contract_service contract_bucket = {
	.name = "bucket",
	METHODS(methods),
};
