#include "sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "logdir.h"
#include "children.h"
#include "duration.h"
#include "emit.h"
#include "folder.h"
#include "folders.h"
#include "kernel.h"
#include "link.h"
#include "logcompress.h"
#include "logfile.h"
#include "logpack.h"
#include "memory.h"
#include "names.h"
#include "pump.h"
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

static bool
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

/* All bytes, and the time of the original, which readers show. 0, or -1 and errno. */
static int
copy(int from, int to)
{
	struct timespec times[2];
	struct stat st;
	int64_t at = 0;

	if (fstat(from, &st) < 0 || pump_copy(from, &at, st.st_size, to) < 0)
		return -1;
	if (at < st.st_size) {
		errno = EIO;
		return -1;
	}
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	return futimens(to, times);
}

static int
move_file(int dir, int into, const char *name, struct error *e)
{
	AUTO_FREE char *part = xformat("%s.part", name);
	AUTO_CLOSE int from = kernel.open(dir, name, O_RDONLY, 0);
	AUTO_CLOSE int to = -1;

	if (from < 0)
		return errno == ENOENT ? 0 : error_sys(e, "open %s", name);
	to = kernel.open(into, part, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (to < 0 || copy(from, to) < 0)
		return error_sys(e, "copy %s to the archive", name);
	return names_publish(to, into, part, name, e) < 0 ? error_before(e, "the archive: ") :
	    names_remove(dir, name, e);
}

/*
 * Moves the log of that name ("unit.log", or what it was compressed to) and its index from the folder dir to
 * ARCHIVE/FOLDER, which is made. Each is copied, synced, renamed to its name and only then removed here; the
 * index, without which nobody looks for a log, last. Killed anywhere, the call can be made again. 0 or -1.
 */
static int
archive_move(int dir, const char *archive, const char *folder, const char *log, struct error *e)
{
	AUTO_FREE char *path = xformat("%s/%s", archive, folder);
	AUTO_FREE char *packed = xformat("%s" LOGPACK_SUFFIX, log);
	AUTO_FREE char *index = xformat("%.*s.idx", (int)strlen(log) - 4, log);
	AUTO_CLOSE int into = -1;

	if (folder_make_kept(path, e) < 0)
		return -1;
	into = kernel.open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	if (into < 0)
		return error_sys(e, "open %s", path);
	return move_file(dir, into, log, e) < 0 || move_file(dir, into, packed, e) < 0 ||
	    move_file(dir, into, index, e) < 0 ? -1 : 0;
}

/* Compresses a log that ended long enough ago, moves it on. */
static void
put_away(struct sweep *s, const struct logname *n, const struct stored *f)
{
	const struct sweep_rules *r = s->rules;
	AUTO_FREE char *folder = logname_folder(n);
	AUTO_CLOSE int dir = kernel.open(s->logdir.at.live, folder, O_RDONLY | O_DIRECTORY, 0);
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
	if (s->logdir.archive != NULL &&
	    archive_move(dir, s->logdir.archive, folder, bytes_string(&name), &e) < 0)
		complain(s, n->build, &e);
}

static void
look_at(void *arg, struct logname *n)
{
	struct kept *k = arg;
	struct stored f;
	struct stored_state state;
	int64_t when;

	if (logdir_read(&k->sweep->logdir, n, &f, NULL) == 0) {
		when = modified(f.index);
		k->modified = when > k->modified ? when : k->modified;
		k->size += stored_space(&f);
		if (stored_look(&f, &state, NULL) == 0 && state.written)
			k->running = true;
		stored_close(&f);
	}
	logname_free(n);
}

static void
tidy_one(void *arg, struct logname *n)
{
	struct kept *k = arg;
	struct stored f;
	struct stored_state state;

	if (logdir_read(&k->sweep->logdir, n, &f, NULL) == 0) {
		if (stored_look(&f, &state, NULL) == 0 && state.ended && !state.written)
			put_away(k->sweep, n, &f);
		stored_close(&f);
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
	struct folders f = FOLDERS_NONE;
	AUTO_FREE int *runs = NULL;
	size_t n;

	(void)folders_open(&f.own.live, root, build, NULL);
	runs = folders_runs(&f, true, &n);
	for (size_t i = 0; i < n; i++) {
		AUTO_BYTES logs = { 0 };

		logfile_folder(&logs, runs[i]);
		(void)names_remove_folder(f.own.live, bytes_string(&logs), NULL);
	}
	if (f.own.live >= 0)
		(void)names_remove_folder(root, build, NULL);
	folders_close(&f);
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
	remove_folders(k->name, s->logdir.at.live);
	remove_folders(k->name, s->logdir.at.archive);
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
		if ((s->rules->compress_after > 0 || s->logdir.archive != NULL) && !k.running &&
		    logdir_list(&s->logdir, name, 0, tidy_one, &k, &e) < 0)
			complain(s, name, &e);
	}
}

/* Calls each for everything below. */
static void
each_folder(struct sweep *s, const char *parent, void (*each)(struct sweep *s, const char *path))
{
	char **names = NULL;
	size_t n = 0;

	(void)folders_names(s->logdir.at.live, parent, "", &names, &n);
	for (size_t i = 0; i < n; i++) {
		AUTO_FREE char *path = strcmp(parent, ".") == 0 ? xstrdup(names[i]) :
		    xformat("%s/%s", parent, names[i]);

		each(s, path);
		free(names[i]);
	}
	free(names);
}

static void
sweep_org(struct sweep *s, const char *org)
{
	each_folder(s, org, sweep_repo);
}

static int
run(void *arg, int argc, char **argv)
{
	struct options *o = arg;
	struct sweep s = { .rules = &o->rules, .now = kernel.wall() };
	AUTO_FREE char *state = NULL;
	AUTO_FREE char *logs = NULL;
	struct error e;
	int result;

	(void)argc;
	(void)argv;
	if (o->dir == NULL && (state = folder_state(&e)) != NULL)
		o->dir = logs = xformat("%s/logs", state);
	result = o->dir == NULL ? -1 : logdir_open(&s.logdir, o->dir, false, false, &e);
	if (result == 0) {
		result = logdir_archive(&s.logdir, o->rules.archive, &e);
		if (result == 0)
			each_folder(&s, ".", sweep_org);
		logdir_close(&s.logdir);
	}
	if (result == 0)
		return s.failures == 0 ? 0 : 125;
	option_complain(PROGRAM, &e);
	return error_status(&e);
}

const struct command log_sweep_command = {
	.program = PROGRAM, .verb = "sweep", .summary = "compress, move on and remove finished logs",
	.options = options, .noptions = sizeof(options) / sizeof(options[0]), .run = run,
	.size = sizeof(struct options),
};

/* What a server does about it. */

#define OFTEN (1 * SECOND)
#define SELDOM (60 * SECOND)
#define WORDS 16

struct sweeper {
	struct loop *loop;
	struct news *news;
	char *words[WORDS]; /* of the command, NULL behind the last */
	size_t nwords;
	int64_t interval;
	struct loop_timer *timer;
	struct link *out;   /* what the sweep says; NULL: no more */
	struct child *child; /* NULL: it has ended */
};

static void sweep_now(void *arg);

static void
add_word(struct sweeper *s, char *word)
{
	s->words[s->nwords++] = word;
}

static void
add_duration(struct sweeper *s, const char *option, int64_t ns)
{
	struct bytes text = { 0 };

	if (ns == 0)
		return;
	add_word(s, xstrdup(option));
	duration_write(&text, ns);
	add_word(s, bytes_give(&text));
}

static void
add_number(struct sweeper *s, const char *option, int64_t n)
{
	if (n > 0)
		add_word(s, xformat("%s=%" PRId64, option, n));
}

static void
line_came(void *arg, struct link *l, struct span line, int *fds, int nfds)
{
	struct sweeper *s = arg;
	AUTO_BYTES event = { 0 };

	(void)l;
	(void)fds;
	(void)nfds;
	bytes_add(&event, line.p, line.n);
	bytes_char(&event, '\n');
	news_post(s->news, (struct span){ event.data, event.len });
}

/* It is over when both its output and itself have ended. */
static void
over(struct sweeper *s)
{
	if (s->out == NULL && s->child == NULL)
		s->timer = loop_after(s->loop, s->interval, sweep_now, s);
}

static void
said_all(void *arg, struct link *l, const struct error *why)
{
	struct sweeper *s = arg;

	(void)l;
	(void)why;
	s->out = NULL;
	over(s);
}

static void
ended(void *arg, int status, const struct rusage *usage)
{
	struct sweeper *s = arg;

	(void)status;
	(void)usage;
	child_free(s->child);
	s->child = NULL;
	over(s);
}

static const struct link_events events = { .line = line_came, .closed = said_all };

/* It can be made again whenever it was ended. */
static void
stop_sweep(struct sweeper *s)
{
	if (s->out != NULL)
		link_close(s->out);
	s->out = NULL;
	child_signal(s->child, SIGTERM);
	if (s->child != NULL)
		child_wait(s->child);
	s->child = NULL;
}

static int
start_sweep(struct sweeper *s, struct error *e)
{
	AUTO_FREE char *path = process_kit("mci-log");
	struct process_spec p = { .path = path, .argv = s->words, .in = -1, .err = STDERR_FILENO };
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_sys(e, "pipe");
	p.out = fds[1];
	s->child = child_start(s->loop, &p, ended, s, e);
	close(fds[1]);
	if (s->child == NULL) {
		close(fds[0]);
		return -1;
	}
	s->out = link_take(s->loop, fds[0], -1, &events, s, e);
	if (s->out != NULL)
		return 0;
	stop_sweep(s);
	return -1;
}

static void
sweep_now(void *arg)
{
	struct sweeper *s = arg;
	struct error e;

	s->timer = NULL;
	if (start_sweep(s, &e) == 0)
		return;
	fprintf(stderr, "mci-log: sweep: %s\n", e.text);
	s->timer = loop_after(s->loop, SELDOM, sweep_now, s);
}

struct sweeper *
sweeper_new(struct loop *loop, const char *dir, const struct sweep_rules *r, struct news *news)
{
	struct sweeper *s;

	if (!sweep_wanted(r))
		return NULL;
	s = xmalloc(sizeof(*s));
	*s = (struct sweeper){ .loop = loop, .news = news, .interval = SELDOM };
	add_word(s, xstrdup("mci-log"));
	add_word(s, xstrdup("sweep"));
	add_word(s, xstrdup("--no-settings"));
	add_word(s, xformat("--dir=%s", dir));
	if (r->archive != NULL)
		add_word(s, xformat("--archive=%s", r->archive));
	add_duration(s, "--compress-after", r->compress_after);
	add_duration(s, "--keep-age", r->keep_age);
	add_number(s, "--keep-count", r->keep_count);
	add_number(s, "--keep-size", r->keep_size);
	if (r->compress_after > 0 && r->compress_after < SELDOM)
		s->interval = r->compress_after < OFTEN ? OFTEN : r->compress_after;
	s->timer = loop_after(loop, s->interval, sweep_now, s);
	return s;
}

void
sweeper_free(struct sweeper *s)
{
	if (s == NULL)
		return;
	loop_cancel(s->loop, s->timer);
	stop_sweep(s);
	for (size_t i = 0; i < s->nwords; i++)
		free(s->words[i]);
	free(s);
}
