#include "notes.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "number.h"
#include "scan.h"

#define NOTE_LIMIT (64 * 1024) /* an annotation travels inside one event */
#define ENTRY_LIMIT 100000     /* more than spec allows */
#define READS 16               /* for all that a pipe can hold; who writes on meanwhile is cut off */

/* "1 0": the shell's line behind its first word. */
static bool
told(struct notes *n, const char *p, size_t length)
{
	const char *blank = memchr(p, ' ', length);
	int64_t index, status;

	if (blank == NULL ||
	    number_parse(p, (size_t)(blank - p), 1, ENTRY_LIMIT, &index, NULL) < 0 ||
	    number_parse(blank + 1, length - (size_t)(blank + 1 - p), 0, 255, &status, NULL) < 0)
		return false;
	n->command(n->arg, (size_t)index, (int)status);
	return true;
}

static void
take(struct notes *n, struct span line)
{
	const size_t word = strlen(NOTES_COMMAND);
	enum scan_type type;
	bool json;

	if (line.n == 0)
		return;
	if (line.n > word && memcmp(line.p, NOTES_COMMAND, word) == 0 &&
	    told(n, line.p + word, line.n - word))
		return;
	json = scan_check(line.p, line.n, &type, NULL) == 0 && type == SCAN_OBJECT &&
	    scan_carried(line, NULL) == 0;
	n->note(n->arg, line, json);
}

static void
lines_read(struct notes *n, int reads)
{
	enum line_result result;
	struct span line;

	for (int i = 0; i < reads && line_read(&n->lines, n->read) > 0; i++) {
		while ((result = line_next(&n->lines, &line)) != LINE_NONE)
			take(n, line);
	}
}

void
notes_drain(struct notes *n)
{
	lines_read(n, READS);
}

/* One read a round: short lines become events fifty times as long. */
static void
ready(void *arg, uint32_t events)
{
	(void)events;
	lines_read(arg, 1);
}

int
notes_open(struct notes *n, struct loop *loop, struct error *e)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_sys(e, "pipe");
	n->read = fds[0];
	n->write = fds[1];
	n->lines.limit = NOTE_LIMIT;
	fcntl(n->read, F_SETFL, O_NONBLOCK);
	return loop_watch(loop, n->read, EPOLLIN, ready, n, e);
}

void
notes_end(struct notes *n)
{
	uint64_t limit = n->lines.limit;

	notes_drain(n);
	if (line_rest(&n->lines).n > 0 || n->lines.skipping) {
		line_free(&n->lines);
		n->lines = (struct line_reader){ .limit = limit };
	}
}

void
notes_close(struct notes *n, struct loop *loop)
{
	loop_forget(loop, n->read);
	close(n->read);
	close(n->write);
	line_free(&n->lines);
}
