/* requests: the service "job", what can be asked of a running mci-job on its standard input. */
#ifndef JOB_REQUESTS_H
#define JOB_REQUESTS_H

#include "message.h"
#include "report.h"

struct requests {
	/* Ends the attempt of this job, or takes it off the queue; false when there is none. */
	bool (*cancel)(void *arg, const char *job);
	void *arg;
};

/* Carries one request out and puts its one reply into the report. */
void requests_answer(const struct requests *q, struct report *r, const struct message *m);

#endif
