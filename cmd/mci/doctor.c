#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bytes.h"
#include "emit.h"
#include "folder.h"
#include "memory.h"
#include "place.h"
#include "process.h"
#include "table.h"
#include "verbs.h"

#define GIGABYTE 1000000000

struct options {
	bool json;
};

static const struct option options[] = {
	{ .name = "json", .help = "one JSON object a line", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, json) },
};

/* What was found of one thing. */
struct finding {
	bool good;
	char *text; /* what it is, or what to do */
};

/* Programs that mci runs, and what is not done without. */
static const struct program {
	const char *name, *package; /* as Debian calls it */
	const char *use;
	bool needed;
} programs[] = {
	{ "sh", "dash", "every job", true },
	{ "git", "git", "checkouts, and when: path", true },
	{ "ssh", "openssh-client", "repositories and agents on other machines", false },
	{ "git-lfs", "git-lfs", "large files of repositories", false },
	{ "grep", "grep", "mci log grep", true },
	{ "jq", "jq", "reading events and --json in scripts", false },
	{ "less", "less", "paging logs", false },
};

static struct finding
look_for(const struct program *p)
{
	const char *path = getenv("PATH");
	char *found = process_find(p->name, path == NULL ? "" : path);

	if (found != NULL)
		return (struct finding){ true, found };
	return (struct finding){ false, xformat("not on the PATH: apt install %s", p->package) };
}

/* ---- the machine */

static struct finding
kernel_version(void)
{
	struct utsname u;
	int major = 0, minor = 0;

	uname(&u);
	sscanf(u.release, "%d.%d", &major, &minor);
	if (major > 5 || (major == 5 && minor >= 10))
		return (struct finding){ true, xstrdup(u.release) };
	return (struct finding){ false, xformat("%s: 5.10 or newer is needed", u.release) };
}

static struct finding
descriptors(void)
{
	struct rlimit r = { 0 };

	getrlimit(RLIMIT_NOFILE, &r);
	if (r.rlim_max >= 4096)
		return (struct finding){ true, xformat("%llu", (unsigned long long)r.rlim_max) };
	return (struct finding){ false, xformat("%llu at most: raise ulimit -Hn to 4096 or more",
	    (unsigned long long)r.rlim_max) };
}

/* The folder itself may not be there yet. */
static struct finding
room(void)
{
	struct error e;
	AUTO_FREE char *folder = folder_state(&e);
	struct statvfs s;
	uint64_t bytes;

	if (folder == NULL)
		return (struct finding){ false, xstrdup(e.text) };
	for (char *end; statvfs(folder, &s) < 0 && (end = strrchr(folder, '/')) != NULL && end > folder;)
		*end = '\0';
	bytes = (uint64_t)s.f_bavail * s.f_frsize;
	return (struct finding){ bytes > GIGABYTE, xformat("%.1f GB free in %s%s", (double)bytes / GIGABYTE,
	    folder, bytes > GIGABYTE ? "" : ": builds and their logs need more") };
}

static struct finding
sockets(void)
{
	struct error e;
	char *folder = folder_sockets(&e);

	return folder != NULL ? (struct finding){ true, folder } :
	    (struct finding){ false, xformat("%s: set XDG_RUNTIME_DIR to a folder of yours", e.text) };
}

static struct finding
zone(void)
{
	bool utf8 = false;

	for (size_t i = 0; i < 3 && !utf8; i++) {
		const char *text = getenv(((const char *const[]){ "LC_ALL", "LC_CTYPE", "LANG" })[i]);

		if (text != NULL && *text != '\0') {
			utf8 = strcasestr(text, "utf-8") != NULL || strcasestr(text, "utf8") != NULL;
			break;
		}
	}
	return utf8 ? (struct finding){ true, xstrdup("UTF-8") } :
	    (struct finding){ false, xstrdup("not UTF-8: export LC_ALL=C.UTF-8") };
}

static const struct thing {
	const char *name, *use;
	bool needed;
	struct finding (*look)(void);
} things[] = {
	{ "kernel", "everything", true, kernel_version },
	{ "descriptors", "many builds and followers at once", false, descriptors },
	{ "disk", "builds and their logs", true, room },
	{ "sockets", "every build and the server", true, sockets },
	{ "locale", "names that are not ASCII", false, zone },
};

/* ---- what is said */

struct report {
	const struct options *options;
	struct table table;
	bool lacks; /* something that is needed */
};

static void
report(struct report *r, const char *name, const char *use, bool needed, struct finding f)
{
	const char *verdict = f.good ? "ok" : needed ? "missing" : "optional";

	r->lacks = r->lacks || (needed && !f.good);
	if (r->options->json) {
		AUTO_BYTES line = { 0 };

		emit_open(&line);
		emit_text(&line, "name", name);
		emit_text(&line, "found", verdict);
		emit_text(&line, "text", f.text);
		emit_text(&line, "for", use);
		emit_line(&line);
		fwrite(line.data, 1, line.len, stdout);
	} else if (!option_common.quiet || (needed && !f.good)) {
		table_text(&r->table, verdict, f.good ? "32" : needed ? "31" : "33");
		table_text(&r->table, name, NULL);
		table_text(&r->table, f.text, NULL);
		table_text(&r->table, use, NULL);
	}
	free(f.text);
}

static int
run(void *arg, int argc, char **argv)
{
	static const char *const headings[] = { "", "WHAT", "FOUND", "FOR" };
	struct report r = { .options = arg };

	(void)argc;
	(void)argv;
	table_open(&r.table, headings, 4);
	for (size_t i = 0; i < sizeof(things) / sizeof(things[0]); i++)
		report(&r, things[i].name, things[i].use, things[i].needed, things[i].look());
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		report(&r, programs[i].name, programs[i].use, programs[i].needed, look_for(&programs[i]));
	if (r.table.n == 0)
		r.table.terminal = false;
	table_close(&r.table);
	return r.lacks ? 1 : 0;
}

const struct command doctor_command = {
	.program = "mci",
	.verb = "doctor",
	.summary = "say what this machine lacks, and for what",
	.also = "check diagnose",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.run = run,
	.size = sizeof(struct options),
};
