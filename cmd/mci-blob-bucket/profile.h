/*
 * profile: one profile of the files that the tools of AWS share (AWS SDKs and Tools Reference Guide,
 * "Shared config and credentials files"): sections [NAME], in the one called config [profile NAME] and
 * [services NAME], lines KEY = VALUE, and below a key with no value further ones that are indented.
 */
#ifndef MCI_BLOB_BUCKET_PROFILE_H
#define MCI_BLOB_BUCKET_PROFILE_H

#include <stdbool.h>

#include "bytes.h"
#include "error.h"

/* The bytes that a file may have. */
#define PROFILE_LIMIT (1024 * 1024)

/* Texts are the profile's own; NULL: not said. */
struct profile {
	char *id, *secret, *token;
	char *region, *endpoint, *s3_endpoint, *services, *ca, *attempts;
	bool found; /* there is such a section */
};

/*
 * Takes what the text says of the profile and what is not known yet; config: the text is of the file called
 * so. 0, or -1 with an error that begins with name and the line, and holds nothing of a value.
 */
int profile_read(struct profile *p, const char *profile, struct span text, bool config, const char *name,
    struct error *e);
void profile_free(struct profile *p);

#endif
