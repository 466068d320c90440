/* interactive: the terminal of a person at that of one job (mci shell). */
#ifndef JOB_INTERACTIVE_H
#define JOB_INTERACTIVE_H

#include <stdbool.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "error.h"
#include "loop.h"

struct interactive {
	struct loop *loop;
	int terminal;        /* standard input's; -1 */
	int pty;             /* borrowed: our end of the job's */
	struct termios was;
	struct winsize size;
	bool raw;
};

/* What is typed goes to the pty from now on. 0 or -1: standard input is no terminal. */
int interactive_begin(struct interactive *t, struct loop *loop, int pty, struct error *e);
/* Shows what the job has written; false when there will be no more. */
bool interactive_show(struct interactive *t);
/* The terminal is as it was before. */
void interactive_end(struct interactive *t);

#endif
