#include <stdio.h>

#include "door.h"
#include "fold.h"
#include "picture.h"
#include "place.h"
#include "scan.h"
#include "table.h"
#include "verbs.h"

struct options {
	const char *address;
	bool json;
};

static const struct option options[] = {
	{ .letter = 'a', .name = "address", .value = "ADDRESS",
	  .help = "the build; that of this job by default", .kind = OPTION_TEXT,
	  .offset = offsetof(struct options, address) },
	{ .name = "json", .help = "one JSON object a line", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, json) },
};

static int
print_row(struct table *t, struct span job, struct error *e)
{
	static const char *const keys[] = { "status", "id", "reason" };

	for (size_t i = 0; i < 3; i++) {
		AUTO_BYTES text = { 0 };
		struct span cell;
		int status;

		if (door_member(&text, job, keys[i], e) < 0)
			return -1;
		cell = (struct span){ text.data, text.len };
		status = i == 0 ? status_parse(cell) : -1;
		table_cell(t, cell, status < 0 ? NULL : picture_color((enum status)status));
	}
	return 0;
}

static int
print_jobs(struct span jobs, bool json, struct error *e)
{
	static const char *const headings[] = { "STATUS", "JOB", "REASON" };
	struct scan s;
	struct scan_member m;
	struct table t = { 0 };
	int got;

	if (scan_open(&s, jobs.p, jobs.n, e) < 0)
		return -1;
	if (!json)
		table_open(&t, headings, 3);
	while ((got = scan_next(&s, &m, e)) > 0) {
		if (json)
			printf("%.*s\n", (int)m.value.raw.n, m.value.raw.p);
		else if (print_row(&t, m.value.raw, e) < 0)
			got = -1;
		if (got < 0)
			break;
	}
	if (!json)
		table_close(&t);
	return got;
}

static int
run(void *arg, int argc, char **argv)
{
	const struct options *o = arg;
	AUTO_BYTES result = { 0 };
	AUTO_BYTES jobs = { 0 };
	struct error e;

	(void)argc;
	(void)argv;
	if (door_call(o->address, "job/list", (struct span){ "{}", 2 }, &result, &e) < 0 ||
	    door_member(&jobs, (struct span){ result.data, result.len }, "jobs", &e) < 0 ||
	    print_jobs((struct span){ jobs.data, jobs.len }, o->json, &e) < 0)
		return place_complain(&e);
	return 0;
}

const struct command jobs_command = {
	.program = "mci",
	.verb = "jobs",
	.summary = "in a job: list the jobs of the build",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.run = run,
	.size = sizeof(struct options),
};
