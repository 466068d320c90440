/*
 * stamp: what other systems put in front of the lines of a log that they store or hand out, which is not what
 * the job printed.
 */
#ifndef MCI_LOG_STAMP_H
#define MCI_LOG_STAMP_H

#include <stdbool.h>

#include "bytes.h"

/*
 * The line without it. In any order that is in use: a byte order mark; job and step with a tab behind each
 * (gh run view --log); a time (RFC 3339, perhaps in brackets) and a blank, behind which a GitLab runner
 * writes two hexadecimal digits, O or E, and a blank; a time of Buildkite (ESC _bk;t=MILLISECONDS BEL).
 * continues is set when the line goes on with the one before, as a GitLab runner says with '+'.
 */
struct span stamp_skip(struct span line, bool *continues);
/* The text behind the escape sequences in front of it, such as colours. */
struct span stamp_uncolored(struct span text);
/* Appends the text without escape sequences (ECMA-48: CSI, OSC and the like) and control characters. */
void stamp_plain(struct bytes *into, struct span text);

#endif
