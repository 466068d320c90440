/* section: the sections of one log, from annotations or from other systems' markers, and the log
 * with those that have ended folded to a line. A section ends where its end is noted or the next
 * one begins. */
#ifndef MCI_LOG_SECTION_H
#define MCI_LOG_SECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "marker.h"
#include "output.h"
#include "source.h"

struct section {
	char *name;
	int64_t from, to;     /* its bytes; to is -1 as long as it is open */
	int64_t began, ended; /* 0 when not known */
	bool unfolded;        /* whoever wrote it wants it shown */
};

struct section_list {
	struct section *all; /* in their order in the log */
	size_t n, size;
};

/* An annotation at that offset and time; what is no section is passed over. */
void section_note(struct section_list *l, struct span note, int64_t offset, int64_t time);
/* The sections that markers of that style make in a log, which is read to its end once. 0 or -1. */
int section_find(struct section_list *l, struct source *s, enum marker_style style,
    struct error *e);
/* Shows the log from s->at on, each ended section as a heading with its lines and time. 0 or -1. */
int section_show(const struct section_list *l, struct output *o, struct source *s, struct error *e);
void section_free(struct section_list *l);

#endif
