/*
 * display: shows what jobs print, line by line with the job's name in front, where their logs are not
 * kept or --progress plain asks for it. It reads the log behind its writer.
 */
#ifndef JOB_DISPLAY_H
#define JOB_DISPLAY_H

#include <stdbool.h>

#include "bytes.h"
#include "line.h"

struct display {
	int fd;              /* the log, for reading; -1: nothing is shown */
	struct bytes *into;  /* the report's, or NULL: standard error */
	bool terminal;       /* it goes to a terminal, which is to obey nothing of it but colour */
	const char *name;    /* of the job, borrowed */
	struct line_reader lines;
};

/* Takes fd over. */
void display_open(struct display *d, int fd, const char *name, struct bytes *into);
/* Shows the lines that the log has got meanwhile. */
void display_update(struct display *d);
/* Shows the rest, also without a newline. */
void display_close(struct display *d);

#endif
