#include "progress.h"

#include <stdio.h>
#include <unistd.h>

#include "duration.h"
#include "kernel.h"
#include "terminal.h"

#define AFTER SECOND
#define EVERY (100 * MILLISECOND)

void
progress_begin(struct progress *p, const char *verb, bool quiet)
{
	*p = (struct progress){ .verb = verb, .began = kernel.now() };
	p->off = quiet || !terminal_moves(STDERR_FILENO);
}

void
progress_show(struct progress *p, int64_t files, int64_t bytes, int64_t total)
{
	int64_t now;
	int width = 20, done = total <= 0 ? 0 : (int)(bytes >= total ? width : bytes * width / total);

	if (p->off)
		return;
	now = kernel.now();
	if (now - p->began < AFTER || now - p->last < EVERY)
		return;
	p->last = now;
	p->shown = true;
	if (total > 0)
		fprintf(stderr, "\r\x1b[K%s [%.*s%*s] %lld files, %lld of %lld MB", p->verb, done,
		    "####################", width - done, "", (long long)files, (long long)(bytes >> 20),
		    (long long)(total >> 20));
	else
		fprintf(stderr, "\r\x1b[K%s %lld files, %lld MB", p->verb, (long long)files,
		    (long long)(bytes >> 20));
}

void
progress_end(struct progress *p)
{
	if (p->shown)
		fputs("\r\x1b[K", stderr);
}
