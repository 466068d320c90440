/* picture: how a build and its jobs look as lines of text: marks, columns, colours, summary. */
#ifndef MCI_PICTURE_H
#define MCI_PICTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "fold.h"

struct picture {
	bool color, utf8;
	int columns;   /* a line takes at most this many; 0 no bound */
	int id_width;  /* of the column of names */
	int64_t now;   /* wall clock: what runs has run since then */
};

/* What fd can show: colour as --color says, shapes as the locale's character set. */
void picture_open(struct picture *p, int fd);
/* The column of names becomes wide enough for that of this job, within reason. */
void picture_widen(struct picture *p, const struct fold_job *j);

/* SGR sequences, left out without colour. "" ends. */
void picture_paint(struct bytes *b, const struct picture *p, const char *sgr);
/* The SGR parameters of a status. */
const char *picture_color(enum status s);
/* Why a job ended as it did: "exit 2", "SIGKILL", "timeout"; nothing for plain success. */
void picture_reason(struct bytes *b, const struct fold_job *j);
/* A job's line with its newline; output is the last line it printed. */
void picture_job(struct bytes *b, const struct picture *p, const struct fold_job *j,
    struct span output, const char *build);
/* The line below the jobs of a build that runs: "12s  3 ok, 2 running". */
void picture_status(struct bytes *b, const struct picture *p, const struct fold *f);
/* The build's last line: "failure: 3 ok, 1 failed in 12s". */
void picture_summary(struct bytes *b, const struct picture *p, const struct fold *f);

#endif
