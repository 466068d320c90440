/* put: what mci-log put was asked to do. */
#ifndef MCI_LOG_PUT_H
#define MCI_LOG_PUT_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "logname.h"

struct put {
	struct logname name;
	const char *address; /* of a server, or NULL */
	int64_t cap;         /* bytes to store at most, 0: no bound */
	bool resume;         /* go on with what is there */
	bool drop;           /* go on reading when the disk is full */
	bool quiet;
};

/* Whoever writes to standard input gets a broken pipe from now on, while what was read is seen to. */
void put_stop_reading(void);
/* The parameters of a call about the log, open for more members. */
void put_params(struct bytes *into, const struct put *p);

#endif
