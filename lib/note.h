/* note: what a job's annotation says, for people. mci-log(1) has the shape of the objects. */
#ifndef MCI_NOTE_H
#define MCI_NOTE_H

#include <stdbool.h>

#include "bytes.h"

/* What kind the object is: "section", "error"...; "note" for one of no known kind. */
const char *note_kind(struct span note);
/* Appends what it says, on one line: "src/a.c:12: text". Not made safe. */
void note_text(struct bytes *into, struct span note);
/* A text member, decoded; false when it has none. */
bool note_member(struct span note, const char *key, struct bytes *text);

#endif
