#include <stdlib.h>

#include "backoff.h"
#include "client.h"
#include "line.h"
#include "link.h"
#include "memory.h"
#include "tests/unit/peer.h"

#define ADDRESS "unix:/nobody/is/there"
#define NAMED(name) ((struct span){ "{\"name\":\"" name "\"}", sizeof("{\"name\":\"" name "\"}") - 1 })
#define NOTHING ((struct span){ NULL, 0 })

static struct client *client;

/* What callers and the owner were told, in order. */
static struct bytes told;
static bool close_in_outage;

static void
outage(void *arg, const struct error *why)
{
	(void)arg;
	bytes_text(&told, why != NULL ? "away;" : "back;");
	if (close_in_outage) {
		client_close(client);
		client = NULL;
	}
}

static void
complaint(void *arg, const struct error *why)
{
	(void)arg;
	bytes_format(&told, "complaint %s;", why->text);
}

static const struct client_events events = { .outage = outage, .complaint = complaint };

static void
setup(void)
{
	peer_open();
	client = client_open(loop, ADDRESS, &events, NULL, NULL);
	ck_assert_ptr_nonnull(client);
}

static void
teardown(void)
{
	client_close(client);
	loop_free(loop);
	bytes_free(&told);
}

#define REPLY(id, text) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":\"" text "\"}\n"
#define FAILURE(id, code, text) \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"error\":{\"code\":" code ",\"message\":\"" text "\"}}\n"
#define ASKED(id, name) \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"param/get\",\"params\":{\"name\":\"" name "\"}}\n"

static const char *const names[] = {
	[ERROR_NONE] = "none", [ERROR_LIMIT] = "limit", [ERROR_BUSY] = "busy", [ERROR_INPUT] = "input",
	[ERROR_DISCONNECTED] = "disconnected", [ERROR_REFUSED] = "refused", [ERROR_SYSTEM] = "system",
	[ERROR_NOT_FOUND] = "not-found",
};

/* arg is the caller's name. */
static void
done(void *arg, struct span result, const struct error *e)
{
	ck_assert((result.n > 0) == (e->code == ERROR_NONE));
	bytes_format(&told, "%s=", (const char *)arg);
	if (e->code == ERROR_NONE)
		bytes_add(&told, result.p, result.n);
	else
		bytes_text(&told, names[e->code]);
	bytes_char(&told, ';');
}

static void
is_told(const char *expected)
{
	ck_assert_str_eq(bytes_string(&told), expected);
	told.len = 0;
}

static const struct client_wish once = { .again = CLIENT_ONCE, .limit = CLIENT_FOREVER };
static const struct client_wish again = { .again = CLIENT_AGAIN, .limit = CLIENT_FOREVER };
static const struct client_wish insist = { .again = CLIENT_INSIST, .limit = CLIENT_FOREVER };

static int64_t
ask(const char *caller, const struct client_wish *wish)
{
	return client_call(client, "param/get", NAMED("a"), wish, done, (void *)(uintptr_t)caller);
}

START_TEST(replies_in_any_order)
{
	ask("a", NULL);
	ask("b", NULL);
	ask("c", NULL);
	is_told("");
	settle();
	ck_assert_str_eq(heard(0), ASKED("1", "a") ASKED("2", "a") ASKED("3", "a"));
	say(0, REPLY("3", "three") REPLY("1", "one"));
	is_told("c=\"three\";a=\"one\";");
	/* of what has ended nothing more is heard */
	say(0, REPLY("3", "three") FAILURE("2", "-32000", "no"));
	is_told("b=not-found;");
	ck_assert_int_eq(nends, 1);
}
END_TEST

START_TEST(thousand_in_flight)
{
	static struct bytes line;

	for (int i = 0; i < 1000; i++)
		ask("x", NULL);
	settle();
	heard(0);
	for (int i = 1000; i > 0; i--) {
		line.len = 0;
		bytes_format(&line, REPLY("%d", "y"), i);
		ck_assert_int_eq(write(ends[0], line.data, line.len), (ssize_t)line.len);
		if (i % 100 == 1)
			settle();
	}
	ck_assert_uint_eq(told.len, 1000 * strlen("x=\"y\";"));
	bytes_free(&line);
}
END_TEST

/* Each of them alone. */
START_TEST(too_long_or_too_many)
{
	AUTO_FREE char *large = xmalloc(LINE_LIMIT + 1);
	AUTO_BYTES reply = { 0 };
	struct client_wish data = { .data = { large, 0 } };

	memset(large, ' ', LINE_LIMIT);
	ask("a", NULL);
	client_call(client, "param/get", (struct span){ large, LINE_LIMIT }, NULL, done, "request");
	ask("b", NULL);
	ask("c", NULL);
	settle();
	is_told("request=limit;");
	bytes_text(&reply, "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":\"");
	bytes_add(&reply, large, LINE_LIMIT);
	bytes_text(&reply, "\"}\n" REPLY("1", "one") REPLY("4", "four"));
	for (size_t at = 0; at < reply.len; settle()) {
		ssize_t n = write(ends[0], reply.data + at, reply.len - at);

		ck_assert_int_gt(n, 0);
		at += (size_t)n;
	}
	is_told("b=limit;a=\"one\";c=\"four\";");
	for (int i = 0; i <= CLIENT_CALLS; i++)
		ask("d", NULL);
	client_call(client, "param/get", NAMED("a"), &data, done, "e");
	settle();
	is_told("d=limit;e=limit;");
}
END_TEST

/* What does not fit goes when there is room, and in order; what can never fit fails. */
START_TEST(requests_wait_for_room)
{
	const size_t size = 2 * 1024 * 1024;
	AUTO_FREE char *bytes = xmalloc(3 * size);
	struct client_wish data = { .again = CLIENT_ONCE, .data = { bytes, size } };
	size_t came = 0;

	memset(bytes, 'x', 3 * size);
	for (int i = 0; i < 5; i++)
		client_call(client, "log/append", NOTHING, &data, done, "a");
	data.data.n = 3 * size;
	client_call(client, "log/append", NOTHING, &data, done, "b");
	settle();
	is_told("b=limit;");
	for (int i = 0; i < 1000 && came < 5 * size; i++) {
		came += strlen(heard(0));
		settle();
	}
	came += strlen(heard(0));
	ck_assert_uint_eq(came, 5 * (size + strlen("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"log/append\"}\n")));
	say(0, REPLY("5", "y") REPLY("1", "y"));
	is_told("a=\"y\";a=\"y\";");
}
END_TEST

/* One that is not answered fails at its limit, alone. */
START_TEST(mute)
{
	const struct client_wish second = { .limit = SECOND };

	ask("a", NULL);
	ask("b", &second);
	ask("c", &again);
	pass(SECOND - 1);
	is_told("");
	pass(1);
	is_told("b=busy;");
	say(0, REPLY("2", "late") REPLY("3", "three"));
	is_told("c=\"three\";");
	pass(CLIENT_LIMIT);
	is_told("a=busy;");
	/* where something came the connection is kept */
	ask("d", &second);
	settle();
	ck_assert_int_eq(nends, 1);
	pass(SECOND);
	is_told("d=busy;");
	/* where nothing did, and nobody else waits on it, it is not kept for others */
	ask("e", &second);
	settle();
	ck_assert_int_eq(nends, 2);
	say(1, REPLY("5", "five"));
	is_told("e=\"five\";");
}
END_TEST

START_TEST(nobody_there)
{
	const struct client_wish second = { .limit = SECOND };

	refuses = ECONNREFUSED;
	ask("a", &once);
	ask("b", &second);
	ask("c", &again);
	ask("d", NULL); /* idempotent by the table */
	client_call(client, "job/add", NAMED("a"), NULL, done, "e"); /* this is not */
	is_told("");
	settle();
	is_told("away;a=disconnected;e=disconnected;");
	pass(SECOND);
	is_told("b=disconnected;");
	/* who does not wait is told at once, at any time between two tries */
	tries = 0;
	ask("f", &once);
	settle();
	is_told("f=disconnected;");
	ck_assert_int_eq(tries, 1);
	refuses = 0;
	pass(2 * SECOND);
	ck_assert_str_eq(heard(0), ASKED("3", "a") ASKED("4", "a"));
	is_told("");
	say(0, REPLY("3", "three"));
	is_told("back;c=\"three\";");
}
END_TEST

/* A call may wait less for a connection than for its reply. */
START_TEST(outage_waited_through)
{
	const struct client_wish hasty = { .outage = SECOND };

	refuses = ECONNREFUSED;
	ask("a", &hasty);
	ask("b", NULL);
	pass(SECOND - 20 * MILLISECOND);
	is_told("away;");
	pass(40 * MILLISECOND);
	is_told("a=disconnected;");
	refuses = 0;
	pass(2 * SECOND);
	say(0, REPLY("2", "two"));
	is_told("back;b=\"two\";");
	/* the next link comes in time, and then it has all of its limit */
	ask("c", &hasty);
	settle();
	hang_up(0);
	is_told("away;");
	pass(5 * SECOND);
	ck_assert_str_eq(heard(1), ASKED("3", "a"));
	is_told("");
	say(1, REPLY("3", "three"));
	is_told("back;c=\"three\";");
}
END_TEST

/* A full queue is no outage. */
START_TEST(busy_listener)
{
	refuses = EAGAIN;
	ask("a", &once);
	pass(5 * SECOND);
	is_told("");
	refuses = 0;
	pass(2 * SECOND);
	say(0, REPLY("1", "one"));
	is_told("a=\"one\";");
}
END_TEST

START_TEST(lost_link)
{
	ask("a", &once);
	ask("b", NULL);
	client_call(client, "param/get", NAMED("c"), &again, done, "c");
	settle();
	heard(0);
	hang_up(0);
	is_told("away;a=disconnected;");
	ck_assert_int_eq(nends, 1);
	pass(10 * MILLISECOND);
	ck_assert_str_eq(heard(1), ASKED("2", "a") ASKED("3", "c"));
	say(1, REPLY("3", "three"));
	is_told("back;c=\"three\";");
	hang_up(1);
	is_told("away;");
	pass(10 * MILLISECOND);
	say(2, FAILURE("2", "-32002", "later"));
	/* it does not insist: what it is told is that it is busy */
	is_told("b=busy;");
	/* its last word */
	ask("d", &once);
	settle();
	say(2, "{\"type\":\"error\",\"time\":\"2026-11-23T18:00:00.123Z\",\"error\":\"limit\",\"text\":\"full\"}\n");
	hang_up(2);
	is_told("complaint full;d=limit;");
}
END_TEST

/* A server that is busy for some is tried again by those who insist, and serves the others. */
START_TEST(busy_server)
{
	ask("a", &insist);
	ask("b", &again);
	settle();
	heard(0);
	say(0, FAILURE("1", "-32002", "later") FAILURE("2", "-32000", "no"));
	is_told("b=not-found;");
	pass(10 * MILLISECOND);
	ck_assert_str_eq(heard(0), ASKED("1", "a"));
	say(0, FAILURE("1", "-32005", "disk full"));
	is_told("away;");
	pass(20 * MILLISECOND);
	ck_assert_str_eq(heard(0), ASKED("1", "a"));
	say(0, REPLY("1", "one"));
	is_told("back;a=\"one\";");
	/* the pauses of one do not hold up another */
	ask("c", &insist);
	settle();
	say(0, FAILURE("3", "-32002", "later"));
	ask("d", &once);
	settle();
	say(0, REPLY("4", "four"));
	is_told("away;back;d=\"four\";");
}
END_TEST

/* One call after the other, and each ends the connection: that is nobody's fault. */
START_TEST(closes_after_each_reply)
{
	for (int i = 0; i < 9; i++) {
		AUTO_BYTES reply = { 0 };

		ask("a", i % 2 == 0 ? &once : NULL);
		settle();
		bytes_format(&reply, REPLY("%d", "y"), i + 1);
		say(i, bytes_string(&reply));
		hang_up(i);
		is_told("a=\"y\";");
	}
	ck_assert_int_eq(clock_now, 1000 * SECOND);
	/* several at once: each connection brings one on */
	for (int i = 0; i < 5; i++)
		ask("b", NULL);
	for (int i = 9; i < 14; i++) {
		AUTO_BYTES reply = { 0 };

		pass(10 * MILLISECOND);
		bytes_format(&reply, REPLY("%d", "y"), i + 1);
		say(i, bytes_string(&reply));
		hang_up(i);
	}
	is_told("b=\"y\";away;back;b=\"y\";away;back;b=\"y\";away;back;b=\"y\";away;back;b=\"y\";");
}
END_TEST

/* Who answers what was not asked cannot be believed in anything. */
START_TEST(wrong_id)
{
	static const char *const wrong[] = {
		REPLY("77", "x"), REPLY("0", "x"), REPLY("\"1\"", "x"), REPLY("-1", "x"), REPLY("1.5", "x"),
	};

	for (int i = 0; i < 5; i++) {
		ask("a", &once);
		ask("b", &again);
		pass(2 * SECOND);
		heard(i);
		say(i, wrong[i]);
		ck_assert_int_eq(read(ends[i], &(char){ 0 }, 1), 0);
		ck_assert_ptr_nonnull(strstr(bytes_string(&told), "a=disconnected;"));
		told.len = 0;
	}
	pass(2 * SECOND);
	ck_assert_str_eq(heard(5), ASKED("2", "a") ASKED("4", "a") ASKED("6", "a") ASKED("8", "a")
	    ASKED("10", "a"));
}
END_TEST

/* A complaint about a line is about the call that it was. */
START_TEST(complaints)
{
#define COMPLAINT(line, text) "{\"type\":\"error\",\"time\":\"2026-11-23T18:00:00.123Z\"" line \
	",\"error\":\"refused\",\"text\":\"" text "\"}\n"
	ask("a", NULL);
	settle();
	ck_assert_int_eq(client_post(client, (struct span){ "{\"type\":\"a/b\"}\n", 15 }), 0);
	ask("b", NULL);
	settle();
	say(0, COMPLAINT(",\"line\":3", "no") COMPLAINT(",\"line\":2", "not this") COMPLAINT("", "nor that"));
	is_told("b=refused;complaint not this;complaint nor that;");
	/* as others say that they could not read a request */
	say(0, FAILURE("null", "-32700", "parse error") REPLY("1", "one"));
	is_told("complaint parse error;a=\"one\";");
}
END_TEST

static int64_t other;

static void
cancel_other(void *arg, struct span result, const struct error *e)
{
	done(arg, result, e);
	client_cancel(client, other);
}

static void
ask_again(void *arg, struct span result, const struct error *e)
{
	done(arg, result, e);
	ask("new", &once);
}

static void
close_it(void *arg, struct span result, const struct error *e)
{
	done(arg, result, e);
	client_close(client);
	client = NULL;
}

START_TEST(cancel)
{
	int64_t a = ask("a", NULL), b;

	/* before it was sent, twice, and what there never was */
	client_cancel(client, a);
	client_cancel(client, a);
	client_cancel(client, 0);
	client_cancel(client, 99);
	b = ask("b", NULL);
	settle();
	ck_assert_str_eq(heard(0), ASKED("2", "a"));
	client_cancel(client, b);
	say(0, REPLY("2", "two"));
	is_told("");
	/* inside the reply of another, one that is sent, one that rests and one that has failed */
	client_call(client, "param/get", NAMED("a"), NULL, cancel_other, "c");
	other = ask("d", NULL);
	settle();
	say(0, REPLY("3", "three") REPLY("4", "four"));
	is_told("c=\"three\";");
	other = ask("e", &insist);
	settle();
	say(0, FAILURE("5", "-32002", "later"));
	client_call(client, "param/get", NAMED("a"), NULL, cancel_other, "f");
	settle();
	say(0, REPLY("6", "six"));
	pass(SECOND);
	is_told("away;back;f=\"six\";");
	client_call(client, "param/get", NAMED("a"), &once, cancel_other, "g");
	other = ask("h", &once);
	settle();
	hang_up(0);
	is_told("away;g=disconnected;");
}
END_TEST

/* A caller that asks again from its callback is heard, whatever has ended its first call. */
START_TEST(call_in_callback)
{
	client_call(client, "param/get", NAMED("a"), &once, ask_again, "a");
	settle();
	say(0, REPLY("1", "one"));
	say(0, REPLY("2", "two"));
	is_told("a=\"one\";new=\"two\";");
	client_call(client, "param/get", NAMED("a"), &once, ask_again, "b");
	settle();
	hang_up(0);
	is_told("away;b=disconnected;");
	pass(10 * MILLISECOND);
	say(1, REPLY("4", "four"));
	is_told("back;new=\"four\";");
	refuses = ENOENT;
	hang_up(1);
	client_call(client, "param/get", NAMED("a"), &once, ask_again, "c");
	settle();
	is_told("away;c=disconnected;new=disconnected;");
}
END_TEST

/* Closing it in any callback; of the other calls nothing is heard. */
START_TEST(close_in_callback)
{
	const struct client_wish second = { .limit = SECOND };
	const struct client_wish *wish = _i == 3 ? &second : &once;

	refuses = _i == 2 ? ECONNREFUSED : 0;
	close_in_outage = _i == 4 || _i == 5;
	client_call(client, "param/get", NAMED("a"), wish, close_it, "a");
	ask("b", &insist);
	ask("c", &once);
	settle();
	if (_i == 0) {
		say(0, REPLY("1", "one") REPLY("2", "two"));
		is_told("a=\"one\";");
	} else if (_i == 1) {
		hang_up(0);
		is_told("away;a=disconnected;");
	} else if (_i == 2) {
		is_told("away;a=disconnected;");
	} else if (_i == 3) {
		pass(SECOND);
		is_told("a=busy;");
	} else if (_i == 4) {
		hang_up(0);
		is_told("away;");
	} else {
		close_in_outage = false;
		say(0, FAILURE("2", "-32002", "later"));
		close_in_outage = true;
		is_told("away;");
		say(0, REPLY("1", "one") REPLY("3", "three"));
		is_told("back;");
	}
	ck_assert_ptr_null(client);
	pass(100 * SECOND);
	is_told("");
}
END_TEST

START_TEST(posts)
{
	const struct span event = { "{\"type\":\"a/b\"}\n", 15 };

	refuses = ENOENT;
	ck_assert_int_eq(client_post(client, event), -1);
	ck_assert_int_eq(client_post(client, event), -1);
	is_told("");
	settle();
	is_told("away;");
	ck_assert_int_eq(tries, 1);
	refuses = 0;
	pass(2 * SECOND);
	ck_assert_int_eq(tries, 1); /* when there is one more to be posted */
	ck_assert_int_eq(client_post(client, event), 0);
	settle();
	is_told("back;");
	ck_assert_str_eq(heard(0), "{\"type\":\"a/b\"}\n");
	hang_up(0);
	is_told("");
	ck_assert_int_eq(client_post(client, event), 0);
	ck_assert_str_eq(heard(1), "{\"type\":\"a/b\"}\n");
	/* one that reads nothing: events are dropped when no more can be kept */
	for (int i = 0; client_post(client, event) == 0; i++)
		ck_assert_int_lt(i, LINK_BUFFER);
	settle();
	is_told("away;");
	while (strlen(heard(1)) > 0)
		settle();
	ck_assert_int_eq(client_post(client, event), 0);
	settle();
	is_told("back;");
}
END_TEST

/* An address that is one connection: when it is lost there is no other. */
START_TEST(single_connection)
{
	int pair[2];
	AUTO_FREE char *address = NULL;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	address = xformat("fd:%d", pair[0]);
	client_close(client);
	client = client_open(loop, address, &events, NULL, NULL);
	ends[nends++] = pair[1];
	ask("a", &insist);
	settle();
	say(0, REPLY("1", "one"));
	ask("b", &insist);
	settle();
	hang_up(0);
	is_told("a=\"one\";away;b=disconnected;");
	ask("c", NULL);
	settle();
	is_told("c=disconnected;");
	ck_assert_int_eq(tries, 0);
}
END_TEST

START_TEST(connecting_now)
{
	struct error e = { 0 };

	refuses = ECONNREFUSED;
	ck_assert_int_eq(client_connect(client, &e), -1);
	ck_assert_int_eq(e.code, ERROR_DISCONNECTED);
	refuses = EAGAIN;
	ck_assert_int_eq(client_connect(client, &e), 0);
	refuses = 0;
	ck_assert_int_eq(client_connect(client, &e), 0);
	ck_assert_int_eq(client_connect(client, &e), 0);
	ck_assert_int_eq(nends, 1);
	ask("a", NULL);
	settle();
	say(0, REPLY("1", "one"));
	is_told("a=\"one\";");
	ck_assert_ptr_null(client_open(loop, "bogus:x", &events, NULL, &e));
}
END_TEST

/* With the least and the most chance. */
START_TEST(pauses_grow)
{
	static const int64_t most[] = { 10, 20, 40, 80, 160, 320, 640, 1280, 2000, 2000 };
	struct backoff b = { 0 };

	for (int i = 0; i < 10; i++) {
		struct backoff same = b;

		chance = 0;
		ck_assert_int_eq(backoff_next(&same), most[i] * MILLISECOND / 2);
		chance = 0xff;
		ck_assert_int_ge(backoff_next(&b), most[i] * MILLISECOND / 2);
		ck_assert_int_le(b.pause, most[i] * MILLISECOND);
	}
	backoff_over(&b);
	chance = 0;
	ck_assert_int_eq(backoff_next(&b), 5 * MILLISECOND);
	/* and a client has them: a minute of outage costs some tens of tries */
	refuses = ECONNREFUSED;
	ask("a", &again);
	pass(60 * SECOND);
	ck_assert_int_gt(tries, 30);
	ck_assert_int_lt(tries, 80);
}
END_TEST

static void
bulk_done(void *arg, struct span result, const struct error *e)
{
	struct span data = client_data(client);

	done(arg, result, e);
	bytes_format(&told, "%.*s;", (int)data.n, data.p);
}

static int64_t
ask_bulk(const char *caller, const struct client_wish *wish)
{
	return client_call(client, "blob/read", NOTHING, wish, bulk_done, (void *)(uintptr_t)caller);
}

#define BULK(id, n) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":{\"data\":" n "}}\n"

/* A reply is told when the bytes behind it are there, also where they look like lines, and where nobody waits
 * for it any more. */
START_TEST(bytes_behind_replies)
{
	int64_t given_up;

	ask_bulk("a", NULL);
	ask("b", NULL);
	given_up = ask_bulk("c", NULL);
	ask_bulk("d", NULL);
	ask_bulk("e", &once);
	settle();
	client_cancel(client, given_up);
	say(0, BULK("1", "5") "x\ny");
	is_told("");
	say(0, "\nz" REPLY("2", "two") BULK("3", "3") "{}\n" BULK("4", "0"));
	is_told("a={\"data\":5};x\ny\nz;b=\"two\";d={\"data\":0};;");
	say(0, BULK("5", "9") "cut");
	hang_up(0);
	is_told("away;e=disconnected;;");
	ask_bulk("f", &once);
	settle();
	say(1, BULK("6", "4194305"));
	is_told("f=disconnected;;");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("client");
	TCase *t = tcase_create("client");
	SRunner *runner = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, replies_in_any_order);
	tcase_add_test(t, thousand_in_flight);
	tcase_add_test(t, too_long_or_too_many);
	tcase_add_test(t, requests_wait_for_room);
	tcase_add_test(t, mute);
	tcase_add_test(t, nobody_there);
	tcase_add_test(t, outage_waited_through);
	tcase_add_test(t, busy_listener);
	tcase_add_test(t, lost_link);
	tcase_add_test(t, busy_server);
	tcase_add_test(t, closes_after_each_reply);
	tcase_add_test(t, wrong_id);
	tcase_add_test(t, complaints);
	tcase_add_test(t, cancel);
	tcase_add_test(t, call_in_callback);
	tcase_add_loop_test(t, close_in_callback, 0, 6);
	tcase_add_test(t, posts);
	tcase_add_test(t, single_connection);
	tcase_add_test(t, connecting_now);
	tcase_add_test(t, pauses_grow);
	tcase_add_test(t, bytes_behind_replies);
	suite_add_tcase(s, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
