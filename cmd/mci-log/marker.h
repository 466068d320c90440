/*
 * marker: the lines with which logs of other systems mark sections and messages, as annotations
 * (mci-log(1) has their shape). They fold and say where to look; nothing else that such lines ask
 * for is done.
 */
#ifndef MCI_LOG_MARKER_H
#define MCI_LOG_MARKER_H

#include <stdbool.h>

#include "bytes.h"

/* A longer line marks nothing. */
#define MARKER_LIMIT 4096

enum marker_style {
	MARKER_NONE,
	MARKER_GITHUB,    /* ::group::, ::error file=F,line=N::TEXT; ##[group] in stored logs */
	MARKER_GITLAB,    /* section_start:TIME:NAME, section_end:TIME:NAME */
	MARKER_BUILDKITE, /* ---, +++, ~~~, ^^^ +++ */
};

struct marker {
	enum marker_style style;
	struct bytes open;   /* name of the section that the next one ends; empty when none is */
	struct bytes resume; /* MARKER_GITHUB: nothing is read before this line comes; empty: all is */
	struct bytes begun;  /* MARKER_GITLAB: a section that may have its heading in the next line */
};

/*
 * Appends the annotations that the line (without its newline) makes, each an object with a newline. What
 * other systems put in front of stored lines is passed over. Returns how many of the bytes are of
 * the line before, which was not done without this one.
 */
size_t marker_read(struct marker *m, struct span line, struct bytes *notes);
/* The log has ended: appends what is still to be said of its last line. */
void marker_end(struct marker *m, struct bytes *notes);
void marker_free(struct marker *m);

#endif
