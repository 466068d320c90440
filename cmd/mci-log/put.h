/* put: what mci-log put was asked to do. */
#ifndef MCI_LOG_PUT_H
#define MCI_LOG_PUT_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "logfile.h"
#include "logname.h"

struct put {
	struct logname name;
	const char *address; /* of a server, or NULL */
	int64_t cap;         /* bytes to store at most, 0: no bound */
	bool resume;         /* go on with what is there */
	bool drop;           /* go on reading when the disk is full */
	bool quiet;
};

/* Moves what standard input has into the log, at most budget bytes (0: until its end): LOGFILE_MORE,
 * LOGFILE_EOF, or LOGFILE_ERROR when it must not go on. */
enum logfile_result put_drain(const struct put *p, struct logfile_writer *w, int64_t budget,
    struct error *e);
/* The parameters of a call about the log, open for more members. */
void put_params(struct bytes *into, const struct put *p);

#endif
