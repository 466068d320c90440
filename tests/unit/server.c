/* Several services behind one server: what goes to whom, what they say of themselves, and how they stop. */
#include <stdlib.h>

#include "budget.h"
#include "memory.h"
#include "tests/unit/served.h"

static const struct contract_method ant_rows[] = {
	{ .name = "ant/ask", .errors = "" }, { .name = "ant/follow", .errors = "", .stream = true },
	{ .name = "ant/status", .errors = "" }, { .name = "hill/ask", .errors = "" },
};
static const struct contract_field bee_params[] = {
	{ "text", CONTRACT_TEXT, false, "any" }, { "data", CONTRACT_DATA, false, "any" },
};
static const struct contract_method bee_rows[] = {
	{ .name = "bee/ask", .params = bee_params, .nparams = 1, .errors = "" },
	{ .name = "bee/bring", .params = bee_params, .nparams = 2, .errors = "" },
	{ .name = "bee/none", .errors = "" },
};
static const struct contract_service ant_contract = { .name = "ants", .methods = ant_rows, .nmethods = 4 };
static const struct contract_service bee_contract = { .name = "bees", .methods = bee_rows, .nmethods = 3 };

struct animal {
	struct request *kept[8];
	int n, events, finished;
	uint64_t gone;
	struct bytes data;
	bool shy; /* says nothing of itself */
	struct link *stream;
};
static struct animal ant, bee;

static void
keep(void *self, struct request *r)
{
	struct animal *a = self;

	a->kept[a->n++] = r;
}

static void
stream_closed(void *arg, struct link *l)
{
	struct animal *a = arg;

	ck_assert_ptr_eq(a->stream, l);
	a->stream = NULL;
}

static void
follow(void *self, struct request *r)
{
	struct animal *a = self;

	a->stream = request_stream(r, (struct span){ NULL, 0 }, stream_closed, a);
}

static int
event(void *self, const struct link_peer *peer, const struct message *m, struct error *e)
{
	struct animal *a = self;

	(void)peer;
	(void)m;
	(void)e;
	a->events++;
	return 0;
}

static void
data(void *self, struct request *r, struct span piece, uint64_t left)
{
	struct animal *a = self;

	(void)r;
	(void)left;
	bytes_add(&a->data, piece.p, piece.n);
}

static void
gone(void *self, uint64_t connection)
{
	((struct animal *)self)->gone = connection;
}

static int
status(void *self, struct bytes *into, struct error *e)
{
	const struct animal *a = self;

	if (a->shy)
		return error_set(e, ERROR_REFUSED, "not here");
	bytes_format(into, "\"asked\":%d", a->n);
	return 0;
}

/* All that is to be said is said, then the stream ends. */
static void
finish(void *self)
{
	struct animal *a = self;

	a->finished++;
	if (a->stream == NULL)
		return;
	ck_assert_int_eq(kernel_write_all(link_take_over(a->stream), "the end\n", 8), 0);
	link_close(a->stream);
	a->stream = NULL;
}

static const struct service_method ant_methods[] = {
	{ "ant/ask", keep }, { "ant/follow", follow }, { "hill/ask", keep },
};
static const struct service_method bee_methods[] = { { "bee/ask", keep }, { "bee/bring", keep } };

static const struct service ants = { .contract = &ant_contract, .methods = ant_methods, .nmethods = 3,
	.status = status, .gone = gone, .finish = finish };
static const struct service bees = { .contract = &bee_contract, .methods = bee_methods, .nmethods = 2,
	.event = event, .data = data, .gone = gone };

static void
setup(void)
{
	loop = loop_new(NULL);
	ant = bee = (struct animal){ 0 };
	server = server_new(loop, &ants, &ant);
	ck_assert_int_eq(server_add(server, &bees, &bee, NULL), 0);
}

static void
teardown(void)
{
	server_free(server);
	loop_free(loop);
	bytes_free(&bee.data);
	budget_limit(BUDGET_BYTES);
}

#define ASK(id, method) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"" method "\"}\n"
#define DONE(id) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":{}}\n"

static void
answer_all(struct animal *a)
{
	while (a->n > 0)
		request_reply(a->kept[--a->n], (struct span){ NULL, 0 });
}

START_TEST(by_the_noun)
{
	int fd = connected();

	say(fd, ASK("1", "ant/ask") ASK("2", "bee/ask") ASK("3", "hill/ask") "{\"type\":\"a/b\"}\n");
	ck_assert_int_eq(ant.n, 2);
	ck_assert_int_eq(bee.n, 1);
	ck_assert_int_eq(ant.events, 0);
	ck_assert_int_eq(bee.events, 1);
	answer_all(&ant);
	answer_all(&bee);
	ck_assert_str_eq(heard(fd), DONE("3") DONE("1") DONE("2"));
	close(fd);
	settle();
	ck_assert_uint_eq(ant.gone, 1);
	ck_assert_uint_eq(bee.gone, 1);
}
END_TEST

static const char *const nobodys[] = { "cat/ask", "ant/none", "bee/none", "bee/status", "ant", "an/ask", "ant/ask/x",
	"/", "/ask", "server/ask" };

START_TEST(of_nobody)
{
	AUTO_FREE char *line = xformat(ASK("1", "%s"), nobodys[_i]);
	AUTO_FREE char *says = xformat("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32601,\"message\":"
	    "\"%s: no method of the services ants, bees\"}}\n", nobodys[_i]);
	int fd = connected();

	say(fd, line);
	ck_assert_str_eq(heard(fd), says);
	close(fd);
}
END_TEST

START_TEST(not_together)
{
	static const struct service twins = { .contract = &bee_contract, .methods = bee_methods, .nmethods = 2 };
	static const struct contract_service other = { .name = "wasps" };
	static const struct service takers = { .contract = &other, .event = event };
	struct error e = { 0 };

	ck_assert_int_lt(server_add(server, &twins, &bee, &e), 0);
	ck_assert_str_eq(e.text, "the services bees and bees both have methods such as bee/ask");
	ck_assert_int_lt(server_add(server, &takers, &bee, &e), 0);
	ck_assert_str_eq(e.text, "the services wasps and bees both take events");
}
END_TEST

/* Data goes to the service that was asked, also when something else was asked behind it. */
START_TEST(data_of_each)
{
	int fd = connected();

	say(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"bee/bring\",\"params\":{\"data\":3}}\nabc"
	    ASK("2", "ant/ask")
	    /* refused, and what it brings is nobody's: not even of the one that still waits */
	    "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"bee/bring\",\"params\":{\"data\":3,\"x\":1}}\ndef");
	ck_assert_str_eq(bytes_string(&bee.data), "abc");
	ck_assert_int_eq(ant.n, 1);
	ck_assert_ptr_nonnull(strstr(heard(fd), "\"id\":3,\"error\":{\"code\":-32602"));
	answer_all(&bee);
	answer_all(&ant);
	ck_assert_str_eq(heard(fd), DONE("1") DONE("2"));
	close(fd);
}
END_TEST

START_TEST(status_of_each)
{
	int fd = connected(), other = connected();
	const char *text;

	say(other, ASK("7", "ant/ask"));
	say(fd, ASK("1", "ant/status"));
	ck_assert_str_eq(heard(fd), "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"asked\":1}}\n");
	say(fd, ASK("2", "server/status"));
	text = heard(fd);
	ck_assert_msg(strstr(text, "\"connections\":2,\"requests\":1,\"memory\":") != NULL &&
	    strstr(text, "\"pid\":") != NULL && strstr(text, "},\"ants\":{\"asked\":1}}}\n") != NULL, "%s", text);
	/* who may not see one of them sees nothing */
	ant.shy = true;
	say(fd, ASK("3", "ant/status") ASK("4", "server/status"));
	ck_assert_str_eq(heard(fd),
	    "{\"jsonrpc\":\"2.0\",\"id\":3,\"error\":{\"code\":-32003,\"message\":\"not here\"}}\n"
	    "{\"jsonrpc\":\"2.0\",\"id\":4,\"error\":{\"code\":-32003,\"message\":\"not here\"}}\n");
	answer_all(&ant);
	close(fd);
	close(other);
}
END_TEST

/* What waits for its answer is held too: of all connections together no more than half the bound. */
START_TEST(too_much_that_waits)
{
	AUTO_FREE char *text = xmalloc(30001);
	AUTO_FREE char *line = NULL;
	int fds[3];

	budget_limit(128 * 1024);
	memset(text, 'x', 30000);
	line = xformat("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"bee/ask\",\"params\":{\"text\":\"%s\"}}\n", text);
	for (int i = 0; i < 3; i++) {
		fds[i] = connected();
		say(fds[i], line);
	}
	ck_assert_int_eq(bee.n, 2);
	ck_assert_ptr_nonnull(strstr(heard(fds[2]), "{\"code\":-32002,\"message\":\"the requests that wait here "
	    "hold too much memory"));
	/* what is done with makes room */
	request_forget(bee.kept[0]);
	say(fds[2], line);
	ck_assert_int_eq(bee.n, 3);
	answer_all(&bee);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	settle();
	ck_assert_uint_eq(budget_held(), 0);
}
END_TEST

static void
stopped(void *arg)
{
	++*(int *)arg;
}

/* Nobody else comes in, no further line is read; what was asked is answered, then the streams end. */
START_TEST(in_order)
{
	char folder[] = "/tmp/mci-server.XXXXXX";
	AUTO_FREE char *address = NULL;
	int idle = connected(), asking = connected(), bringing = connected(), reader = connected(), told = 0;
	char byte;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	address = xformat("unix:%s/s", folder);
	ck_assert_int_eq(server_listen(server, address, 0, NULL), 0);
	ck_assert(server_listens(server));
	say(asking, ASK("1", "ant/ask") ASK("2", "bee/ask"));
	say(bringing, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"bee/bring\",\"params\":{\"data\":3}}\na");
	say(reader, ASK("1", "ant/follow"));
	heard(reader);
	server_stop(server, stopped, &told);
	ck_assert(!server_listens(server));
	ck_assert_int_eq(access(strchr(address, '/'), F_OK), -1);
	ck_assert_int_eq(recv(idle, &byte, 1, 0), 0);
	say(asking, ASK("3", "ant/ask"));
	/* data that is under way still comes */
	say(bringing, "bc" ASK("2", "ant/ask"));
	ck_assert_str_eq(bytes_string(&bee.data), "abc");
	ck_assert_int_eq(ant.n, 1);
	answer_all(&bee);
	settle();
	ck_assert_str_eq(heard(bringing), DONE("1"));
	ck_assert_int_eq(ant.finished, 0);
	ck_assert_str_eq(heard(reader), "");
	answer_all(&ant);
	settle();
	ck_assert_str_eq(heard(asking), DONE("2") DONE("1"));
	ck_assert_str_eq(heard(reader), "the end\n");
	ck_assert_int_eq(recv(reader, &byte, 1, 0), 0);
	ck_assert_int_eq(ant.finished, 1);
	ck_assert_int_eq(told, 1);
	ck_assert_uint_eq(server_connections(server), 0);
	rmdir(folder);
	close(idle);
	close(asking);
	close(bringing);
	close(reader);
}
END_TEST

/* A caller who does not read holds it up, and is the owner's to cut. */
START_TEST(not_read)
{
	AUTO_FREE char *text = xmalloc(400001);
	int fd = connected(), told = 0;

	memset(text, '1', 400000);
	say(fd, ASK("1", "ant/ask"));
	server_stop(server, stopped, &told);
	request_reply(ant.kept[--ant.n], (struct span){ text, 400000 });
	settle();
	ck_assert_int_eq(ant.finished, 1);
	ck_assert_int_eq(told, 0);
	server_free(server);
	server = NULL;
	ck_assert_int_eq(told, 0);
	close(fd);
}
END_TEST

START_TEST(with_nobody_there)
{
	int told = 0;

	server_stop(server, stopped, &told);
	settle();
	ck_assert_int_eq(told, 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("server");
	TCase *t = tcase_create("server"), *stop = tcase_create("stop");
	SRunner *runner = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	suite_add_tcase(s, stop);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_checked_fixture(stop, setup, teardown);
	tcase_add_test(t, by_the_noun);
	tcase_add_loop_test(t, of_nobody, 0, sizeof(nobodys) / sizeof(nobodys[0]));
	tcase_add_test(t, not_together);
	tcase_add_test(t, data_of_each);
	tcase_add_test(t, status_of_each);
	tcase_add_test(t, too_much_that_waits);
	tcase_add_test(stop, in_order);
	tcase_add_test(stop, not_read);
	tcase_add_test(stop, with_nobody_there);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
