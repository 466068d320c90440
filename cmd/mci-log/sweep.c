#include "sweep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive.h"
#include "logdir.h"
#include "duration.h"
#include "emit.h"
#include "folder.h"
#include "kernel.h"
#include "layout.h"
#include "logcompress.h"
#include "logfile.h"
#include "memory.h"
#include "names.h"
#include "state.h"
#include "verbs.h"

struct options {
	const char *dir;
	struct sweep_rules rules;
};

static const struct option options[] = {
	{ .name = "dir", .value = "DIR", .help = "the folder of the logs",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, dir) },
	SWEEP_OPTIONS(struct options, rules),
};

struct sweep {
	const struct sweep_rules *rules;
	struct logdir logdir;
	const char *archive; /* the folder, or NULL */
	int64_t now;
	int failures;
};

/* One build of a repo, the newest first. */
struct kept {
	char *name;       /* "ORG/REPO/N" */
	int64_t modified; /* when its newest log was written last */
	int64_t size;
	bool running;
	struct sweep *sweep;
};

bool
sweep_wanted(const struct sweep_rules *r)
{
	return r->archive != NULL || r->compress_after > 0 || r->keep_age > 0 || r->keep_count > 0 ||
	    r->keep_size > 0;
}

static void
complain(struct sweep *s, const char *what, struct error *e)
{
	error_before(e, "%s: ", what);
	option_complain(PROGRAM, e);
	s->failures++;
}

static int64_t
modified(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? 0 : st.st_mtim.tv_sec * SECOND + st.st_mtim.tv_nsec;
}

static int64_t
space(const struct logdir_files *f)
{
	struct stat log, index;

	if (fstat(f->packed ? f->pack.fd : f->log, &log) < 0 || fstat(f->index, &index) < 0)
		return 0;
	return log.st_size + index.st_size;
}

/* Compresses a log that ended long enough ago, moves it on. */
static void
put_away(struct sweep *s, const struct logname *n, const struct logdir_files *f)
{
	const struct sweep_rules *r = s->rules;
	AUTO_FREE char *folder = layout_folder(n);
	AUTO_CLOSE int dir = kernel.open(s->logdir.dir, folder, O_RDONLY | O_DIRECTORY, 0);
	AUTO_BYTES name = { 0 };
	struct error e;

	/* what is in the archive already is not here */
	logfile_name(&name, n->job == NULL ? "script" : n->job, n->job == NULL ? n->run : n->attempt, "log");
	if (dir < 0 || s->now - modified(f->index) < r->compress_after)
		return;
	if (r->compress_after > 0 && !f->packed &&
	    logcompress(dir, bytes_string(&name), NULL, NULL, &e) < 0 && e.code != ERROR_NOT_FOUND) {
		complain(s, n->build, &e);
		return;
	}
	if (s->archive != NULL && archive_move(dir, s->archive, folder, bytes_string(&name), &e) < 0)
		complain(s, n->build, &e);
}

static void
look_at(void *arg, struct logname *n)
{
	struct kept *k = arg;
	struct logdir_files f;
	struct logdir_state state;
	int64_t when;

	if (logdir_read(&k->sweep->logdir, n, &f, NULL) == 0) {
		when = modified(f.index);
		k->modified = when > k->modified ? when : k->modified;
		k->size += space(&f);
		if (logdir_look(&f, &state, NULL) == 0 && state.written)
			k->running = true;
		logdir_files_close(&f);
	}
	logname_free(n);
}

static void
tidy_one(void *arg, struct logname *n)
{
	struct kept *k = arg;
	struct logdir_files f;
	struct logdir_state state;

	if (logdir_read(&k->sweep->logdir, n, &f, NULL) == 0) {
		if (logdir_look(&f, &state, NULL) == 0 && state.ended && !state.written)
			put_away(k->sweep, n, &f);
		logdir_files_close(&f);
	}
	logname_free(n);
}

static void
remove_one(void *arg, struct logname *n)
{
	struct kept *k = arg;
	struct error e;

	if (logdir_remove(&k->sweep->logdir, n, &e) < 0)
		complain(k->sweep, k->name, &e);
	logname_free(n);
}

/* Folders go when nothing else is in them. */
static void
remove_folders(const char *build, int root)
{
	AUTO_CLOSE int folder = root < 0 ? -1 : kernel.open(root, build, O_RDONLY | O_DIRECTORY, 0);
	size_t n;
	AUTO_FREE int *runs = layout_runs(folder, -1, true, &n);

	for (size_t i = 0; i < n; i++) {
		AUTO_BYTES logs = { 0 };

		logfile_folder(&logs, runs[i]);
		(void)names_remove_folder(folder, bytes_string(&logs), NULL);
	}
	if (folder >= 0)
		(void)names_remove_folder(root, build, NULL);
}

static void
remove_build(struct sweep *s, struct kept *k)
{
	AUTO_BYTES line = { 0 };
	struct error e;

	if (logdir_list(&s->logdir, k->name, 0, remove_one, k, &e) < 0) {
		complain(s, k->name, &e);
		return;
	}
	remove_folders(k->name, s->logdir.dir);
	remove_folders(k->name, s->logdir.archive);
	emit_event(&line, "log/removed");
	emit_text(&line, "build", k->name);
	emit_line(&line);
	fwrite(line.data, 1, line.len, stdout);
	fflush(stdout);
}

/* Whether the build falls out of what is kept; before: how many newer ones there are; size: of them and it,
 * the removed ones included, so that there are no holes in what stays. */
static bool
too_much(const struct sweep *s, const struct kept *k, int64_t before, int64_t size)
{
	const struct sweep_rules *r = s->rules;

	if (k->running)
		return false;
	return (r->keep_age > 0 && s->now - k->modified > r->keep_age) ||
	    (r->keep_count > 0 && before >= r->keep_count) ||
	    (r->keep_size > 0 && size > r->keep_size);
}

/* A local build that runs holds a lock on its folder. */
static bool
runs(const struct sweep *s, const char *name)
{
	AUTO_FREE char *path = xformat("%s/%s", s->logdir.path, name);
	struct state_build b = { .path = path };

	return state_build_running(&b);
}

static void
sweep_repo(struct sweep *s, const char *repo)
{
	size_t n;
	AUTO_FREE long *numbers = logdir_numbers(&s->logdir, repo, &n);
	int64_t size = 0;

	for (size_t i = 0; i < n; i++) {
		AUTO_FREE char *name = xformat("%s/%ld", repo, numbers[i]);
		struct kept k = { .name = name, .sweep = s, .running = runs(s, name) };
		struct error e;

		if (logdir_list(&s->logdir, name, 0, look_at, &k, &e) < 0)
			continue;
		size += k.size;
		if (too_much(s, &k, (int64_t)i, size)) {
			remove_build(s, &k);
			continue;
		}
		if ((s->rules->compress_after > 0 || s->archive != NULL) && !k.running &&
		    logdir_list(&s->logdir, name, 0, tidy_one, &k, &e) < 0)
			complain(s, name, &e);
	}
}

/* Calls each for every folder below that is no number and not hidden. */
static void
each_folder(struct sweep *s, int root, const char *parent,
    void (*each)(struct sweep *s, const char *path))
{
	int fd = kernel.open(root, parent, O_RDONLY | O_DIRECTORY, 0);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		AUTO_FREE char *path = strcmp(parent, ".") == 0 ? xstrdup(entry->d_name) :
		    xformat("%s/%s", parent, entry->d_name);

		if (entry->d_name[0] != '.')
			each(s, path);
	}
	if (dir != NULL)
		closedir(dir);
}

static void
sweep_org(struct sweep *s, const char *org)
{
	each_folder(s, s->logdir.dir, org, sweep_repo);
}

static int
run(void *arg, int argc, char **argv)
{
	struct options *o = arg;
	struct sweep s = { .rules = &o->rules, .now = kernel.wall() };
	AUTO_FREE char *state = NULL;
	AUTO_FREE char *logs = NULL;
	struct error e;

	(void)argc;
	(void)argv;
	if (o->dir == NULL && (state = folder_state(&e)) != NULL)
		o->dir = logs = xformat("%s/logs", state);
	if (o->dir == NULL || archive_folder(o->rules.archive, &s.archive, &e) < 0 ||
	    logdir_open(&s.logdir, o->dir, false, false, &e) < 0 ||
	    (s.archive != NULL && logdir_archive(&s.logdir, s.archive, &e) < 0)) {
		option_complain(PROGRAM, &e);
		return error_status(&e);
	}
	each_folder(&s, s.logdir.dir, ".", sweep_org);
	logdir_close(&s.logdir);
	return s.failures == 0 ? 0 : 125;
}

const struct command log_sweep_command = {
	.program = PROGRAM, .verb = "sweep", .summary = "compress, move on and remove finished logs",
	.options = options, .noptions = sizeof(options) / sizeof(options[0]), .run = run,
	.size = sizeof(struct options),
};
