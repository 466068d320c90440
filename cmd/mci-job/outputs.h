/* outputs: the NAME=VALUE lines that a job appends to the file $MCI_OUTPUT; a value of several lines stands
 * between NAME<<WORD and a line WORD. */
#ifndef JOB_OUTPUTS_H
#define JOB_OUTPUTS_H

#include "bytes.h"
#include "error.h"
#include "mask.h"

/* All outputs of a job together: they travel in one event. */
#define OUTPUTS_LIMIT (64 * 1024)

/*
 * Reads and removes the file, masks it, and appends one JSON object of names and texts (a later line for
 * the same name wins). 1, 0 when the job made no file or wrote nothing, -1 with an error: too long
 * (ERROR_LIMIT), not a regular file, or a line that is none of these or holds a NUL byte, and then the
 * other lines are in the object.
 */
int outputs_take(const char *path, struct mask *mask, struct bytes *json, struct error *e);

#endif
