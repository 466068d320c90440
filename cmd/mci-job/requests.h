/* requests: the service "job", what can be asked of a running mci-job on its standard input. */
#ifndef JOB_REQUESTS_H
#define JOB_REQUESTS_H

#include "message.h"
#include "report.h"

struct requests {
	/* Ends the attempt of this job, or takes it off the queue; false when there is none. */
	bool (*cancel)(void *arg, const char *job);
	/* Masks a value from now on, and gives it to jobs that name it when name is not NULL. 0 or -1. */
	int (*mask)(void *arg, const char *name, struct span value, struct error *e);
	void *arg;
};

/* Carries one request out and puts its one reply into the report. */
void requests_answer(const struct requests *q, struct report *r, const struct message *m);

#endif
