/* Callers and servers at their bounds: lost links, streams that end or are cut, many connections,
 * FIFOs. */
#include <signal.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "call.h"
#include "serve.h"
#include "tests/contract/drive.h"

#define REQUEST(id, method, params) \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"" method "\",\"params\":" params "}\n"
#define VERSION_CALL REQUEST("1", "param/get", "{\"name\":\"VERSION\"}")
#define VERSION_REPLY "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"value\":\"1.2.13\"}}\n"

/* A reader that does not read: the service keeps no more than a bounded number of answers. */
START_TEST(deaf)
{
	AUTO_FREE char *address = xformat("unix:%s/s", folder);
	struct program c = program_start(address, -1, NULL, false);
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
	back = converse_at(address, stub_span(VERSION_CALL));
	ck_assert_str_eq(back, VERSION_REPLY);
	close(fd);
	program_end(c);
}
END_TEST

static int
count_line(void *arg, struct span line)
{
	int *n = arg;

	ck_assert(line.n > 0 && line.p[0] == '{');
	return ++*n == 2 ? 42 : 0;
}

/* A command tells a stream that ended from one that was cut, and may leave when it has seen
 * enough. */
START_TEST(stream_ended_or_cut)
{
	AUTO_FREE char *address = xformat("unix:%s/s", folder);
	struct program c = program_start(address, -1, NULL, false);
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
	program_end(c);
}
END_TEST

/* Half closed or not, as nc -N does and as one that keeps its side open does. */
START_TEST(stream_without_half_close)
{
	AUTO_FREE char *address = xformat("unix:%s/s", folder);
	struct program c = program_start(address, -1, NULL, false);
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
	program_end(c);
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

/* A service that dies with calls open: those that may be sent again are, to the one that comes in its
 * place, the others fail. */
START_TEST(lost_link)
{
	AUTO_FREE char *address = xformat("unix:%s/s", folder);
	const struct client_wish once = { .again = CLIENT_ONCE };
	struct program c = program_start(address, -1, NULL, false);
	struct error e = { 0 };
	struct loop *loop = loop_new(&e);
	struct client *client = client_open(loop, address, NULL, NULL, &e);
	struct answers a = { 0 }, patient = { 0 };

	ck_assert_ptr_nonnull(client);
	client_call(client, "param/get", stub_span("{\"name\":\"NEVER\"}"), &once, answered, &a);
	client_call(client, "param/get", stub_span("{\"name\":\"NEVER\"}"), &once, answered, &a);
	client_call(client, "param/get", stub_span("{\"name\":\"VERSION\"}"), NULL, answered, &a);
	ck_assert_int_eq(a.n, 0);
	rounds_until(loop, &a, 1);
	ck_assert_int_eq(a.code, ERROR_NONE);
	ck_assert_str_eq(bytes_string(&a.result), "{\"value\":\"1.2.13\"}");
	client_call(client, "param/get", stub_span("{\"name\":\"none\"}"), NULL, answered, &a);
	rounds_until(loop, &a, 2);
	ck_assert_int_eq(a.code, ERROR_NOT_FOUND);
	kill(c.pid, SIGKILL);
	close(c.lifeline);
	client_call(client, "param/get", stub_span("{\"name\":\"VERSION\"}"), NULL, answered, &patient);
	rounds_until(loop, &a, 4);
	ck_assert_int_eq(a.code, ERROR_DISCONNECTED);
	waitpid(c.pid, NULL, 0);
	c = program_start(address, -1, NULL, false);
	rounds_until(loop, &patient, 1);
	ck_assert_str_eq(bytes_string(&patient.result), "{\"value\":\"1.2.13\"}");
	client_close(client);
	bytes_free(&a.result);
	bytes_free(&patient.result);
	loop_free(loop);
	program_end(c);
}
END_TEST

/* More calls than a service takes from one connection at once. */
START_TEST(many_calls)
{
	AUTO_FREE char *address = xformat("exec:%s serve -", self);
	struct error e = { 0 };
	struct loop *loop = loop_new(&e);
	struct client *client = client_open(loop, address, NULL, NULL, &e);
	struct answers a = { 0 }, bad = { 0 };

	for (int i = 0; i < 1000; i++)
		client_call(client, "param/get", stub_span("{\"name\":\"LATER\"}"), NULL, answered, &a);
	rounds_until(loop, &a, 1000);
	ck_assert_int_eq(a.code, ERROR_NONE);
	client_call(client, "param/get", stub_span("{\"name\":"), NULL, answered, &bad);
	client_call(client, "param/get", stub_span("{\"name\":\"VERSION\"}"), NULL, answered, &a);
	rounds_until(loop, &a, 1001);
	ck_assert_int_eq(a.code, ERROR_NONE);
	rounds_until(loop, &bad, 1);
	ck_assert_int_eq(bad.code, ERROR_INPUT);
	client_close(client);
	connect_reap(loop);
	bytes_free(&a.result);
	loop_free(loop);
}
END_TEST

/* Both sides have much to say at once, and neither waits for the other to read first. */
START_TEST(many_long_calls)
{
	AUTO_FREE char *address = xformat("unix:%s/s", folder);
	struct program c = program_start(address, -1, NULL, false);
	AUTO_FREE char *params = xformat("{\"name\":\"%01000d\"}", 0);
	struct error e = { 0 };
	struct loop *loop = loop_new(&e);
	struct client *client = client_open(loop, address, NULL, NULL, &e);
	struct answers a = { 0 };

	for (int i = 0; i < 4000; i++)
		client_call(client, "param/get", stub_span(params), NULL, answered, &a);
	rounds_until(loop, &a, 4000);
	ck_assert_int_eq(a.code, ERROR_NOT_FOUND);
	client_close(client);
	bytes_free(&a.result);
	loop_free(loop);
	program_end(c);
}
END_TEST

START_TEST(closing_gives_calls_up)
{
	AUTO_FREE char *address = xformat("exec:%s serve -", self);
	struct error e = { 0 };
	struct loop *loop = loop_new(&e);
	struct client *client = client_open(loop, address, NULL, NULL, &e);
	struct answers a = { 0 };

	client_call(client, "param/get", stub_span("{\"name\":\"VERSION\"}"), NULL, answered, &a);
	rounds_until(loop, &a, 1);
	client_call(client, "param/get", stub_span("{\"name\":\"NEVER\"}"), NULL, answered, &a);
	client_close(client);
	connect_reap(loop);
	ck_assert_int_eq(a.n, 1);
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
	struct program c = program_start(address, -1, NULL, false);
	AUTO_BYTES result = { 0 };

	post_many(address, 40000);
	ck_assert_int_eq(call_once(address, "build/get", stub_span("{}"), PATIENCE, &result, NULL), 0);
	ck_assert_ptr_nonnull(memmem(result.data, result.len, "local/stub/40000\"", 17));
	program_end(c);
}
END_TEST

/* A complaint about each of them comes back meanwhile. */
START_TEST(post_what_is_refused)
{
	AUTO_FREE char *address = xformat("unix:%s/s", folder);
	struct program c = program_start(address, -1, NULL, false);
	AUTO_BYTES lines = { 0 };
	struct error e = { 0 };

	for (int i = 0; i < 40000; i++)
		bytes_format(&lines, "{\"type\":\"job/end\",\"n\":%d}\n", i);
	ck_assert_int_eq(call_post(address, (struct span){ lines.data, lines.len }, &e), -1);
	ck_assert_int_eq(e.code, ERROR_REFUSED);
	program_end(c);
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
	struct program c;
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
	program_end(c);
	/* it made the FIFO and the socket, so it removed them */
	ck_assert_int_lt(access(fifo + 5, F_OK), 0);
	ck_assert_int_lt(access(address + 5, F_OK), 0);
}
END_TEST

/* What one connection too many is told. */
START_TEST(too_many_connections)
{
	AUTO_FREE char *address = xformat("unix:%s/s", folder);
	struct program c = program_start(address, -1, NULL, false);
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
	program_end(c);
}
END_TEST

/* A second service at a live socket is turned away, a dead one's socket is replaced. */
START_TEST(socket_taken)
{
	AUTO_FREE char *address = xformat("unix:%s/s", folder);
	struct program c = program_start(address, -1, NULL, false);
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

static Suite *
suite(void)
{
	Suite *s = suite_create("callers");
	TCase *t = tcase_create("callers");

	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	tcase_add_test(t, deaf);
	tcase_add_test(t, stream_ended_or_cut);
	tcase_add_test(t, stream_without_half_close);
	tcase_add_test(t, lost_link);
	tcase_add_test(t, many_calls);
	tcase_add_test(t, many_long_calls);
	tcase_add_test(t, closing_gives_calls_up);
	tcase_add_test(t, commands);
	tcase_add_test(t, post_to_socket);
	tcase_add_test(t, post_what_is_refused);
	tcase_add_test(t, post_to_fifo);
	tcase_add_test(t, too_many_connections);
	tcase_add_test(t, socket_taken);
	return s;
}

int
main(int argc, char **argv)
{
	serve_begin();
	return drive_main(argc, argv, suite);
}
