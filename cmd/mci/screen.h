/* screen: a live area at the lower end of a terminal, redrawn in place with one write a frame. Lines that
 * are done go above it and become the terminal's history. The cursor rests below the area. */
#ifndef MCI_SCREEN_H
#define MCI_SCREEN_H

#include <stdbool.h>

#include "bytes.h"

struct screen {
	int fd;
	bool moves;         /* the cursor can be moved; else only above is ever printed */
	int columns, rows;  /* what may be used: one less than there is, so that nothing wraps or scrolls */
	int drawn;          /* lines of the live area on the terminal */
	bool torn;          /* the terminal was resized: what is on it may have wrapped */
	struct bytes live;  /* the area as it was drawn last */
};

void screen_open(struct screen *s, int fd);
/* Asks for the size again. */
void screen_resize(struct screen *s);
/* Something else has written to the terminal: what was drawn stays where it is. */
void screen_leave(struct screen *s);
/* Whether this process may draw: another job of the shell may own the terminal. */
bool screen_ours(const struct screen *s);
/* Prints the lines above once and draws live below them; nothing is written when nothing changed.
 * 0, or -1 and errno. */
int screen_show(struct screen *s, struct span above, struct span live);
void screen_free(struct screen *s);

#endif
