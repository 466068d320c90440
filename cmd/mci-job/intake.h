/* intake: reads specs and requests from standard input, as long as there is room for more specs. */
#ifndef JOB_INTAKE_H
#define JOB_INTAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "line.h"
#include "loop.h"
#include "message.h"
#include "nametable.h"
#include "spec.h"

struct intake {
	struct loop *loop;
	int fd;
	bool polled;   /* the loop says when there is something; else it is a file and there always is */
	bool watching;
	bool ended;    /* end of input, or nothing more is wanted */
	struct line_reader lines;
	struct bytes names;    /* of the attempts that came, ID@ATTEMPT, each with a NUL behind it */
	struct nametable seen; /* where in there they are */

	bool (*room)(void *arg);
	void (*spec)(void *arg, struct spec *s); /* the callee owns what s holds */
	void (*request)(void *arg, const struct message *m);
	/* A line that cannot be used; nothing more is read. error_name is of the contract's table. */
	void (*bad)(void *arg, uint64_t line, const char *error_name, const struct error *e);
	void *arg;
};

/* Callbacks and arg are set by the caller before. */
void intake_open(struct intake *in, struct loop *loop);
/* Hands lines out while there is room; call it again when there is room again. */
void intake_pump(struct intake *in);
/* Nothing more is read. */
void intake_stop(struct intake *in);
void intake_close(struct intake *in);

/* Reads one line as a spec: 1; 0 for a request (in m); -1 with an error. */
int intake_read(struct span line, struct spec *s, struct message *m, const char **error_name,
    struct error *e);

/* Not one byte came: what a pipe gives whose first half could not be started. */
void intake_nothing(struct error *e);

#endif
