/*
 * The servers of the kit in one process, as mci-single(1) has them: a thread each, as they are linked there.
 * Clients are further threads, at inproc: addresses and through the door. The main thread alone takes signals,
 * adopts orphans and starts children of its own meanwhile; TERM stops all in order. No other thread touches what
 * is the process's: its environment, folder and umask.
 *
 * make check runs it once more built with -fsanitize=thread (tests/cli/threads.t): no two threads may touch the
 * same memory without an order between them.
 */
#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "call.h"
#include "children.h"
#include "cmd/mci-single/house.h"
#include "emit.h"
#include "folder.h"
#include "kernel.h"
#include "logfile.h"
#include "memory.h"
#include "message.h"
#include "option.h"
#include "process.h"
#include "serve.h"
#include "thread.h"

#define EVENTS "inproc:events"
#define LOGS "inproc:log"
#define STORE "inproc:store"
#define DOOR "inproc:api"
#define PUBLISHED 200 /* events of each publisher */
#define PUBLISHERS 2
#define WRITTEN 10    /* logs of each writer */
#define WRITERS 2
#define BUILDS 20     /* of each agent */
#define AGENTS 2
#define CHILDREN 30   /* of the main thread */
#define LIMIT (60 * SECOND)

static char *folder;

static void
must(bool well, const struct error *e)
{
	if (!well) {
		fprintf(stderr, "together: %s\n", e->text);
		_exit(1);
	}
}

/* ---- what is the process's: the linker sends these calls here */

static bool others; /* there are threads beside the main one */

static void
process_only(const char *what, const char *of)
{
	if (others && gettid() != getpid()) {
		fprintf(stderr, "together: a thread calls %s(%s)\n", what, of);
		_exit(1);
	}
}

char *__real_getenv(const char *name);
int __real_setenv(const char *name, const char *value, int replace);
int __real_unsetenv(const char *name);
int __real_chdir(const char *path);
mode_t __real_umask(mode_t mask);
char *__wrap_getenv(const char *name);
int __wrap_setenv(const char *name, const char *value, int replace);
int __wrap_unsetenv(const char *name);
int __wrap_chdir(const char *path);
mode_t __wrap_umask(mode_t mask);

char *
__wrap_getenv(const char *name)
{
	process_only("getenv", name);
	return __real_getenv(name);
}

int
__wrap_setenv(const char *name, const char *value, int replace)
{
	process_only("setenv", name);
	return __real_setenv(name, value, replace);
}

int
__wrap_unsetenv(const char *name)
{
	process_only("unsetenv", name);
	return __real_unsetenv(name);
}

int
__wrap_chdir(const char *path)
{
	process_only("chdir", path);
	return __real_chdir(path);
}

mode_t
__wrap_umask(mode_t mask)
{
	process_only("umask", "");
	return __real_umask(mask);
}

/* ---- the servers */

/* The command lines: small files, so that they are begun, synced and removed all the time. */
static const struct {
	const struct serve_entry *entry;
	const char *words[8];
} servers[] = {
	{ &events_entry, { "serve", "--segment-size", "8192", "--keep-size", "65536" } },
	{ &log_entry, { "serve", "--compress-after", "1ms" } },
	{ &store_entry, { "serve" } },
	{ &api_entry, { "mci-api" } },
};
#define NSERVERS (sizeof(servers) / sizeof(servers[0]))

static void
house_fill(struct house *h)
{
	for (size_t i = 0; i < NSERVERS; i++) {
		const struct serve_entry *entry = servers[i].entry;
		char *argv[9] = { NULL };
		int argc = 0;

		for (; servers[i].words[argc] != NULL; argc++)
			argv[argc] = (char *)(uintptr_t)servers[i].words[argc];
		h->members[i].entry = entry;
		h->members[i].options = xmalloc(entry->command->size);
		option_parse_of(entry->command, entry->commands, entry->ncommands, &argc, argv,
		    h->members[i].options);
	}
	h->n = NSERVERS;
}

/* ---- its clients */

/* One client; it writes a byte when it is done. */
struct client_thread {
	void (*work)(int number);
	int number, done;
	pthread_t thread;
};

static void
ask(const char *address, const char *method, struct bytes *params, struct bytes *result)
{
	struct error e;

	bytes_char(params, '}');
	must(call_once(address, method, (struct span){ params->data, params->len }, LIMIT, result, &e) == 0, &e);
}

/* Events of a build of its own, one request each, every other one to the disk. */
static void
publish(int number)
{
	for (int i = 1; i <= PUBLISHED; i++) {
		AUTO_BYTES params = { 0 }, event = { 0 };

		emit_open(&event);
		emit_text(&event, "type", "job/note");
		bytes_format(&event, ",\"build\":\"a/b/%d\",\"run\":1,\"seq\":%d", number, i);
		emit_text(&event, "text", "a few words to fill the files with");
		bytes_char(&event, '}');
		emit_open(&params);
		emit_raw(&params, "event", (struct span){ event.data, event.len });
		emit_text(&params, "sync", i % 2 == 0 ? "disk" : "os");
		ask(EVENTS, "event/publish", &params, NULL);
	}
}

/* Until each publisher's last event has come. */
static int
followed(void *arg, struct span line)
{
	AUTO_FREE char *last = xformat("\"seq\":%d,", PUBLISHED);

	*(int *)arg += memmem(line.p, line.n, last, strlen(last)) != NULL;
	return *(int *)arg == PUBLISHERS;
}

static void
subscribe(int number)
{
	static const char params[] = "{\"from\":\"start\",\"types\":[\"job/note\"]}";
	struct error e;
	int seen = 0;

	(void)number;
	must(call_stream(EVENTS, "event/subscribe", (struct span){ params, sizeof(params) - 1 }, -1, followed,
	    &seen, &e) >= 0, &e);
}

static void
name_log(struct bytes *params, int number, int log)
{
	emit_open(params);
	bytes_format(params, "\"build\":\"o/r/%d\",\"job\":\"j%d\"", number, log);
}

static void
write_log(int number, int log)
{
	AUTO_BYTES open = { 0 }, end = { 0 };
	struct logfile_writer w;
	struct error e;
	int fds[2], n = 2;

	name_log(&open, number, log);
	emit_bool(&open, "files", true);
	bytes_char(&open, '}');
	must(call_fds(LOGS, "log/open", (struct span){ open.data, open.len }, LIMIT, NULL, fds, &n, &e) == 0, &e);
	must(logfile_adopt(&w, fds[0], fds[1], "log", &e) == 0, &e);
	for (int i = 0; i < 50; i++)
		must(logfile_write(&w, "what a job says\n", 16, 0, &e) == 0, &e);
	must(logfile_close(&w, &e) == 0, &e);
	name_log(&end, number, log);
	ask(LOGS, "log/close", &end, NULL);
}

/* Logs of a build of its own: written, listed, and half of them removed again. */
static void
write_logs(int number)
{
	for (int i = 0; i < WRITTEN; i++) {
		AUTO_BYTES list = { 0 }, drop = { 0 };

		write_log(number, i);
		bytes_format(&list, "{\"build\":\"o/r/%d\"", number);
		ask(LOGS, "log/list", &list, NULL);
		name_log(&drop, number, i);
		if (i % 2 == 0)
			ask(LOGS, "log/remove", &drop, NULL);
	}
}

static int
read_on(void *arg, struct span line)
{
	(void)arg;
	(void)line;
	return 0;
}

/* A log as it grows, of each writer the second one, which stays. */
static void
follow_log(int number)
{
	AUTO_BYTES params = { 0 };
	struct error e;

	name_log(&params, number, 1);
	bytes_text(&params, ",\"wait\":true}");
	/* what is followed is bytes as well, which are no lines to read: the end is found all the same */
	(void)call_stream(LOGS, "log/follow", (struct span){ params.data, params.len }, -1, read_on, NULL, &e);
}

/* The text of a member of a reply. Caller frees. */
static char *
member(const struct bytes *reply, const char *name)
{
	AUTO_BYTES text = { 0 };
	struct scan_value v;
	struct error e = { .text = "no such member" };

	must(message_member(reply->data, reply->len, name, &v, &e) == 1, &e);
	if (v.type == SCAN_STRING)
		must(scan_text(&v, &text, &e) == 0, &e);
	else
		bytes_add(&text, v.raw.p, v.raw.n);
	return bytes_give(&text);
}

static void
named(struct bytes *params, const char *build, const char *lease)
{
	emit_open(params);
	emit_text(params, "build", build);
	bytes_text(params, ",\"run\":1");
	emit_text(params, "lease", lease);
}

static void
publish_build(const char *build, int seq, const char *rest, const char *sync)
{
	AUTO_BYTES params = { 0 };

	bytes_format(&params,
	    "{\"event\":{\"type\":\"build/%s,\"build\":\"%s\",\"run\":1,\"seq\":%d},\"sync\":\"%s\"", rest, build, seq,
	    sync);
	ask(DOOR, "event/publish", &params, NULL);
}

/* Waits for the build's last event where it is stored. */
static int
is_end(void *arg, struct span line)
{
	(void)arg;
	return memmem(line.p, line.n, "build/end", 9) != NULL;
}

/* A build as an agent has it: claimed, published, ended, its events read. */
static void
run_build(const char *token, int number, int count)
{
	AUTO_BYTES claim = { 0 }, claimed = { 0 }, renew = { 0 }, end = { 0 }, ended = { 0 }, events = { 0 };
	struct error e;

	bytes_format(&claim, "{\"token\":\"%s\",\"id\":\"c%d-%d\",\"labels\":{},\"isolates\":false", token, number,
	    count);
	ask(DOOR, "build/claim", &claim, &claimed);
	AUTO_FREE char *build = member(&claimed, "build"), *lease = member(&claimed, "lease");
	publish_build(build, 1, "start\"", "os");
	named(&renew, build, lease);
	ask(STORE, "build/renew", &renew, NULL);
	publish_build(build, 2, "end\",\"status\":\"success\"", "disk");
	named(&end, build, lease);
	ask(DOOR, "build/end", &end, &ended);
	emit_open(&events);
	emit_text(&events, "build", build);
	bytes_char(&events, '}');
	must(call_stream(DOOR, "build/events", (struct span){ events.data, events.len }, -1, is_end, NULL,
	    &e) == 1, &e);
}

/* An organisation with a repository, what is entered there and triggered, and the agent that takes it. */
static void
work(int number)
{
	AUTO_BYTES org = { 0 }, repo = { 0 }, token = { 0 }, created = { 0 };

	bytes_format(&org, "{\"name\":\"o%d\"", number);
	ask(STORE, "org/put", &org, NULL);
	bytes_format(&repo, "{\"org\":\"o%d\",\"name\":\"r\",\"url\":\"/nowhere\",\"main\":\"main\"", number);
	ask(DOOR, "repo/put", &repo, NULL);
	bytes_format(&token, "{\"agent\":\"a%d\"", number);
	ask(DOOR, "token/create", &token, &created);
	AUTO_FREE char *secret = member(&created, "token");

	for (int i = 0; i < BUILDS; i++) {
		AUTO_BYTES param = { 0 }, trigger = { 0 };

		bytes_format(&param, "{\"org\":\"o%d\",\"name\":\"P%d\",\"value\":\"a value\"", number, i);
		ask(STORE, "param/put", &param, NULL);
		bytes_format(&trigger, "{\"repo\":\"o%d/r\"", number);
		ask(i % 2 == 0 ? DOOR : STORE, "build/trigger", &trigger, NULL);
		run_build(secret, number, i);
	}
}

static struct client_thread clients[] = {
	{ .work = publish, .number = 1 },
	{ .work = publish, .number = 2 },
	{ .work = subscribe },
	{ .work = write_logs, .number = 1 },
	{ .work = write_logs, .number = 2 },
	{ .work = follow_log, .number = 1 },
	{ .work = work, .number = 1 },
	{ .work = work, .number = 2 },
};
#define NCLIENTS (sizeof(clients) / sizeof(clients[0]))

static void *
client_thread(void *arg)
{
	struct client_thread *c = arg;

	c->work(c->number);
	must(kernel_write_all(c->done, "x", 1) == 0, &(struct error){ .text = "pipe" });
	return NULL;
}

/* What the main thread does beside the house. */
struct beside {
	struct house house;
	struct child *child;
	int started, ended, orphans, clients;
	bool swept;
	int64_t published; /* all that the hub has */
	int done[2];
};

static void
over(struct beside *h)
{
	AUTO_BYTES params = { 0 }, reply = { 0 };

	if (h->ended < CHILDREN || h->clients < (int)NCLIENTS || !h->swept)
		return;
	emit_open(&params);
	ask(EVENTS, "event/status", &params, &reply);
	AUTO_FREE char *tail = member(&reply, "tail");
	h->published = atoll(tail);
	/* whoever asks asks the process, and the main thread hears it */
	kill(getpid(), SIGTERM);
}

static void child_next(struct beside *h);

static void
own_ended(void *arg, int status, const struct rusage *usage)
{
	struct beside *h = arg;

	(void)usage;
	ck_assert_int_eq(status, h->ended << 8);
	child_free(h->child);
	h->child = NULL;
	h->ended++;
	if (h->started < CHILDREN)
		child_next(h);
	else
		over(h);
}

/* Each leaves an orphan behind. */
static void
child_next(struct beside *h)
{
	AUTO_FREE char *text = xformat("(setsid sh -c : &); exit %d", h->started++);
	const char *argv[] = { "sh", "-c", text, NULL };
	struct process_spec p = { .path = "/bin/sh", .argv = (char *const *)(uintptr_t)argv, .in = -1, .out = -1,
		.err = STDERR_FILENO, .group = true };
	struct error e;

	h->child = child_start(h->house.loop, &p, own_ended, h, &e);
	must(h->child != NULL, &e);
}

static void
orphan_ended(void *arg)
{
	((struct beside *)arg)->orphans++;
}

static void
client_ended(void *arg, uint32_t events)
{
	struct beside *h = arg;
	char byte;

	(void)events;
	h->clients += kernel.read(h->done[0], &byte, 1) == 1;
	over(h);
}

static int
count_packed(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return strstr(path, ".log.zst") != NULL;
}

/* The log server's sweep is a child of its thread; what it compressed is looked for by the main one. */
static void
look_for_packed(void *arg)
{
	struct beside *h = arg;

	h->swept = nftw(folder, count_packed, 8, FTW_PHYS) == 1;
	if (!h->swept)
		loop_after(h->house.loop, 50 * MILLISECOND, look_for_packed, h);
	else
		over(h);
}

static int
begin(void *arg, struct error *e)
{
	struct beside *h = arg;

	if (children_adopt(h->house.loop, orphan_ended, h, e) < 0 ||
	    loop_watch(h->house.loop, h->done[0], EPOLLIN, client_ended, h, e) < 0)
		return -1;
	for (size_t i = 0; i < NCLIENTS; i++) {
		clients[i].done = h->done[1];
		ck_assert_int_eq(thread_start(&clients[i].thread, client_thread, &clients[i]), 0);
	}
	child_next(h);
	loop_after(h->house.loop, 50 * MILLISECOND, look_for_packed, h);
	return 0;
}

static void
run(struct beside *h)
{
	ck_assert_int_eq(pipe2(h->done, O_CLOEXEC), 0);
	house_fill(&h->house);
	h->house.ready = begin;
	h->house.arg = h;
	others = true;
	ck_assert_int_eq(house_run(&h->house), 0);
	ck_assert(!house_runs(&h->house));
	others = false;
	for (size_t i = 0; i < NCLIENTS; i++)
		pthread_join(clients[i].thread, NULL);
	children_abandon(h->house.loop);
	children_kill_all();
	house_close(&h->house);
	for (size_t i = 0; i < NSERVERS; i++)
		free(h->house.members[i].options);
	close(h->done[0]);
	close(h->done[1]);
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

START_TEST(servers_share_a_process)
{
	struct beside h = { 0 };

	folder = xformat("%s/mci-together.XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	setenv("XDG_STATE_HOME", folder, 1);
	setenv("XDG_RUNTIME_DIR", folder, 1);
	run(&h);
	ck_assert_int_ge(h.orphans, 1);
	/* those that clients waited for; the log server and the store post more */
	ck_assert_int_ge(h.published, PUBLISHERS * PUBLISHED + AGENTS * BUILDS * 2);
	nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(folder);
}
END_TEST

/* The log server starts mci-log. */
static void
programs_find(void)
{
	const char *programs = getenv("MCI_BIN"), *path = getenv("PATH");

	if (programs != NULL) {
		AUTO_FREE char *both = xformat("%s:%s", programs, path == NULL ? "" : path);

		setenv("PATH", both, 1);
	}
}

int
main(void)
{
	Suite *suite = suite_create("together");
	TCase *all = tcase_create("all");
	SRunner *runner;
	int failed;

	programs_find();
	process_begin();
	tcase_set_timeout(all, 120);
	tcase_add_test(all, servers_share_a_process);
	suite_add_tcase(suite, all);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
