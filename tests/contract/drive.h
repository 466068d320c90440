/* drive: starts a service in children of a test program, speaks to it, and is the main of these
 * programs. The service is the stub, unless the program sets driven. */
#ifndef TESTS_CONTRACT_DRIVE_H
#define TESTS_CONTRACT_DRIVE_H

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "connect.h"
#include "memory.h"
#include "process.h"
#include "tests/contract/stub.h"

#define PATIENCE (20 * SECOND)

static const char *self; /* this program */
static char folder[] = "/tmp/mci-contract.XXXXXX";

struct driven {
	const struct service *service;
	void *(*open)(struct loop *loop); /* what the service gets as self */
	void (*close)(void *self);
	void (*add)(struct server *s, void *self); /* further services; NULL: none */
};

static void *
stub_open(struct loop *loop)
{
	struct stub *stub = xmalloc(sizeof(*stub));

	stub->loop = loop;
	return stub;
}

/* Every token is good for all: for a door in front of the service. */
static void
token_check(void *service, struct request *r)
{
	(void)service;
	request_reply(r, stub_span("{\"id\":\"t\",\"scopes\":[\"admin\",\"agent\"],\"once\":false}"));
}

static const struct service_method token_methods[] = { { "token/check", token_check } };
static const struct service token_service = { .contract = &contract_store, .methods = token_methods,
	.nmethods = 1 };

static struct driven driven = { &stub_service, stub_open, free, NULL };

struct served {
	struct loop *loop;
	struct server *server;
	int lifeline; /* at its end the service ends; -1: when its connections are gone */
};

static void
lifeline_cut(void *arg, uint32_t events)
{
	struct served *s = arg;

	(void)events;
	loop_forget(s->loop, s->lifeline);
	loop_stop(s->loop, 0);
}

static void
alone(void *arg)
{
	struct served *s = arg;

	if (s->lifeline < 0)
		loop_stop(s->loop, 0);
}

/* Serves until the lifeline is cut; a byte on ready says that all addresses are open. */
static int
serve(const char *const *addresses, int n, int lifeline, int ready)
{
	struct error e = { 0 };
	struct served s = { .lifeline = lifeline };
	void *service;

	s.loop = loop_new(&e);
	service = driven.open(s.loop);
	s.server = server_new(s.loop, driven.service, service);
	if (driven.add != NULL)
		driven.add(s.server, service);
	if (getenv("STUB_TOKENS") != NULL)
		server_add(s.server, &token_service, NULL, NULL);
	for (int i = 0; i < n; i++) {
		if (server_listen(s.server, addresses[i], 0, &e) < 0) {
			fprintf(stderr, "%s\n", e.text);
			return 1;
		}
	}
	if (lifeline >= 0)
		loop_watch(s.loop, lifeline, EPOLLIN, lifeline_cut, &s, &e);
	server_on_empty(s.server, alone, &s);
	if (ready >= 0)
		kernel_write_all(ready, "\n", 1);
	loop_run(s.loop, &e);
	server_free(s.server);
	driven.close(service);
	loop_free(s.loop);
	return 0;
}

static int
serve_main(int argc, char **argv)
{
	bool one = strcmp(argv[0], "-") == 0 || getenv("STUB_CONNECTED") != NULL;

	return serve((const char *const *)argv, argc, one ? -1 : 0, one ? -1 : 1);
}

struct heard {
	struct bytes lines;
	struct error why;
	bool closed;
};

static void
hear(void *arg, struct link *l, struct span line, int *fds, int nfds)
{
	struct heard *h = arg;

	(void)l;
	ck_assert_int_eq(nfds, 0);
	(void)fds;
	bytes_add(&h->lines, line.p, line.n);
	bytes_char(&h->lines, '\n');
}

static void
hear_closed(void *arg, struct link *l, const struct error *why)
{
	struct heard *h = arg;

	(void)l;
	h->why = *why;
	h->closed = true;
}

static const struct link_events hearing = { .line = hear, .closed = hear_closed };

/* Times differ: KEY":"..." becomes KEY":"T". */
static char *
without_times(const struct bytes *lines, const char *key)
{
	struct bytes out = { 0 };
	const char *p = lines->data, *end = p + lines->len;

	while (p < end) {
		const char *at = memmem(p, (size_t)(end - p), key, strlen(key));

		if (at == NULL)
			break;
		at += strlen(key);
		bytes_add(&out, p, (size_t)(at - p));
		bytes_char(&out, 'T');
		p = memchr(at, '"', (size_t)(end - at));
	}
	bytes_add(&out, p, (size_t)(end - p));
	return bytes_give(&out);
}

static void
listen_until_closed(struct loop *loop, struct heard *h)
{
	int64_t deadline = kernel.now() + PATIENCE;
	struct error e;

	while (!h->closed) {
		ck_assert_msg(kernel.now() < deadline, "nothing ended within 20 s; heard so far:\n%s",
		    bytes_string(&h->lines));
		ck_assert_int_eq(loop_round(loop, deadline, &e), 0);
	}
}

/* Sends the bytes, ends the sending half, and gives what came back until the other end closed. */
static char *
converse(struct loop *loop, struct link *l, struct heard *h, struct span bytes)
{
	char *text;

	ck_assert_int_eq(link_send(l, bytes.p, bytes.n), 0);
	link_finish(l);
	listen_until_closed(loop, h);
	ck_assert_msg(h->why.code == ERROR_NONE, "%s", h->why.text);
	text = without_times(&h->lines, "\"time\":\"");
	bytes_free(&h->lines);
	*h = (struct heard){ 0 };
	return text;
}

static char *
converse_at(const char *text, struct span bytes)
{
	struct heard h = { 0 };
	struct error e = { 0 };
	struct loop *loop = loop_new(&e);
	struct address a;
	struct link *l;
	char *back;

	ck_assert_msg(address_parse(&a, text, &e) == 0, "%s", e.text);
	l = connect_open(loop, &a, &hearing, &h, &e);
	ck_assert_msg(l != NULL, "%s", e.text);
	back = converse(loop, l, &h, bytes);
	connect_reap(loop);
	address_free(&a);
	loop_free(loop);
	return back;
}

/* A child that serves an address; ends when its lifeline closes. */
struct program {
	pid_t pid;
	int lifeline;
};

static bool with_tokens; /* those that are started know of tokens */

/* in: the child's standard input and output when it is one connection, -1: a lifeline and
 * "ready". */
static struct program
program_start(const char *address, int connection, const int (*extra)[2], bool connected)
{
	const char *argv[] = { self, "serve", address, NULL };
	char *env[] = { connected ? "STUB_CONNECTED=1" : with_tokens ? "STUB_TOKENS=1" : "STUB=1", NULL };
	struct process_spec p = { .path = self, .argv = (char *const *)(uintptr_t)argv, .env = env,
		.err = 2, .extra = extra, .nextra = extra == NULL ? 0 : 1 };
	int life[2] = { -1, -1 }, ready[2] = { -1, -1 };
	struct program c = { .lifeline = -1 };
	struct error e = { 0 };
	char byte;

	if (connection >= 0) {
		p.in = p.out = connection;
	} else {
		ck_assert_int_eq(pipe2(life, O_CLOEXEC), 0);
		ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
		p.in = life[0];
		p.out = ready[1];
	}
	ck_assert_msg(process_spawn(&c.pid, &p, &e) == 0, "%s", e.text);
	if (connection >= 0)
		return c;
	close(life[0]);
	close(ready[1]);
	c.lifeline = life[1];
	if (!connected)
		ck_assert_int_eq(kernel.read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return c;
}

static void
program_end(struct program c)
{
	int status;

	if (c.lifeline >= 0)
		close(c.lifeline);
	ck_assert_int_eq(waitpid(c.pid, &status, 0), c.pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the service ended with %x",
	    (unsigned)status);
}

/* Programs of the kit are those of this build, and whoever asks for a token has one. Before all else. */
__attribute__((unused)) static void
drive_programs(void)
{
	AUTO_FREE char *path = realpath("/proc/self/exe", NULL);
	AUTO_FREE char *programs = NULL;

	*strstr(path, "/tests/contract/") = '\0';
	programs = xformat("%s/bin:%s", path, getenv("PATH"));
	setenv("PATH", programs, 1);
	setenv("MCI_TOKEN", "t", 1);
}

/* Runs the suite; a program that is called "NAME serve ADDRESS..." is the stub instead. */
static int
drive_main(int argc, char **argv, Suite *(*suite)(void))
{
	AUTO_FREE char *path = realpath("/proc/self/exe", NULL);
	SRunner *runner;
	int failed;

	self = path;
	if (argc > 2 && strcmp(argv[1], "serve") == 0)
		return serve_main(argc - 2, argv + 2);
	if (mkdtemp(folder) == NULL)
		return 1;
	runner = srunner_create(suite());
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	rmdir(folder);
	return failed > 0;
}

#endif
