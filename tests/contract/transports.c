/*
 * The contract suite: the same lines go to a service over every transport, and the same lines come back.
 *   transports              the stub behind every transport
 *   transports ADDRESS      what holds for every service on the build's rows, against a running one
 *   transports serve ADDRESS...   the stub itself (children of the tests)
 */
#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "connect.h"
#include "inproc.h"
#include "listener.h"
#include "memory.h"
#include "process.h"
#include "tests/contract/stub.h"

#define PATIENCE (20 * SECOND)

static const char *self; /* this program */
static const char *real; /* the address of a running service to test instead */
static char folder[] = "/tmp/mci-contract.XXXXXX";

/* ---- the service's side */

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
idle(void *arg)
{
	struct served *s = arg;

	if (s->lifeline < 0 && server_connections(s->server) == 0)
		loop_stop(s->loop, 0);
}

/* Serves the stub until the lifeline is cut; a byte on ready says that all addresses are open. */
static int
serve(const char *const *addresses, int n, int lifeline, int ready)
{
	struct error e = { 0 };
	struct stub stub = { 0 };
	struct served s = { .lifeline = lifeline };

	s.loop = stub.loop = loop_new(&e);
	s.server = server_new(s.loop, &stub_service, &stub);
	for (int i = 0; i < n; i++) {
		if (server_listen(s.server, addresses[i], 0, &e) < 0) {
			fprintf(stderr, "%s\n", e.text);
			return 1;
		}
	}
	if (lifeline >= 0)
		loop_watch(s.loop, lifeline, EPOLLIN, lifeline_cut, &s, &e);
	loop_on_idle(s.loop, idle, &s);
	if (ready >= 0)
		kernel_write_all(ready, "\n", 1);
	loop_run(s.loop, &e);
	server_free(s.server);
	loop_free(s.loop);
	return 0;
}

static int
serve_main(int argc, char **argv)
{
	bool one = strcmp(argv[0], "-") == 0 || getenv("STUB_CONNECTED") != NULL;

	return serve((const char *const *)argv, argc, one ? -1 : 0, one ? -1 : 1);
}

/* ---- the caller's side: everything that comes back on one connection */

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

/* Times differ: "time":"..." becomes "time":"T". */
static char *
without_times(const struct bytes *lines)
{
	static const char key[] = "\"time\":\"";
	struct bytes out = { 0 };
	const char *p = lines->data, *end = p + lines->len;

	while (p < end) {
		const char *at = memmem(p, (size_t)(end - p), key, sizeof(key) - 1);

		if (at == NULL)
			break;
		at += sizeof(key) - 1;
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
	text = without_times(&h->lines);
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

/* ---- the transports */

/* A child that serves an address; ends when its lifeline closes. */
struct child {
	pid_t pid;
	int lifeline;
};

/* in: the child's standard input and output when it is one connection, -1: a lifeline and "ready". */
static struct child
child_start(const char *address, int connection, const int (*extra)[2], bool connected)
{
	const char *argv[] = { self, "serve", address, NULL };
	char *env[] = { connected ? "STUB_CONNECTED=1" : "STUB=1", NULL };
	struct process_spec p = { .path = self, .argv = (char *const *)(uintptr_t)argv, .env = env,
		.err = 2, .extra = extra, .nextra = extra == NULL ? 0 : 1 };
	int life[2] = { -1, -1 }, ready[2] = { -1, -1 };
	struct child c = { .lifeline = -1 };
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
child_end(struct child c)
{
	int status;

	if (c.lifeline >= 0)
		close(c.lifeline);
	ck_assert_int_eq(waitpid(c.pid, &status, 0), c.pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the service ended with %x",
	    (unsigned)status);
}

static char *
over_unix(struct span bytes)
{
	AUTO_FREE char *address = xformat("unix:%s/s", folder);
	struct child c = child_start(address, -1, NULL, false);
	char *back = converse_at(address, bytes);

	child_end(c);
	return back;
}

static char *
over_path(struct span bytes)
{
	AUTO_FREE char *address = xformat("unix:%s/s", folder);
	struct child c = child_start(address, -1, NULL, false);
	char *back = converse_at(strchr(address, '/'), bytes);

	child_end(c);
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
	struct child c;
	char *back;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	c = child_start(address, standard ? ends[1] : -1, &(const int[2]){ ends[1], 7 }, true);
	close(ends[1]);
	mine = xformat("fd:%d", ends[0]);
	back = converse_at(mine, bytes);
	child_end(c);
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
	struct child c;
	char *back;

	snprintf(name.sun_path, sizeof(name.sun_path), "%s", strchr(address, '/'));
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&name, sizeof(name)), 0);
	ck_assert_int_eq(listen(fd, 5), 0);
	c = child_start("fd:7", -1, &(const int[2]){ fd, 7 }, false);
	close(fd);
	back = converse_at(address, bytes);
	child_end(c);
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
	const char *address = "inproc:stub";

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
	back = converse_at("inproc:stub", bytes);
	close(life[1]);
	pthread_join(thread, NULL);
	close(life[0]);
	close(ready[0]);
	close(ready[1]);
	return back;
}

/* Fails with the first line that differs. */
static void
same_lines(const char *where, const char *back, const char *expected)
{
	size_t same = 0;

	if (strcmp(back, expected) == 0)
		return;
	for (size_t i = 0; back[i] != '\0' && back[i] == expected[i]; i++) {
		if (back[i] == '\n')
			same = i + 1;
	}
	ck_abort_msg("%s:\n%.300s\nexpected:\n%.300s", where, back + same, expected + same);
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

/* ---- what is said and what must come back; general: any service on the build's rows answers so */

#define REPLY(id, result) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":" result "}\n"
#define FAIL(id, code, text) \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"error\":{\"code\":" code ",\"message\":\"" text "\"}}\n"
#define REQUEST(id, method, params) \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"" method "\",\"params\":" params "}\n"
#define COMPLAINT(name, text) /* @ stands for the number of the line */ \
	"{\"type\":\"error\",\"time\":\"T\",\"line\":@,\"error\":\"" name "\",\"text\":\"" text "\"}\n"

static const struct exchange {
	bool general;
	const char *say, *hear;
} exchanges[] = {
	/* a good one, a missing thing, ids of other kinds, no params at all, a notification */
	{ false, REQUEST("1", "param/get", "{\"name\":\"VERSION\"}"),
	    REPLY("1", "{\"value\":\"1.2.13\"}") },
	{ true, REQUEST("2", "param/get", "{\"name\":\"no such param\"}"),
	    FAIL("2", "-32000", "there is no param 'no such param'") },
	{ false, REQUEST("\"a \\u00e9 \\\"b\\\"\"", "param/get", "{\"name\":\"VERSION\"}"),
	    REPLY("\"a \\u00e9 \\\"b\\\"\"", "{\"value\":\"1.2.13\"}") },
	{ false, REQUEST("-7.5e1", "output/set", "{\"job\":\"a\",\"name\":\"b\",\"value\":\"\"}"),
	    REPLY("-7.5e1", "{}") },
	{ false, "{\"jsonrpc\":\"2.0\",\"method\":\"build/get\",\"id\":3}\n",
	    REPLY("3", "{\"id\":\"local/stub/0\",\"status\":\"running\",\"folder\":\"/stub\","
	    "\"dir\":\"/dropped/0\"}") },
	{ false, "{\"jsonrpc\":\"2.0\",\"method\":\"event/post\",\"params\":{\"type\":\"a/b\"}}\n", "" },
	/* methods and params that are not in the contract */
	{ true, REQUEST("4", "param/put", "{}"),
	    FAIL("4", "-32601", "param/put: no method of the service build") },
	{ true, REQUEST("5", "build/cancel", "{}"),
	    FAIL("5", "-32601", "build/cancel: no method of the service build") },
	{ true, REQUEST("6", "param/get", "{}"),
	    FAIL("6", "-32602", "param/get: parameter name is missing (of the parameter)") },
	{ true, REQUEST("7", "param/get", "{\"name\":1}"),
	    FAIL("7", "-32602", "param/get: parameter name: expected a string, found a number") },
	{ true, REQUEST("8", "param/get", "{\"name\":\"A\",\"nam\":\"B\"}"),
	    FAIL("8", "-32602", "param/get: unknown parameter nam") },
	{ true, REQUEST("9", "param/get", "{\"name\":\"A\",\"name\":\"B\"}"),
	    FAIL("9", "-32602", "param/get: parameter name comes twice") },
	{ true, REQUEST("10", "param/get", "[\"VERSION\"]"),
	    FAIL("10", "-32602", "param/get: params: expected an object") },
	{ true, REQUEST("11", "param/get", "{\"name\":\"a\\u0000b\"}"),
	    FAIL("11", "-32602", "param/get: parameter name: a string may not hold U+0000") },
	{ true, REQUEST("12", "job/add", "{\"spec\":\"make\"}"),
	    FAIL("12", "-32602", "job/add: parameter spec: expected an object, found a string") },
	{ true, REQUEST("13", "event/subscribe", "{\"from\":\"now\"}"),
	    FAIL("13", "-32602", "event/subscribe: parameter from: expected a number, found a string") },
	/* lines that are no messages: the connection goes on behind each */
	{ true, "make all\n", COMPLAINT("not-json",
	    "not JSON: an object was expected at byte 1") },
	{ true, "\n", COMPLAINT("not-json", "not JSON: nothing there at byte 1") },
	{ true, "[]\n", COMPLAINT("invalid-request", "expected a JSON object, found an array") },
	{ true, "{\"id\":\"a\",\"script\":[\"true\"]}\n", COMPLAINT("invalid-request",
	    "expected a request or an event, found a spec") },
	{ true, REPLY("18", "{}"), COMPLAINT("invalid-request",
	    "expected a request or an event, found a reply") },
	{ true, "{\"jsonrpc\":\"2.0\",\"id\":19,\"method\":7}\n",
	    FAIL("19", "-32600", "method: expected a string, found a number") },
	{ true, "{\"jsonrpc\":\"2.0\",\"id\":[],\"method\":\"build/get\"}\n",
	    FAIL("null", "-32600", "id: expected a string or a number, found an array") },
	{ true, "{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"build/get\"}\n",
	    FAIL("1", "-32600", "id: the key comes twice") },
	{ true, "{\"jsonrpc\":\"2.0\",\"method\":\"no/thing\"}\n", COMPLAINT("unknown-method",
	    "no/thing: no method of the service build") },
	/* events */
	{ false, "{\"type\":\"test/passed\",\"name\":\"x\"}\n", "" },
	{ false, "{\"type\":\"job/end\"}\n", COMPLAINT("refused",
	    "type: job/end is not yours to say") },
	{ true, "{\"type\":\"\"}\n", COMPLAINT("invalid-request",
	    "type: expected a name such as job/end, found an empty string") },
	{ true, "{\"type\":\"a/b\",\"type\":\"a/b\"}\n", COMPLAINT("invalid-request",
	    "type: the key comes twice") },
	/* a result over the bound, an answer that comes later than the next one's */
	{ false, REQUEST("20", "param/get", "{\"name\":\"LARGE\"}"),
	    FAIL("20", "-32001", "the reply has 1048624 bytes, a line may have 1048576") },
	{ false, REQUEST("21", "param/get", "{\"name\":\"VERSION\"}"),
	    REPLY("21", "{\"value\":\"1.2.13\"}") },
	{ false, REQUEST("22", "build/get", "{}"),
	    REPLY("22", "{\"id\":\"local/stub/2\",\"status\":\"running\",\"folder\":\"/stub\","
	    "\"dir\":\"/dropped/0\"}") },
};
#define NEXCHANGES (sizeof(exchanges) / sizeof(exchanges[0]))

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

/* The lines of the table and what must come back; how many lines were said. */
static unsigned
dialogue(struct bytes *say, struct bytes *expected, bool general)
{
	unsigned line = 0;

	for (size_t i = 0; i < NEXCHANGES; i++) {
		if (general && !exchanges[i].general)
			continue;
		bytes_text(say, exchanges[i].say);
		add_numbered(expected, exchanges[i].hear, ++line);
	}
	return line;
}

START_TEST(every_transport)
{
	const struct transport *t = &transports[_i];
	AUTO_BYTES say = { 0 };
	AUTO_BYTES expected = { 0 };
	AUTO_FREE char *back = NULL;
	unsigned line = dialogue(&say, &expected, false) + 2;

	/* the answer that comes last, and a line that the end of the stream cuts */
	bytes_text(&say, REQUEST("23", "param/get", "{\"name\":\"LATER\"}") "{\"jsonrpc\":");
	bytes_format(&expected, "{\"type\":\"error\",\"time\":\"T\",\"line\":%u,\"error\":\"not-json\","
	    "\"text\":\"the stream ended inside line %u: 11 bytes without a newline were dropped\"}\n",
	    line, line);
	bytes_text(&expected, REPLY("23", "{\"value\":\"in time\"}"));
	back = t->converse((struct span){ say.data, say.len });
	same_lines(t->name, back, bytes_string(&expected));
}
END_TEST

/* A line over the bound, in the middle of others. */
START_TEST(too_long)
{
	AUTO_BYTES say = { 0 };
	AUTO_FREE char *back = NULL;

	bytes_text(&say, exchanges[0].say);
	bytes_text(&say, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"");
	memset(bytes_reserve(&say, 3 * LINE_LIMIT), 'x', 3 * LINE_LIMIT);
	say.len += 3 * LINE_LIMIT;
	bytes_text(&say, "\"}\n");
	bytes_text(&say, exchanges[0].say);
	back = transports[_i].converse((struct span){ say.data, say.len });
	same_lines(transports[_i].name, back, REPLY("1", "{\"value\":\"1.2.13\"}")
	    "{\"type\":\"error\",\"time\":\"T\",\"line\":2,\"error\":\"not-json\","
	    "\"text\":\"the line is longer than 1048576 bytes\"}\n"
	    REPLY("1", "{\"value\":\"1.2.13\"}"));
}
END_TEST

/* More requests than may be open: reading waits, nothing is lost, the order of each kind is kept. */
START_TEST(many_open)
{
	AUTO_BYTES say = { 0 };
	AUTO_FREE char *back = NULL;
	size_t lines = 0;

	for (int i = 1; i <= 1000; i++)
		bytes_format(&say, REQUEST("%d", "param/get", "{\"name\":\"LATER\"}"), i);
	back = transports[_i].converse((struct span){ say.data, say.len });
	for (const char *p = back; *p != '\0'; p = strchr(p, '\n') + 1) {
		AUTO_FREE char *expected = xformat(REPLY("%zu", "{\"value\":\"in time\"}"), ++lines);

		ck_assert_msg(strncmp(p, expected, strlen(expected)) == 0, "%s", p);
	}
	ck_assert_uint_eq(lines, 1000);
}
END_TEST

/* A reader that does not read: the service keeps no more than a bounded number of answers. */
START_TEST(deaf)
{
	AUTO_FREE char *address = xformat("unix:%s/s", folder);
	struct child c = child_start(address, -1, NULL, false);
	AUTO_BYTES say = { 0 };
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	size_t taken = 0;
	AUTO_FREE char *back = NULL;

	snprintf(name.sun_path, sizeof(name.sun_path), "%s/s", folder);
	ck_assert_int_eq(kernel.connect(fd, (const struct sockaddr *)&name, sizeof(name)), 0);
	for (int i = 0; i < 1000; i++)
		bytes_text(&say, "garbage\n");
	/* it stops to read long before this much */
	while (taken < 64 * LINE_LIMIT) {
		ssize_t n = send(fd, say.data, say.len, MSG_NOSIGNAL);

		if (n < 0)
			break;
		taken += (size_t)n;
	}
	ck_assert_uint_lt(taken, 4 * LINE_LIMIT);
	/* and others are served meanwhile */
	back = converse_at(address, stub_span(exchanges[0].say));
	ck_assert_str_eq(back, exchanges[0].hear);
	close(fd);
	child_end(c);
}
END_TEST

START_TEST(stream_with_an_end)
{
	AUTO_FREE char *back = transports[_i].converse(stub_span(
	    REQUEST("1", "event/subscribe", "{\"from\":0}")));

	ck_assert_str_eq(back, REPLY("1", "{}")
	    "{\"type\":\"note/made\",\"time\":\"T\"}\n{\"type\":\"note/made\",\"time\":\"T\"}\n"
	    "{\"type\":\"note/made\",\"time\":\"T\"}\n{\"type\":\"eof\",\"time\":\"T\"}\n");
}
END_TEST

/* A stream takes over only a connection on which nothing is open. */
START_TEST(stream_beside_a_call)
{
	AUTO_FREE char *back = transports[_i].converse(stub_span(
	    REQUEST("1", "param/get", "{\"name\":\"LATER\"}")
	    REQUEST("2", "event/subscribe", "{}")));

	ck_assert_str_eq(back, FAIL("2", "-32002",
	    "a stream needs a connection without open requests and unread replies")
	    REPLY("1", "{\"value\":\"in time\"}"));
}
END_TEST

static int
count_line(void *arg, struct span line)
{
	int *n = arg;

	ck_assert(line.n > 0 && line.p[0] == '{');
	return ++*n == 2 ? 42 : 0;
}

/* A command tells a stream that ended from one that was cut, and may leave when it has seen enough. */
START_TEST(stream_ended_or_cut)
{
	AUTO_FREE char *address = xformat("unix:%s/s", folder);
	struct child c = child_start(address, -1, NULL, false);
	AUTO_BYTES result = { 0 };
	struct error e = { 0 };
	int n = -10;

	ck_assert_int_eq(call_stream(address, "event/subscribe", stub_span("{}"), -1, count_line, &n, &e), 0);
	ck_assert_int_eq(n, -7);
	ck_assert_int_eq(call_stream(address, "event/subscribe", stub_span("{\"from\":2}"), -1, count_line,
	    &n, &e), -1);
	ck_assert_int_eq(e.code, ERROR_DISCONNECTED);
	n = 1;
	ck_assert_int_eq(call_stream(address, "event/subscribe", stub_span("{\"from\":1}"), -1, count_line,
	    &n, &e), 42);
	ck_assert_int_eq(call_stream(address, "event/subscribe", stub_span("{\"from\":[]}"), -1,
	    count_line, &n, &e), -1);
	ck_assert_int_eq(e.code, ERROR_INPUT);
	/* the service has noticed the one that left */
	for (int i = 0; i < 1000 && (result.len == 0 || memmem(result.data, result.len, "dropped/1", 9)
	    == NULL); i++) {
		result.len = 0;
		ck_assert_int_eq(call_once(address, "build/get", (struct span){ NULL, 0 }, PATIENCE,
		    &result, &e), 0);
	}
	ck_assert_ptr_nonnull(memmem(result.data, result.len, "dropped/1", 9));
	child_end(c);
}
END_TEST

/* Half closed or not, as nc -N does and as one that keeps its side open does. */
START_TEST(stream_without_half_close)
{
	AUTO_FREE char *address = xformat("unix:%s/s", folder);
	struct child c = child_start(address, -1, NULL, false);
	struct error e = { 0 };
	struct heard h = { 0 };
	struct loop *loop = loop_new(&e);
	const char *say = REQUEST("1", "event/subscribe", "{}");
	struct address a;
	struct link *l;

	ck_assert_int_eq(address_parse(&a, address, &e), 0);
	l = connect_open(loop, &a, &hearing, &h, &e);
	ck_assert_int_eq(link_send(l, say, strlen(say)), 0);
	listen_until_closed(loop, &h);
	ck_assert_ptr_nonnull(memmem(h.lines.data, h.lines.len, "\"eof\"", 5));
	bytes_free(&h.lines);
	address_free(&a);
	loop_free(loop);
	child_end(c);
}
END_TEST

struct answers {
	int n;
	enum error_code code;
	struct bytes result;
};

static void
answered(void *arg, struct span result, const struct error *e)
{
	struct answers *a = arg;

	a->n++;
	a->code = e->code;
	a->result.len = 0;
	bytes_add(&a->result, result.p, result.n);
}

static void
rounds_until(struct loop *loop, const struct answers *a, int n)
{
	int64_t deadline = kernel.now() + PATIENCE;

	while (a->n < n && kernel.now() < deadline)
		ck_assert_int_eq(loop_round(loop, deadline, NULL), 0);
	ck_assert_int_eq(a->n, n);
}

/* Calls that are open when the service dies fail with "disconnected", and so do later ones. */
START_TEST(lost_link)
{
	AUTO_FREE char *address = xformat("unix:%s/s", folder);
	struct child c = child_start(address, -1, NULL, false);
	struct error e = { 0 };
	struct loop *loop = loop_new(&e);
	struct client *client = client_open(loop, address, &e);
	struct answers a = { 0 };

	ck_assert_ptr_nonnull(client);
	client_call(client, "param/get", stub_span("{\"name\":\"NEVER\"}"), answered, &a);
	client_call(client, "param/get", stub_span("{\"name\":\"NEVER\"}"), answered, &a);
	client_call(client, "param/get", stub_span("{\"name\":\"VERSION\"}"), answered, &a);
	ck_assert_int_eq(a.n, 0);
	rounds_until(loop, &a, 1);
	ck_assert_int_eq(a.code, ERROR_NONE);
	ck_assert_str_eq(bytes_string(&a.result), "{\"value\":\"1.2.13\"}");
	client_call(client, "param/get", stub_span("{\"name\":\"none\"}"), answered, &a);
	rounds_until(loop, &a, 2);
	ck_assert_int_eq(a.code, ERROR_NOT_FOUND);
	kill(c.pid, SIGKILL);
	rounds_until(loop, &a, 4);
	ck_assert_int_eq(a.code, ERROR_DISCONNECTED);
	client_call(client, "build/get", (struct span){ NULL, 0 }, answered, &a);
	ck_assert_int_eq(a.n, 4);
	rounds_until(loop, &a, 5);
	ck_assert_int_eq(a.code, ERROR_DISCONNECTED);
	client_close(client);
	bytes_free(&a.result);
	loop_free(loop);
	close(c.lifeline);
	waitpid(c.pid, NULL, 0);
}
END_TEST

START_TEST(closing_fails_calls)
{
	AUTO_FREE char *address = xformat("exec:%s serve -", self);
	struct error e = { 0 };
	struct loop *loop = loop_new(&e);
	struct client *client = client_open(loop, address, &e);
	struct answers a = { 0 };

	client_call(client, "param/get", stub_span("{\"name\":\"NEVER\"}"), answered, &a);
	client_close(client);
	ck_assert_int_eq(a.n, 1);
	ck_assert_int_eq(a.code, ERROR_DISCONNECTED);
	connect_reap(loop);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	bytes_free(&a.result);
	loop_free(loop);
}
END_TEST

/* What commands do: one call, with and without an answer. */
START_TEST(commands)
{
	AUTO_FREE char *address = xformat("exec:%s serve -", self);
	AUTO_FREE char *large = xmalloc(LINE_LIMIT + 1);
	AUTO_BYTES result = { 0 };
	struct error e = { 0 };

	ck_assert_int_eq(call_once(address, "param/get", stub_span("{\n\"name\":\n\"VERSION\"}"),
	    PATIENCE, &result, &e), 0);
	ck_assert_str_eq(bytes_string(&result), "{\"value\":\"1.2.13\"}");
	ck_assert_int_eq(call_once(address, "param/get", stub_span("{\"name\":\"NEVER\"}"),
	    20 * MILLISECOND, &result, &e), -1);
	ck_assert_int_eq(e.code, ERROR_BUSY);
	ck_assert_int_eq(call_once(address, "param/get", stub_span("{\"name\":"), PATIENCE, &result,
	    &e), -1);
	ck_assert_int_eq(e.code, ERROR_INPUT);
	memset(large, ' ', LINE_LIMIT);
	ck_assert_int_eq(call_once(address, "param/get", stub_span(large), PATIENCE, &result, &e), -1);
	ck_assert_int_eq(e.code, ERROR_LIMIT);
	ck_assert_int_eq(call_once("exec:/nowhere/at/all", "param/get", stub_span("{}"), PATIENCE,
	    &result, &e), -1);
	ck_assert_int_eq(call_once("exec:true", "param/get", stub_span("{}"), PATIENCE, &result, &e),
	    -1);
	ck_assert_int_eq(e.code, ERROR_DISCONNECTED);
	ck_assert_int_eq(call_once("/nowhere/at/all", "param/get", stub_span("{}"), PATIENCE, &result,
	    &e), -1);
	ck_assert_int_eq(e.code, ERROR_DISCONNECTED);
	ck_assert_int_eq(call_once("inproc:nobody", "param/get", stub_span("{}"), PATIENCE, &result,
	    &e), -1);
	ck_assert_int_eq(e.code, ERROR_DISCONNECTED);
	ck_assert_int_eq(call_post(address, stub_span("{\"type\":\"a/b\"}\n"), &e), 0);
	ck_assert_int_eq(call_post(address, stub_span("{\"type\":\"job/end\"}\n"), &e), -1);
	ck_assert_int_eq(e.code, ERROR_REFUSED);
}
END_TEST

/* Several megabytes of events, and how many of them the service has seen. */
static void
post_many(const char *to, int n)
{
	AUTO_BYTES lines = { 0 };
	struct error e = { 0 };

	for (int i = 0; i < n; i++)
		bytes_format(&lines, "{\"type\":\"test/passed\",\"n\":%d,\"pad\":\"%0200d\"}\n", i, i);
	ck_assert_msg(call_post(to, (struct span){ lines.data, lines.len }, &e) == 0, "%s", e.text);
}

START_TEST(post_to_socket)
{
	AUTO_FREE char *address = xformat("unix:%s/s", folder);
	struct child c = child_start(address, -1, NULL, false);
	AUTO_BYTES result = { 0 };

	post_many(address, 40000);
	ck_assert_int_eq(call_once(address, "build/get", stub_span("{}"), PATIENCE, &result, NULL), 0);
	ck_assert_ptr_nonnull(memmem(result.data, result.len, "local/stub/40000\"", 17));
	child_end(c);
}
END_TEST

/* Two writers, one after the other has left, and a service that also listens elsewhere. */
START_TEST(post_to_fifo)
{
	AUTO_FREE char *fifo = xformat("fifo:%s/f", folder);
	AUTO_FREE char *address = xformat("unix:%s/s", folder);
	const char *argv[] = { self, "serve", address, fifo, NULL };
	struct process_spec p = { .path = self, .argv = (char *const *)(uintptr_t)argv, .err = 2 };
	int life[2], ready[2];
	struct error e = { 0 };
	struct child c;
	char byte;

	ck_assert_int_eq(pipe2(life, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	p.in = life[0];
	p.out = ready[1];
	ck_assert_msg(process_spawn(&c.pid, &p, &e) == 0, "%s", e.text);
	c.lifeline = life[1];
	ck_assert_int_eq(kernel.read(ready[0], &byte, 1), 1);
	post_many(fifo, 5000);
	post_many(fifo, 5000);
	for (int i = 0;; i++) {
		AUTO_BYTES result = { 0 };

		ck_assert_int_eq(call_once(address, "build/get", stub_span("{}"), PATIENCE, &result, &e), 0);
		if (memmem(result.data, result.len, "local/stub/10000\"", 17) != NULL)
			break;
		ck_assert_int_lt(i, 10000);
	}
	child_end(c);
	/* it made the FIFO and the socket, so it removed them */
	ck_assert_int_lt(access(fifo + 5, F_OK), 0);
	ck_assert_int_lt(access(address + 5, F_OK), 0);
}
END_TEST

/* What one connection too many is told. */
START_TEST(too_many_connections)
{
	AUTO_FREE char *address = xformat("unix:%s/s", folder);
	struct child c = child_start(address, -1, NULL, false);
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	AUTO_BYTES result = { 0 };
	struct error e = { 0 };
	int fds[SERVER_CONNECTIONS];

	snprintf(name.sun_path, sizeof(name.sun_path), "%s/s", folder);
	for (int i = 0; i < SERVER_CONNECTIONS; i++) {
		fds[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		ck_assert_int_ge(fds[i], 0);
		ck_assert_int_eq(kernel.connect(fds[i], (const struct sockaddr *)&name, sizeof(name)), 0);
	}
	ck_assert_int_eq(call_once(address, "build/get", stub_span("{}"), PATIENCE, &result, &e), -1);
	ck_assert_int_eq(e.code, ERROR_LIMIT);
	for (int i = 0; i < SERVER_CONNECTIONS; i++)
		close(fds[i]);
	/* and when they have left there is room again */
	while (call_once(address, "build/get", stub_span("{}"), PATIENCE, &result, &e) < 0)
		ck_assert_int_eq(e.code, ERROR_LIMIT);
	child_end(c);
}
END_TEST

/* A second service at a live socket is turned away, a dead one's socket is replaced. */
START_TEST(socket_taken)
{
	AUTO_FREE char *address = xformat("unix:%s/s", folder);
	struct child c = child_start(address, -1, NULL, false);
	struct error e = { 0 };
	struct loop *loop = loop_new(&e);
	struct server *s = server_new(loop, &stub_service, NULL);
	struct stat st;

	ck_assert_int_eq(stat(address + 5, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_lt(server_listen(s, address, 0, &e), 0);
	ck_assert_int_eq(e.code, ERROR_BUSY);
	kill(c.pid, SIGKILL);
	waitpid(c.pid, NULL, 0);
	close(c.lifeline);
	ck_assert_msg(server_listen(s, address, 0, &e) == 0, "%s", e.text);
	ck_assert_int_lt(server_listen(s, "inproc:", 0, &e), 0);
	ck_assert_int_eq(server_listen(s, "inproc:twice", 0, &e), 0);
	ck_assert_int_lt(server_listen(s, "inproc:twice", 0, &e), 0);
	ck_assert_int_lt(server_listen(s, "exec:true", 0, &e), 0);
	server_free(s);
	loop_free(loop);
}
END_TEST

/* ---- against a running service */

START_TEST(real_service)
{
	AUTO_BYTES say = { 0 };
	AUTO_BYTES expected = { 0 };
	AUTO_FREE char *back = NULL;

	dialogue(&say, &expected, true);
	back = converse_at(real, (struct span){ say.data, say.len });
	same_lines(real, back, bytes_string(&expected));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("transports");
	TCase *t = tcase_create("transports");

	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	if (real != NULL) {
		tcase_add_test(t, real_service);
		return s;
	}
	tcase_add_loop_test(t, every_transport, 0, NTRANSPORTS);
	tcase_add_loop_test(t, too_long, 0, NTRANSPORTS);
	tcase_add_loop_test(t, many_open, 0, NTRANSPORTS);
	tcase_add_loop_test(t, stream_with_an_end, 0, NTRANSPORTS);
	tcase_add_loop_test(t, stream_beside_a_call, 0, NTRANSPORTS);
	tcase_add_test(t, stream_ended_or_cut);
	tcase_add_test(t, stream_without_half_close);
	tcase_add_test(t, deaf);
	tcase_add_test(t, lost_link);
	tcase_add_test(t, closing_fails_calls);
	tcase_add_test(t, commands);
	tcase_add_test(t, post_to_socket);
	tcase_add_test(t, post_to_fifo);
	tcase_add_test(t, too_many_connections);
	tcase_add_test(t, socket_taken);
	return s;
}

int
main(int argc, char **argv)
{
	AUTO_FREE char *path = realpath("/proc/self/exe", NULL);
	SRunner *runner;
	int failed;

	self = path;
	if (argc > 2 && strcmp(argv[1], "serve") == 0)
		return serve_main(argc - 2, argv + 2);
	real = argc > 1 ? argv[1] : NULL;
	if (mkdtemp(folder) == NULL)
		return 1;
	runner = srunner_create(suite());
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	rmdir(folder);
	return failed > 0;
}
