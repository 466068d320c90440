/* ways: one conversation with a service, over every transport. */
#ifndef TESTS_CONTRACT_WAYS_H
#define TESTS_CONTRACT_WAYS_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/un.h>

#include "tests/contract/drive.h"

static char *
over_unix(struct span bytes)
{
	AUTO_FREE char *address = xformat("unix:%s/s", folder);
	struct program c = program_start(address, -1, NULL, false);
	char *back = converse_at(address, bytes);

	program_end(c);
	return back;
}

static char *
over_path(struct span bytes)
{
	AUTO_FREE char *address = xformat("unix:%s/s", folder);
	struct program c = program_start(address, -1, NULL, false);
	char *back = converse_at(strchr(address, '/'), bytes);

	program_end(c);
	return back;
}

static char *
over_exec(struct span bytes)
{
	AUTO_FREE char *address = xformat("exec:'%s' serve \"-\"", self);

	return converse_at(address, bytes);
}

/* One end of a socket pair becomes the connection; the other is spoken on. */
static char *
over_pair(const char *address, bool standard, struct span bytes)
{
	AUTO_FREE char *mine = NULL;
	int ends[2];
	struct program c;
	char *back;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	c = program_start(address, standard ? ends[1] : -1, &(const int[2]){ ends[1], 7 }, true);
	close(ends[1]);
	mine = xformat("fd:%d", ends[0]);
	back = converse_at(mine, bytes);
	program_end(c);
	return back;
}

static char *
over_standard_socket(struct span bytes)
{
	return over_pair("-", true, bytes);
}

static char *
over_descriptor(struct span bytes)
{
	return over_pair("fd:7", false, bytes);
}

static char *
over_listening_descriptor(struct span bytes)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	AUTO_FREE char *address = xformat("unix:%s/l", folder);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct program c;
	char *back;

	snprintf(name.sun_path, sizeof(name.sun_path), "%s", strchr(address, '/'));
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&name, sizeof(name)), 0);
	ck_assert_int_eq(listen(fd, 5), 0);
	c = program_start("fd:7", -1, &(const int[2]){ fd, 7 }, false);
	close(fd);
	back = converse_at(address, bytes);
	program_end(c);
	unlink(name.sun_path);
	return back;
}

struct thread {
	int lifeline, ready;
};

static void *
thread_serve(void *arg)
{
	struct thread *t = arg;
	const char *address = "inproc:driven";

	serve(&address, 1, t->lifeline, t->ready);
	return NULL;
}

static char *
over_inproc(struct span bytes)
{
	int life[2], ready[2];
	struct thread t;
	pthread_t thread;
	char byte, *back;

	ck_assert_int_eq(pipe2(life, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	t = (struct thread){ life[0], ready[1] };
	ck_assert_int_eq(pthread_create(&thread, NULL, thread_serve, &t), 0);
	ck_assert_int_eq(kernel.read(ready[0], &byte, 1), 1);
	back = converse_at("inproc:driven", bytes);
	close(life[1]);
	pthread_join(thread, NULL);
	close(life[0]);
	close(ready[0]);
	close(ready[1]);
	return back;
}

/* A port of this machine that somebody listens at; the socket. */
static int
listen_somewhere(int *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&a, n), 0);
	ck_assert_int_eq(listen(fd, 5), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

/* Through the server's door, mci-api, and mci-relay. */
static char *
over_http(struct span bytes)
{
	AUTO_FREE char *service = xformat("unix:%s/s", folder);
	AUTO_FREE char *door = xformat("unix:%s/d", folder);
	AUTO_FREE char *api = process_kit("mci-api");
	AUTO_FREE char *url = NULL;
	int port, fd = listen_somewhere(&port), ready[2], status;
	char byte, *back;
	char *argv[] = { api, "-q", "-l", door, "--http", "fd:7", "--ready-fd", "8", "--events", service,
		"--log", service, "--store", service, NULL };
	struct program c;
	struct error e;
	pid_t pid;

	with_tokens = true;
	c = program_start(service, -1, NULL, false);
	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	ck_assert_msg(process_spawn(&pid, &(struct process_spec){ .path = api, .argv = argv, .out = 1,
	    .err = 2, .extra = (const int[][2]){ { fd, 7 }, { ready[1], 8 } }, .nextra = 2 }, &e) == 0,
	    "%s", e.text);
	close(fd);
	close(ready[1]);
	ck_assert_int_eq(kernel.read(ready[0], &byte, 1), 1);
	close(ready[0]);
	url = xformat("http://127.0.0.1:%d", port);
	back = converse_at(url, bytes);
	kill(pid, SIGTERM);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	program_end(c);
	return back;
}

/* Of which the last ones are for what a server has behind its door. */
static const struct transport {
	const char *name;
	char *(*converse)(struct span bytes);
	bool door; /* it knows the methods of all services, and lines of its own are among ours */
} transports[] = {
	{ "unix:PATH", over_unix, false },
	{ "/PATH", over_path, false },
	{ "exec: and - on pipes", over_exec, false },
	{ "- on a socket", over_standard_socket, false },
	{ "fd: connected", over_descriptor, false },
	{ "fd: listening", over_listening_descriptor, false },
	{ "inproc:", over_inproc, false },
	{ "http:", over_http, true },
};
#define NTRANSPORTS (sizeof(transports) / sizeof(transports[0]))
#define NDIRECT (NTRANSPORTS - 1)

#define REPLY(id, result) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":" result "}\n"
#define FAIL(id, code, text) \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"error\":{\"code\":" code ",\"message\":\"" text "\"}}\n"
#define REQUEST(id, method, params) \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"" method "\",\"params\":" params "}\n"
#define COMPLAINT(name, text) /* @ stands for the number of the line */ \
	"{\"type\":\"error\",\"time\":\"T\",\"line\":@,\"error\":\"" name "\",\"text\":\"" text "\"}\n"

#define ALONE 2

/* What is said and what must come back. */
struct exchange {
	int general; /* true: any service on these rows answers so, not only the one of the test; ALONE: and
	              * no door is in front of it */
	const char *say, *hear;
};

static void
add_numbered(struct bytes *b, const char *hear, unsigned line)
{
	for (; *hear != '\0'; hear++) {
		if (*hear == '@')
			bytes_number(b, line);
		else
			bytes_char(b, *hear);
	}
}

/* Numbers of lines are those of the door: "line":17 becomes "line":N. Frees the text. */
static char *
without_lines(char *text)
{
	static const char key[] = "\"line\":";
	struct bytes out = { 0 };
	const char *p = text, *at;

	while ((at = strstr(p, key)) != NULL) {
		at += sizeof(key) - 1;
		bytes_add(&out, p, (size_t)(at - p));
		bytes_char(&out, 'N');
		p = at + strspn(at, "0123456789");
	}
	bytes_text(&out, p);
	free(text);
	return bytes_give(&out);
}

/* The lines of a table and what must come back; how many lines were said. */
static unsigned
dialogue(const struct exchange *exchanges, size_t n, struct bytes *say, struct bytes *expected,
    bool general, bool door)
{
	unsigned line = 0;

	for (size_t i = 0; i < n; i++) {
		if ((general && !exchanges[i].general) || (door && exchanges[i].general == ALONE))
			continue;
		bytes_text(say, exchanges[i].say);
		add_numbered(expected, exchanges[i].hear, ++line);
	}
	return line;
}

/* The conversation over one transport: each line of the table has to be there once, in any order. */
__attribute__((unused)) static void
says_each_line(const struct transport *t, const struct exchange *exchanges, size_t n)
{
	AUTO_BYTES say = { 0 }, expected = { 0 };
	AUTO_FREE char *back = NULL;
	AUTO_FREE char *wanted = NULL;

	dialogue(exchanges, n, &say, &expected, true, t->door);
	back = t->converse((struct span){ say.data, say.len });
	wanted = bytes_give(&expected);
	if (t->door) {
		back = without_lines(back);
		wanted = without_lines(wanted);
	}
	ck_assert_msg(strlen(back) == strlen(wanted), "%s: %.1500s\nexpected:\n%.1500s", t->name, back, wanted);
	for (const char *p = wanted, *end; *p != '\0'; p = end + 1) {
		AUTO_FREE char *line = NULL;

		end = strchr(p, '\n');
		line = xmemdup(p, (size_t)(end - p) + 1);
		ck_assert_msg(strstr(back, line) != NULL, "%s: lacks\n%sin\n%.3000s", t->name, line, back);
	}
}

#endif
