/* ways: one conversation with a service, over every transport. */
#ifndef TESTS_CONTRACT_WAYS_H
#define TESTS_CONTRACT_WAYS_H

#include <pthread.h>
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

static const struct transport {
	const char *name;
	char *(*converse)(struct span bytes);
} transports[] = {
	{ "unix:PATH", over_unix },
	{ "/PATH", over_path },
	{ "exec: and - on pipes", over_exec },
	{ "- on a socket", over_standard_socket },
	{ "fd: connected", over_descriptor },
	{ "fd: listening", over_listening_descriptor },
	{ "inproc:", over_inproc },
};
#define NTRANSPORTS (sizeof(transports) / sizeof(transports[0]))

#define REPLY(id, result) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":" result "}\n"
#define FAIL(id, code, text) \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"error\":{\"code\":" code ",\"message\":\"" text "\"}}\n"
#define REQUEST(id, method, params) \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"" method "\",\"params\":" params "}\n"
#define COMPLAINT(name, text) /* @ stands for the number of the line */ \
	"{\"type\":\"error\",\"time\":\"T\",\"line\":@,\"error\":\"" name "\",\"text\":\"" text "\"}\n"

/* What is said and what must come back. */
struct exchange {
	bool general; /* any service on these rows answers so, not only the one of the test */
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

/* The lines of a table and what must come back; how many lines were said. */
static unsigned
dialogue(const struct exchange *exchanges, size_t n, struct bytes *say, struct bytes *expected,
    bool general)
{
	unsigned line = 0;

	for (size_t i = 0; i < n; i++) {
		if (general && !exchanges[i].general)
			continue;
		bytes_text(say, exchanges[i].say);
		add_numbered(expected, exchanges[i].hear, ++line);
	}
	return line;
}

#endif
