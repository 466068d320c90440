/* view: a build as people watch it: the live tree on a terminal, its last picture anywhere
 * else. Takes events in, draws when asked; owns no descriptor but that of the logs, and no
 * clock. */
#ifndef MCI_VIEW_H
#define MCI_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "ending.h"
#include "fold.h"
#include "picture.h"
#include "screen.h"
#include "tails.h"

struct shown {
	bool listed;      /* in begun */
	struct tail tail;
};

struct view {
	struct screen screen;
	struct picture picture;
	struct fold fold;
	struct shown *shown;  /* by a job's place in fold */
	size_t nshown;
	size_t *begun;        /* places of the jobs that have begun and are not history, in that order */
	size_t nbegun, size;
	bool compact;         /* more jobs than rows: what is done goes up into history */
	struct ending_logs logs; /* FOLDER/logs; or those of a server, of which only the end shows some */
	int64_t tailed;       /* when last lines were read */
};

/* remote: what is shown is a build of a server. */
void view_open(struct view *v, int fd, bool remote);
/* Forgets the build that was shown: the next event is another's. */
void view_restart(struct view *v);
void view_event(struct view *v, const struct message *m);
/* Draws what changed. 0, or -1 and errno when the terminal cannot be written. */
int view_draw(struct view *v);
/* Whether time alone changes the picture. */
bool view_moves(const struct view *v);
/* The last picture: all jobs, the tails of failed ones, the summary. */
int view_end(struct view *v);
void view_free(struct view *v);

#endif
