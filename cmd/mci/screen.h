/* screen: a live area at the lower end of a terminal, redrawn in place with one write a frame.
 * Lines that are done go above it and become the terminal's history. The cursor rests below the
 * area. While there is one the terminal does not show what is typed, which would push the area
 * up and leave its rows behind. */
#ifndef MCI_SCREEN_H
#define MCI_SCREEN_H

#include <stdbool.h>
#include <termios.h>

#include "bytes.h"

struct screen {
	int fd;
	bool moves;         /* the cursor can be moved; else only above is ever printed */
	int columns, rows;  /* what may be used: one less than there is, so that nothing wraps or scrolls */
	int drawn;          /* lines of the live area on the terminal */
	bool torn;          /* the terminal was resized: what is on it may have wrapped */
	struct bytes live;  /* the area as it was drawn last */
	bool hushed;        /* the terminal's echo was turned off, and was: */
	tcflag_t echo;
};

void screen_open(struct screen *s, int fd);
/* Asks for the size again. */
void screen_resize(struct screen *s);
/* Something else is to write to the terminal, or does: what was drawn stays where it is, and
 * the echo is as it was. For whoever is about to be stopped or killed. */
void screen_leave(struct screen *s);
/* Whether this process may draw: another job of the shell may own the terminal. */
bool screen_ours(const struct screen *s);
/* Prints the lines above once and draws live below them; nothing is written when nothing changed.
 * 0, or -1 and errno. */
int screen_show(struct screen *s, struct span above, struct span live);
void screen_free(struct screen *s);

#endif
