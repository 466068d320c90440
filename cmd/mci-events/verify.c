#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "inspect.h"
#include "kernel.h"
#include "memory.h"
#include "verbs.h"

struct reading {
	const char *folder;
	struct inspection inspection;
	bool damaged;
};

/* The first record of a segment that is bad is printed. What a crash left is none, and what its sidecar
 * lacks costs nothing but its proof: both are only told. */
static void
report(struct reading *v, const struct segment *s, const struct recovery *r, int verdict)
{
	AUTO_BYTES text = { 0 };

	bytes_format(&text, "%s/", v->folder);
	recover_say(&text, s, r);
	if (verdict == VERDICT_DAMAGED)
		printf("%s\n", bytes_string(&text));
	else
		fprintf(stderr, "mci-events: %s: the next start of the hub cuts it off\n",
		    bytes_string(&text));
	v->damaged |= verdict == VERDICT_DAMAGED;
}

static int
verify_one(void *arg, uint64_t first, struct error *e)
{
	struct reading *v = arg;
	struct segment *s = segment_new(v->inspection.dir, first);
	struct recovery r = { 0 };
	AUTO_BYTES name = { 0 };
	int verdict = inspect_use(&v->inspection, s, e);

	if (verdict > 0)
		verdict = inspect_segment(&v->inspection, s, &r, e);
	if (verdict > 0)
		report(v, s, &r, verdict);
	segment_name(&name, first, "sum");
	if (verdict >= 0 && r.broken > 0)
		fprintf(stderr, "mci-events: %s/%s: %" PRId64 " checksums cannot be read: their events "
		    "were checked as lines\n", v->folder, bytes_string(&name), r.broken);
	segment_free(s);
	return verdict < 0 ? -1 : 0;
}

static int
verify(struct reading *v, struct error *e)
{
	AUTO_CLOSE int dir = kernel.open(AT_FDCWD, v->folder, O_RDONLY | O_DIRECTORY, 0);
	int result;

	if (dir < 0)
		return error_sys(e, "open %s", v->folder);
	result = inspect_open(&v->inspection, dir, e);
	if (result == 0 && v->inspection.newest == 0)
		result = error_set(e, ERROR_NOT_FOUND, "there is no log");
	if (result == 0)
		result = inspect_each(dir, verify_one, v, e);
	return result < 0 ? error_before(e, "%s: ", v->folder) : v->damaged;
}

static int
run(void *arg, int argc, char **argv)
{
	struct error e;
	AUTO_FREE char *folder = serve_data(&hub_program, argc > 0 ? argv[0] : NULL, &e);
	struct reading v = { .folder = folder };
	int result = folder == NULL ? -1 : verify(&v, &e);

	(void)arg;
	return result < 0 ? option_fail("mci-events", &e) : result;
}

const struct command events_verify_command = {
	.program = "mci-events", .verb = "verify", .operands = "[DIR]",
	.summary = "check a hub's log, and name the first bad record", .max_operands = 1,
	.complete = "files", .run = run,
};
