#include <stdlib.h>

#include "budget.h"
#include "memory.h"
#include "tests/unit/served.h"

/* A service that keeps every request, to be answered when the test says so. */
struct keeper {
	struct request *kept[200];
	int n;
	int streams_closed, events;
	pid_t poster;
};

static struct keeper keeper;

static void
keep(void *self, struct request *r)
{
	struct keeper *k = self;

	k->kept[k->n++] = r;
}

static void
reveal(void *self, struct request *r)
{
	const char *job = request_text(r, "job");
	struct bytes result = { 0 };

	(void)self;
	bytes_format(&result, "[\"%s\",\"%s\",%zu,%zu]", job, request_text(r, "name"),
	    request_raw(r, "value").n, request_params(r).n);
	ck_assert_ptr_null(request_text(r, "none"));
	ck_assert_uint_eq(request_raw(r, "none").n, 0);
	ck_assert_str_eq(job, "a\n\xc3\xa9");
	ck_assert_int_eq(request_peer(r)->pid, getpid());
	request_reply(r, (struct span){ "true", 4 });
	bytes_free(&result);
}

static void
closed(void *arg, struct link *l)
{
	struct keeper *k = arg;

	ck_assert_ptr_nonnull(l);
	k->streams_closed++;
}

static void
stream(void *self, struct request *r)
{
	struct link *l = request_stream(r, (struct span){ NULL, 0 }, closed, self);

	if (l != NULL)
		ck_assert_int_eq(kernel_write_all(link_take_over(l), "record\n", 7), 0);
}

static void
refuse(void *self, struct request *r)
{
	struct error e = { 0 };

	(void)self;
	error_set(&e, ERROR_BUSY, "the lock is held");
	request_fail_with(r, &e);
}

static int
event(void *self, const struct link_peer *peer, const struct message *m, struct error *e)
{
	struct keeper *k = self;

	k->events++;
	k->poster = peer->pid;
	return span_is(m->type, "a/full") ? error_set(e, ERROR_SYSTEM, "no space left") : 0;
}

static const struct service_method methods[] = {
	{ "param/get", keep },
	{ "output/set", reveal },
	{ "job/list", refuse },
	{ "event/subscribe", stream },
};
static const struct service with_events = { .contract = &contract_build, .methods = methods, .nmethods = 4,
	.event = event };
static const struct service without_events = { .contract = &contract_build, .methods = methods, .nmethods = 4 };

static void
setup(void)
{
	loop = loop_new(NULL);
	keeper = (struct keeper){ 0 };
	server = server_new(loop, &with_events, &keeper);
}

static void
teardown(void)
{
	server_free(server);
	loop_free(loop);
	budget_limit(BUDGET_BYTES);
}

#define GET(id) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"param/get\",\"params\":{\"name\":\"A\"}}\n"
#define SUBSCRIBE "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"event/subscribe\"}\n"

START_TEST(later_and_in_any_order)
{
	int fd = connected();

	say(fd, GET("1") GET("2"));
	ck_assert_str_eq(heard(fd), "");
	request_reply(keeper.kept[1], (struct span){ "2", 1 });
	request_fail(keeper.kept[0], "limit", "%d is too many", 3);
	ck_assert_str_eq(heard(fd), "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":2}\n"
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32001,\"message\":\"3 is too many\"}}\n");
	close(fd);
}
END_TEST

/* A caller that has gone does not hurt the one who answers; nor does a server that has. */
START_TEST(nobody_waits)
{
	int fd = connected();

	say(fd, GET("1") GET("2"));
	ck_assert_uint_eq(server_connections(server), 1);
	close(fd);
	settle();
	ck_assert_uint_eq(server_connections(server), 0);
	request_reply(keeper.kept[0], (struct span){ "1", 1 });
	/* the other one is left to server_free */
}
END_TEST

/* Half closed: what is open is answered, then the connection ends. */
START_TEST(answers_after_the_end)
{
	int fd = connected();
	char byte;

	say(fd, GET("1"));
	shutdown(fd, SHUT_WR);
	settle();
	ck_assert_uint_eq(server_connections(server), 1);
	request_reply(keeper.kept[0], (struct span){ "1", 1 });
	ck_assert_str_eq(heard(fd), "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1}\n");
	settle();
	ck_assert_uint_eq(server_connections(server), 0);
	ck_assert_int_eq(recv(fd, &byte, 1, 0), 0);
	close(fd);
}
END_TEST

START_TEST(notifications)
{
	int fd = connected();

	say(fd, "{\"jsonrpc\":\"2.0\",\"method\":\"param/get\",\"params\":{\"name\":\"A\"}}\n");
	ck_assert_int_eq(keeper.n, 1);
	request_reply(keeper.kept[0], (struct span){ "1", 1 });
	ck_assert_str_eq(heard(fd), "");
	close(fd);
}
END_TEST

START_TEST(at_most_so_many)
{
	int fd = connected();

	for (int i = 0; i < CONNECTION_REQUESTS + 10; i++)
		say(fd, GET("1"));
	ck_assert_int_eq(keeper.n, CONNECTION_REQUESTS);
	request_reply(keeper.kept[0], (struct span){ "1", 1 });
	ck_assert_int_eq(keeper.n, CONNECTION_REQUESTS);
	settle();
	ck_assert_int_eq(keeper.n, CONNECTION_REQUESTS + 1);
	for (int i = 1; i < keeper.n; i++) {
		request_reply(keeper.kept[i], (struct span){ "1", 1 });
		settle();
	}
	ck_assert_int_eq(keeper.n, CONNECTION_REQUESTS + 10);
	close(fd);
}
END_TEST

static void
say_some(int fd, char c, size_t n)
{
	char piece[16384];

	memset(piece, c, sizeof(piece));
	for (; n > 0; n -= n < sizeof(piece) ? n : sizeof(piece)) {
		ck_assert_int_eq(kernel_write_all(fd, piece, n < sizeof(piece) ? n : sizeof(piece)), 0);
		settle();
	}
}

/* Half lines share one bound: the one that began first goes, its sender is told, and its stream goes on
 * behind it. */
START_TEST(half_lines)
{
	int first = connected(), second = connected(), third = connected();

	budget_limit(80 * 1024);
	say_some(first, 'x', 30000);
	say_some(second, 'y', 30000);
	/* the first one ends, and another begins: now it is the younger one */
	say(first, "\n");
	ck_assert_ptr_nonnull(strstr(heard(first), "not-json"));
	say_some(first, 'x', 30000);
	ck_assert_str_eq(heard(second), "");
	say_some(third, 'z', 30000);
	ck_assert_str_eq(heard(first), "");
	ck_assert_str_eq(heard(third), "");
	ck_assert_ptr_nonnull(strstr(heard(second), "\"line\":1,\"error\":\"limit\",\"text\":\"the line was dropped"));
	say(second, "2\n" GET("1"));
	ck_assert_int_eq(keeper.n, 1);
	request_reply(keeper.kept[0], (struct span){ "1", 1 });
	settle();
	ck_assert_str_eq(heard(second), "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1}\n");
	say(third, "\n");
	ck_assert_ptr_nonnull(strstr(heard(third), "\"line\":1,\"error\":\"not-json\""));
	/* one that leaves makes room */
	close(first);
	settle();
	say_some(second, 'y', 30000);
	ck_assert_str_eq(heard(second), "");
	close(second);
	close(third);
}
END_TEST

/* Room that an earlier line needed is nobody's half line: it goes without a word. */
START_TEST(idle_rooms)
{
	int fds[8];

	budget_limit(80 * 1024);
	for (int i = 0; i < 8; i++) {
		fds[i] = connected();
		say_some(fds[i], 'x', 30000);
		say(fds[i], "\n");
		ck_assert_ptr_nonnull(strstr(heard(fds[i]), "not-json"));
	}
	for (int i = 0; i < 8; i++) {
		say(fds[i], "half");
		ck_assert_str_eq(heard(fds[i]), "");
		close(fds[i]);
	}
}
END_TEST

/* Who does not read what was asked for is cut off when it is too much for all. */
START_TEST(unread_replies)
{
	int reader = connected(), other = connected();
	char *text = xmalloc(300000);

	memset(text, '1', 300000);
	budget_limit(400 * 1024);
	for (int i = 0; i < 3; i++)
		say(other, GET("1"));
	say(reader, GET("2"));
	for (int i = 0; i < 3; i++)
		request_reply(keeper.kept[i], (struct span){ text, 300000 });
	settle();
	ck_assert_uint_eq(server_connections(server), 1);
	request_reply(keeper.kept[3], (struct span){ "1", 1 });
	settle();
	ck_assert_str_eq(heard(reader), "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":1}\n");
	free(text);
	close(reader);
	close(other);
}
END_TEST

/* Requests that wait for their answers hold a line's worth of params, or none. */
START_TEST(bytes_of_params)
{
	int fd = connected();

	for (int i = 0; i < 2; i++) {
		say(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"param/get\",\"params\":{\"name\":\"");
		say_some(fd, 'x', 600000);
		say(fd, "\"}}\n");
	}
	say(fd, GET("1"));
	ck_assert_int_eq(keeper.n, 2);
	request_forget(keeper.kept[0]);
	settle();
	ck_assert_int_eq(keeper.n, 3);
	for (int i = 0; i < 3; i++)
		request_reply(keeper.kept[i], (struct span){ "1", 1 });
	settle();
	ck_assert_ptr_nonnull(strstr(heard(fd), "\"id\":1,\"result\":1"));
	close(fd);
}
END_TEST

START_TEST(parameters)
{
	int fd = connected();

	say(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"output/set\",\"params\":"
	    "{\"job\":\"a\\n\\u00e9\",\"name\":\"b\",\"value\":\"\"}}\n");
	ck_assert_str_eq(heard(fd), "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":true}\n");
	say(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"job/list\"}\n");
	ck_assert_str_eq(heard(fd), "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":"
	    "{\"code\":-32002,\"message\":\"the lock is held\"}}\n");
	/* a row of the contract that the service does not bind */
	say(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"build/get\"}\n");
	ck_assert_ptr_nonnull(strstr(heard(fd), "-32601"));
	close(fd);
}
END_TEST

START_TEST(events)
{
	int fd = connected();

	say(fd, "{\"type\":\"a/b\"}\n{\"type\":\"a/full\"}\n");
	ck_assert_int_eq(keeper.events, 2);
	ck_assert_int_eq(keeper.poster, getpid());
	ck_assert_ptr_nonnull(strstr(heard(fd),
	    "\"line\":2,\"error\":\"system\",\"text\":\"no space left\"}\n"));
	close(fd);
	server_free(server);
	server = server_new(loop, &without_events, &keeper);
	fd = connected();
	say(fd, "{\"type\":\"a/b\"}\n");
	ck_assert_ptr_nonnull(strstr(heard(fd), "\"error\":\"refused\""));
	ck_assert_int_eq(keeper.events, 2);
	close(fd);
}
END_TEST

START_TEST(streams)
{
	int fd = connected();
	int other = connected();

	say(fd, SUBSCRIBE GET("2"));
	ck_assert_str_eq(heard(fd), "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\nrecord\n");
	say(fd, GET("3"));
	ck_assert_str_eq(heard(fd), "");
	ck_assert_int_eq(keeper.n, 0);
	close(fd);
	settle();
	ck_assert_int_eq(keeper.streams_closed, 1);
	ck_assert_uint_eq(server_connections(server), 1);
	/* one that is still open when the server goes is told as well */
	say(other, SUBSCRIBE);
	server_free(server);
	server = NULL;
	ck_assert_int_eq(keeper.streams_closed, 2);
	close(other);
}
END_TEST

START_TEST(wrong_descriptors)
{
	struct error e = { 0 };

	ck_assert_int_lt(server_connect(server, 1000, 1000, &e), 0);
	ck_assert_int_eq(e.code, ERROR_SYSTEM);
	ck_assert_int_lt(server_listen(server, "nowhere", 0, &e), 0);
	ck_assert_int_eq(e.code, ERROR_INPUT);
	ck_assert_int_lt(server_listen(server, "/nowhere/at/all", 0, &e), 0);
	ck_assert_int_eq(e.code, ERROR_SYSTEM);
	ck_assert_int_lt(server_listen(server, "fd:1000", 0, &e), 0);
	ck_assert_int_lt(server_listen(server, "fifo:/dev/null", 0, &e), 0);
	ck_assert_uint_eq(server_connections(server), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("service");
	TCase *t = tcase_create("service");
	SRunner *runner = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, later_and_in_any_order);
	tcase_add_test(t, nobody_waits);
	tcase_add_test(t, answers_after_the_end);
	tcase_add_test(t, notifications);
	tcase_add_test(t, at_most_so_many);
	tcase_add_test(t, half_lines);
	tcase_add_test(t, idle_rooms);
	tcase_add_test(t, unread_replies);
	tcase_add_test(t, bytes_of_params);
	tcase_add_test(t, parameters);
	tcase_add_test(t, events);
	tcase_add_test(t, streams);
	tcase_add_test(t, wrong_descriptors);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
