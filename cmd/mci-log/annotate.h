/* annotate: what an annotation says, for people. mci-log(1) has the shape of the objects. */
#ifndef MCI_LOG_ANNOTATE_H
#define MCI_LOG_ANNOTATE_H

#include <stdbool.h>

#include "bytes.h"

/* Appends what it says, on one line: "src/a.c:12: text". Not made safe. */
void note_text(struct bytes *into, struct span note);
/* A text member, decoded; false when it has none. */
bool note_member(struct span note, const char *key, struct bytes *text);

#endif
