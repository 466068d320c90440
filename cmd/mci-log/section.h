/* section: the sections of one log, from annotations or from other systems' markers, and the log
 * with those that have ended folded to a line. A section ends where its end is noted or the next
 * one begins. */
#ifndef MCI_LOG_SECTION_H
#define MCI_LOG_SECTION_H

#include "build.h"
#include "error.h"
#include "marker.h"
#include "view.h"

/* What a build's events say of a log's sections is noted as they are read: of a struct build's annotated. */
void section_take(void *arg, const struct build_note *n);
/* Shows a log, each of its sections that has ended folded to a heading with its lines and time; they are
 * those that were noted, or with a style those of markers in the log, which is read twice then. 0 or -1. */
int section_show(const struct view *v, struct source *s, enum marker_style style, struct error *e);
/* What was noted of the build's logs. */
void section_forget(const struct build *b);

#endif
