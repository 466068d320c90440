#include "inspect.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "folder.h"
#include "kernel.h"
#include "memory.h"
#include "number.h"

/* The first offset in a segment's name; 0 for other names. */
static uint64_t
first_of(const char *name)
{
	int64_t first;

	if (strlen(name) != 27 || strcmp(name + 20, ".ndjson") != 0)
		return 0;
	/* digits only: number_parse takes a sign */
	if (strspn(name, "0123456789") != 20 || number_parse(name, 20, 1, INT64_MAX, &first, NULL) < 0)
		return 0;
	return (uint64_t)first;
}

static int
ascending(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

int
inspect_each(int dir, int (*each)(void *arg, uint64_t first, struct error *e), void *arg,
    struct error *e)
{
	AUTO_FREE uint64_t *list = NULL;
	size_t n = 0;
	int again = kernel.open(dir, ".", O_RDONLY | O_DIRECTORY, 0), result = 0;
	DIR *d = again < 0 ? NULL : fdopendir(again);
	struct dirent *entry;

	if (d == NULL) {
		if (again >= 0)
			close(again);
		return error_sys(e, "read the folder");
	}
	while ((entry = readdir(d)) != NULL) {
		uint64_t first = first_of(entry->d_name);

		if (first == 0)
			continue;
		list = xrealloc(list, n + 1, sizeof(*list));
		list[n++] = first;
	}
	closedir(d);
	if (n > 0)
		qsort(list, n, sizeof(*list), ascending);
	for (size_t i = 0; i < n && result == 0; i++)
		result = each(arg, list[i], e);
	return result;
}

static int
note_newest(void *arg, uint64_t first, struct error *e)
{
	struct inspection *i = arg;

	(void)e;
	i->newest = first;
	return 0;
}

int
inspect_open(struct inspection *i, int dir, struct error *e)
{
	*i = (struct inspection){ .dir = dir, .clean = faccessat(dir, INSPECT_CLEAN, F_OK, 0) == 0,
		.running = folder_is_locked(dir) };
	return inspect_each(dir, note_newest, i, e);
}

int
inspect_use(struct inspection *i, struct segment *s, struct error *e)
{
	struct error why;

	if (segment_use(s, &why) == 0)
		return 1;
	if (why.sys != ENOENT || !i->running) {
		*e = why;
		return -1;
	}
	i->last = 0;
	return 0;
}

/* What a segment is worth that does not follow the one before it. Files are brought to the disk in
 * order: one that has a mark came after a whole one, which somebody has taken away since. */
static enum verdict
judge_gap(struct inspection *i, const struct segment *s, struct recovery *r)
{
	struct error why;

	if (s->first > i->last)
		error_set(&why, ERROR_INPUT, "the events from %" PRIu64 " to %" PRIu64 " are missing: a file "
		    "is not there any more, or its end", i->last + 1, s->first - 1);
	else
		error_set(&why, ERROR_INPUT, "offset %" PRIu64 " was expected", i->last + 1);
	r->why = why;
	r->bad_at = 0;
	r->bad_offset = i->last + 1;
	if (r->synced == 0 && !i->clean && !i->running)
		return VERDICT_BEHIND;
	i->last = r->last;
	return VERDICT_DAMAGED;
}

int
inspect_segment(struct inspection *i, const struct segment *s, struct recovery *r, struct error *e)
{
	uint64_t before = i->last;

	if (recover_check(s, r, e) < 0)
		return -1;
	if (before != 0 && s->first != before + 1)
		return (int)judge_gap(i, s, r);
	i->last = r->last;
	if (r->damaged)
		return VERDICT_DAMAGED;
	if (r->end == r->file_size || (i->running && s->first >= i->newest))
		return VERDICT_WHOLE;
	return i->clean || i->running ? VERDICT_DAMAGED : VERDICT_TORN;
}

bool
inspect_glance(struct inspection *i, struct segment *s, uint64_t next)
{
	bool marked;

	if (!segment_glance(s, &marked) || !marked || s->last != next - 1 ||
	    (i->last != 0 && s->first != i->last + 1))
		return false;
	i->last = s->last;
	return true;
}
