/*
 * The services of the kit in one process: a thread each, behind inproc: addresses, as one program would hold them.
 * Clients are further threads. The main thread alone takes signals, adopts orphans and starts children of its own
 * meanwhile; TERM stops all in order.
 *
 * make check runs it once more built with -fsanitize=thread (tests/cli/threads.t): no two threads may touch the
 * same memory without an order between them.
 */
#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "call.h"
#include "children.h"
#include "cmd/mci-events/methods.h"
#include "cmd/mci-log/methods.h"
#include "cmd/mci-log/sweep.h"
#include "emit.h"
#include "folder.h"
#include "kernel.h"
#include "logfile.h"
#include "memory.h"
#include "process.h"
#include "serve.h"
#include "thread.h"

#define EVENTS "inproc:events"
#define LOGS "inproc:log"
#define PUBLISHED 200 /* events of each publisher */
#define PUBLISHERS 2
#define WRITTEN 10    /* logs of each writer */
#define WRITERS 2
#define CHILDREN 30   /* of the main thread */
#define LIMIT (60 * SECOND)

static char *folder;

/* One service. Its loop ends when the lifeline does. */
struct member {
	const char *address;
	void (*serve)(struct member *m);
	struct loop *loop;
	struct server *server;
	pthread_t thread;
	int lifeline[2], ready[2];
	int64_t said; /* what it found at its end */
};

static void
must(bool well, const struct error *e)
{
	if (!well) {
		fprintf(stderr, "together: %s\n", e->text);
		_exit(1);
	}
}

static void
stopped(void *arg)
{
	loop_stop(arg, 0);
}

static void
lifeline_ended(void *arg, uint32_t events)
{
	struct member *m = arg;

	(void)events;
	loop_forget(m->loop, m->lifeline[0]);
	server_stop(m->server, stopped, m->loop);
}

/* Serves until it is told to stop, and then until what is open is answered. */
static void
member_run(struct member *m, const struct service *service, void *self)
{
	struct error e;

	m->server = server_new(m->loop, service, self);
	must(server_listen(m->server, m->address, 0, &e) == 0, &e);
	must(loop_watch(m->loop, m->lifeline[0], EPOLLIN, lifeline_ended, m, &e) == 0, &e);
	must(kernel_write_all(m->ready[1], "\n", 1) == 0, &e);
	close(m->ready[1]);
	must(loop_run(m->loop, &e) == 0, &e);
	server_free(m->server);
}

static void
tell(const char *text)
{
	fprintf(stderr, "hub: %s\n", text);
}

static void
hub_serve(struct member *m)
{
	AUTO_FREE char *path = xformat("%s/events", folder);
	/* small, so that files are begun, synced and removed all the time */
	struct hub_settings settings = { .folder = path, .segment_size = 8192, .keep_size = 65536, .tell = tell };
	struct error e = { 0 };
	struct hub_door door = { 0 };

	must(folder_make(path, &e) == 0, &e);
	door.hub = hub_open(m->loop, &settings, &e);
	must(door.hub != NULL, &e);
	member_run(m, &hub_service, &door);
	m->said = door.hub->published;
	hub_close(door.hub);
}

static void
log_serve(struct member *m)
{
	AUTO_FREE char *path = xformat("%s/logs", folder);
	struct sweep_rules rules = { .compress_after = MILLISECOND };
	struct sweeper *sweeper;
	struct log_server s;
	struct error e = { 0 };

	must(log_server_open(&s, m->loop, path, EVENTS, 30 * SECOND, &e) == 0, &e);
	sweeper = sweeper_new(m->loop, path, &rules, s.news);
	member_run(m, &log_service, &s);
	m->said = (int64_t)s.writers.closed;
	sweeper_free(sweeper);
	log_server_close(&s);
}

/* In the order in which they are started; they are stopped in the reverse one. */
static struct member members[] = {
	{ .address = EVENTS, .serve = hub_serve },
	{ .address = LOGS, .serve = log_serve },
};
#define NMEMBERS (sizeof(members) / sizeof(members[0]))

static void *
member_thread(void *arg)
{
	struct member *m = arg;
	struct error e;

	m->loop = loop_new(&e);
	must(m->loop != NULL, &e);
	m->serve(m);
	loop_free(m->loop);
	return NULL;
}

static void
members_start(void)
{
	char byte;

	for (size_t i = 0; i < NMEMBERS; i++) {
		struct member *m = &members[i];

		ck_assert_int_eq(pipe2(m->lifeline, O_CLOEXEC), 0);
		ck_assert_int_eq(pipe2(m->ready, O_CLOEXEC), 0);
		ck_assert_int_eq(thread_start(&m->thread, member_thread, m), 0);
		ck_assert_int_eq(kernel.read(m->ready[0], &byte, 1), 1);
		close(m->ready[0]);
	}
}

static void
members_stop(void)
{
	for (size_t i = NMEMBERS; i-- > 0;) {
		close(members[i].lifeline[1]);
		pthread_join(members[i].thread, NULL);
		close(members[i].lifeline[0]);
	}
}

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

static struct client_thread clients[] = {
	{ .work = publish, .number = 1 },
	{ .work = publish, .number = 2 },
	{ .work = subscribe },
	{ .work = write_logs, .number = 1 },
	{ .work = write_logs, .number = 2 },
	{ .work = follow_log, .number = 1 },
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

/* What the main thread does. */
struct house {
	struct loop *loop;
	struct child *child;
	int started, ended, orphans, clients;
	bool swept, stopped;
	int done[2];
};

static void
over(struct house *h)
{
	/* whoever asks asks the process, and the main thread hears it */
	if (h->ended == CHILDREN && h->clients == (int)NCLIENTS && h->swept)
		kill(getpid(), SIGTERM);
}

static void child_next(struct house *h);

static void
own_ended(void *arg, int status, const struct rusage *usage)
{
	struct house *h = arg;

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
child_next(struct house *h)
{
	AUTO_FREE char *text = xformat("(setsid sh -c : &); exit %d", h->started++);
	const char *argv[] = { "sh", "-c", text, NULL };
	struct process_spec p = { .path = "/bin/sh", .argv = (char *const *)(uintptr_t)argv, .in = -1, .out = -1,
		.err = STDERR_FILENO, .group = true };
	struct error e;

	h->child = child_start(h->loop, &p, own_ended, h, &e);
	must(h->child != NULL, &e);
}

static void
orphan_ended(void *arg)
{
	((struct house *)arg)->orphans++;
}

static void
client_ended(void *arg, uint32_t events)
{
	struct house *h = arg;
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
	struct house *h = arg;

	h->swept = nftw(folder, count_packed, 8, FTW_PHYS) == 1;
	if (!h->swept)
		loop_after(h->loop, 50 * MILLISECOND, look_for_packed, h);
	else
		over(h);
}

static void
told_to_stop(void *arg, const struct signalfd_siginfo *info)
{
	struct house *h = arg;

	(void)info;
	h->stopped = true;
	members_stop();
	loop_stop(h->loop, 0);
}

static void
house_run(struct house *h)
{
	struct error e;

	h->loop = loop_new(&e);
	ck_assert_ptr_nonnull(h->loop);
	must(children_adopt(h->loop, orphan_ended, h, &e) == 0, &e);
	must(loop_on_signal(h->loop, SIGTERM, told_to_stop, h, &e) == 0, &e);
	ck_assert_int_eq(pipe2(h->done, O_CLOEXEC), 0);
	must(loop_watch(h->loop, h->done[0], EPOLLIN, client_ended, h, &e) == 0, &e);
	members_start();
	for (size_t i = 0; i < NCLIENTS; i++) {
		clients[i].done = h->done[1];
		ck_assert_int_eq(thread_start(&clients[i].thread, client_thread, &clients[i]), 0);
	}
	child_next(h);
	loop_after(h->loop, 50 * MILLISECOND, look_for_packed, h);
	must(loop_run(h->loop, &e) == 0, &e);
	for (size_t i = 0; i < NCLIENTS; i++)
		pthread_join(clients[i].thread, NULL);
	children_abandon(h->loop);
	children_kill_all();
	loop_free(h->loop);
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

START_TEST(services_share_a_process)
{
	struct house h = { 0 };

	folder = xformat("%s/mci-together.XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	serve_begin();
	house_run(&h);
	ck_assert(h.stopped);
	ck_assert_int_ge(h.orphans, 1);
	/* and those that the log server posted: opened, closed and removed */
	ck_assert_int_ge(members[0].said, PUBLISHERS * PUBLISHED + WRITERS * WRITTEN * 2);
	ck_assert_int_eq(members[1].said, WRITERS * WRITTEN);
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

	process_begin();
	programs_find();
	tcase_set_timeout(all, 120);
	tcase_add_test(all, services_share_a_process);
	suite_add_tcase(suite, all);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
