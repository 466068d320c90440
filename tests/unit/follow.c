#include <inttypes.h>
#include <stdlib.h>

#include "follow.h"
#include "tests/unit/peer.h"

#define ADDRESS "unix:/nobody/is/there"

#define SUBSCRIBED(epoch, offset, gone) \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"epoch\":" epoch ",\"offset\":" offset \
	",\"first\":1,\"tail\":9,\"gone\":" gone "}}\n"
#define FAILURE(code, text) \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":" code ",\"message\":\"" text "\"}}\n"
#define ASKED(params) \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"event/subscribe\",\"params\":{" params "}}\n"
#define EVENT(offset) "{\"offset\":" offset ",\"received\":\"2026-11-23T18:00:00.123Z\",\"type\":\"a/b\"}\n"
#define RECORD(type, more) "{\"type\":\"" type "\",\"time\":\"2026-11-23T18:00:00.123Z\"" more "}\n"

static struct follow *follow;
/* What the owner was told, in order. */
static struct bytes told;
/* The follower is freed in this callback. */
static const char *free_in;

static void
freed_in(const char *callback)
{
	if (free_in == NULL || strcmp(free_in, callback) != 0)
		return;
	follow_free(follow);
	follow = NULL;
}

static void
lines(void *arg, struct span all, int64_t n, int64_t last)
{
	struct span line;
	int64_t offset = 0, count = 0;

	(void)arg;
	while (follow_line(&all, &line, &offset)) {
		bytes_format(&told, "%" PRId64 " ", offset);
		count++;
	}
	ck_assert_int_eq(count, n);
	ck_assert_int_eq(offset, last);
	freed_in("lines");
}

static void
state(void *arg, const struct error *why)
{
	(void)arg;
	bytes_text(&told, why != NULL ? "away " : "up ");
	freed_in(why != NULL ? "away" : "up");
}

static void
gap(void *arg, const struct follow_gap *g)
{
	(void)arg;
	bytes_format(&told, "%s:%" PRId64 "-%" PRId64 " ", g->kind == FOLLOW_LOST ? "lost" : "removed",
	    g->from, g->to);
	freed_in("gap");
}

static void
ended(void *arg, const struct error *why)
{
	(void)arg;
	bytes_format(&told, "end%s%s ", why->code == ERROR_NONE ? "" : ":",
	    why->code == ERROR_NONE ? "" : why->text);
	freed_in("ended");
}

static const struct follow_events events = { .lines = lines, .state = state, .gap = gap, .ended = ended };

static void
teardown(void)
{
	follow_free(follow);
	loop_free(loop);
	bytes_free(&told);
}

static void
is_told(const char *expected)
{
	ck_assert_str_eq(bytes_string(&told), expected);
	told.len = 0;
}

static void
begin(struct follow_request r)
{
	struct error e = { 0 };

	r.address = ADDRESS;
	follow = follow_open(loop, &r, &events, NULL, &e);
	ck_assert_msg(follow != NULL, "%s", e.text);
	settle();
}

static void
is_at(int64_t epoch, int64_t offset)
{
	ck_assert_int_eq(follow_place(follow).epoch, epoch);
	ck_assert_int_eq(follow_place(follow).offset, offset);
}

#define START ((struct span){ "\"start\"", 7 })
#define TYPES ((struct span){ "\"types\":[\"a/*\"]", 15 })

START_TEST(comes_back_at_its_place)
{
	begin((struct follow_request){ .params = TYPES, .from = START, .synced = true });
	ck_assert_str_eq(heard(0), ASKED("\"types\":[\"a/*\"],\"synced\":true,\"from\":\"start\""));
	is_at(0, 0);
	say(0, SUBSCRIBED("3", "1", "false") EVENT("1") EVENT("2"));
	is_told("up 1 2 ");
	is_at(3, 3);
	/* half a line does not count */
	say(0, EVENT("5") "{\"offset\":6");
	hang_up(0);
	is_told("5 away ");
	refuses = ECONNREFUSED;
	pass(SECOND);
	is_told("");
	refuses = 0;
	pass(2 * SECOND);
	ck_assert_str_eq(heard(1), ASKED("\"types\":[\"a/*\"],\"synced\":true,\"from\":6,\"epoch\":3"));
	/* lost before it has answered: the same outage */
	hang_up(1);
	pass(2 * SECOND);
	is_told("");
	say(2, SUBSCRIBED("3", "6", "false") EVENT("6"));
	is_told("up 6 ");
}
END_TEST

START_TEST(begins_at_a_place)
{
	begin((struct follow_request){ .place = { 2, 17 }, .from = START });
	ck_assert_str_eq(heard(0), ASKED("\"from\":17,\"epoch\":2"));
	say(0, SUBSCRIBED("4", "17", "false"));
	is_told("up ");
	is_at(4, 17);
	follow_free(follow);
	/* nothing said: now, and before the first event that place is kept as well */
	begin((struct follow_request){ 0 });
	ck_assert_str_eq(heard(1), ASKED(""));
	say(1, SUBSCRIBED("4", "10", "false"));
	hang_up(1);
	pass(SECOND);
	ck_assert_str_eq(heard(2), ASKED("\"from\":10,\"epoch\":4"));
}
END_TEST

START_TEST(gaps)
{
	begin((struct follow_request){ .place = { 1, 5 } });
	/* what is no longer kept */
	say(0, SUBSCRIBED("1", "9", "true") EVENT("9"));
	is_told("up removed:5-9 9 ");
	hang_up(0);
	pass(SECOND);
	ck_assert_str_eq(heard(1), ASKED("\"from\":10,\"epoch\":1"));
	/* what a crash took: others have its offsets */
	say(1, SUBSCRIBED("2", "7", "true") EVENT("7"));
	is_told("away up lost:7-10 7 ");
	is_at(2, 8);
	follow_free(follow);
	/* where nothing is known it is not known how much */
	begin((struct follow_request){ .from = { "3", 1 } });
	say(2, SUBSCRIBED("2", "9", "true"));
	is_told("up removed:0-9 ");
	is_at(2, 9);
}
END_TEST

/* A durable subscription begins behind what was acknowledged, which may be before what was given. */
START_TEST(durable)
{
	begin((struct follow_request){ .params = { "\"durable\":\"mail\"", 16 } });
	say(0, SUBSCRIBED("1", "4", "false") EVENT("4") EVENT("5") EVENT("6"));
	hang_up(0);
	pass(SECOND);
	say(1, SUBSCRIBED("1", "5", "false") EVENT("5") EVENT("6") EVENT("7") EVENT("8"));
	is_told("up 4 5 6 away up 7 8 ");
	/* in another epoch they are others */
	hang_up(1);
	pass(SECOND);
	say(2, SUBSCRIBED("2", "7", "false") EVENT("7") EVENT("8"));
	is_told("away up 7 8 ");
}
END_TEST

START_TEST(first_connection)
{
	static const struct follow_request plain = { .address = ADDRESS };
	static const struct follow_request bogus = { .address = "bogus:x", .patient = true };
	struct error e = { 0 };

	refuses = ENOENT;
	ck_assert_ptr_null(follow_open(loop, &plain, &events, NULL, &e));
	ck_assert_int_eq(e.code, ERROR_DISCONNECTED);
	ck_assert_ptr_null(follow_open(loop, &bogus, &events, NULL, &e));
	/* a full queue is waited for, but not for ever */
	refuses = EAGAIN;
	begin((struct follow_request){ 0 });
	pass(9 * SECOND);
	is_told("");
	pass(2 * SECOND);
	is_told("end:" ADDRESS ": no reply in time ");
	follow_free(follow);
	begin((struct follow_request){ 0 });
	refuses = 0;
	pass(2 * SECOND);
	say(0, SUBSCRIBED("1", "1", "false"));
	is_told("up ");
	follow_free(follow);
	/* nor is one that never answers */
	begin((struct follow_request){ 0 });
	pass(11 * SECOND);
	is_told("end:" ADDRESS ": no reply in time ");
	follow_free(follow);
	refuses = ECONNREFUSED;
	begin((struct follow_request){ .patient = true });
	pass(60 * SECOND);
	is_told("away ");
	refuses = 0;
	pass(2 * SECOND);
	say(2, SUBSCRIBED("1", "1", "false"));
	is_told("up ");
}
END_TEST

START_TEST(refusals)
{
	begin((struct follow_request){ 0 });
	say(0, FAILURE("-32003", "not here"));
	is_told("end:not here ");
	follow_free(follow);
	/* too many streams, in the first place and later */
	begin((struct follow_request){ 0 });
	say(1, FAILURE("-32002", "full"));
	is_told("end:full ");
	follow_free(follow);
	begin((struct follow_request){ .patient = true });
	say(2, FAILURE("-32002", "full"));
	pass(SECOND);
	say(3, SUBSCRIBED("1", "1", "false"));
	is_told("away up ");
	/* a hub that cannot go on says so */
	say(3, EVENT("1") RECORD("error", ",\"error\":\"system\",\"text\":\"damaged\""));
	is_told("1 end:damaged ");
	follow_free(follow);
	begin((struct follow_request){ 0 });
	say(4, "garbage\n");
	ck_assert_ptr_nonnull(strstr(bytes_string(&told), "end:not JSON"));
}
END_TEST

START_TEST(counted)
{
	begin((struct follow_request){ .count = 3 });
	say(0, SUBSCRIBED("1", "1", "false") EVENT("1"));
	hang_up(0);
	pass(SECOND);
	say(1, SUBSCRIBED("1", "2", "false") EVENT("2") EVENT("3") EVENT("4"));
	is_told("up 1 away up 2 3 end ");
	follow_free(follow);
	begin((struct follow_request){ 0 });
	say(2, SUBSCRIBED("1", "2", "false") EVENT("2") RECORD("eof", ""));
	is_told("up 2 end ");
}
END_TEST

/* A hub that has said that it would tell is lost when it does not; who asks for nothing waits. */
START_TEST(heartbeats)
{
	begin((struct follow_request){ .heartbeat = 500 * MILLISECOND });
	ck_assert_str_eq(heard(0), ASKED("\"heartbeat\":0.5"));
	say(0, SUBSCRIBED("1", "1", "false"));
	for (int i = 0; i < 10; i++) {
		pass(900 * MILLISECOND);
		say(0, i % 2 == 0 ? RECORD("heartbeat", ",\"next\":7") : EVENT("7"));
	}
	is_told("up 7 7 7 7 7 ");
	/* over what was not asked for the place moves on, never back */
	is_at(1, 8);
	say(0, RECORD("heartbeat", ",\"next\":3") RECORD("heartbeat", ",\"next\":20"));
	is_at(1, 20);
	/* what is not read cannot be missed */
	follow_pause(follow, true);
	pass(10 * SECOND);
	is_told("");
	follow_pause(follow, false);
	say(0, RECORD("heartbeat", ",\"next\":20"));
	pass(999 * MILLISECOND);
	is_told("");
	pass(20 * MILLISECOND);
	is_told("away ");
	ck_assert_int_eq(read(ends[0], &(char){ 0 }, 1), 0);
	ck_assert_str_eq(heard(1), ASKED("\"heartbeat\":0.5,\"from\":20,\"epoch\":1"));
	say(1, SUBSCRIBED("1", "20", "false"));
	is_told("up ");
	follow_free(follow);
	begin((struct follow_request){ 0 });
	say(2, SUBSCRIBED("1", "1", "false"));
	pass(3600 * SECOND);
	is_told("up ");
}
END_TEST

/* Nothing is read while it is paused but the reply, also over an outage. */
START_TEST(pauses)
{
	begin((struct follow_request){ 0 });
	heard(0);
	say(0, SUBSCRIBED("1", "1", "false") EVENT("1"));
	is_told("up 1 ");
	follow_pause(follow, true);
	say(0, EVENT("2"));
	is_told("");
	hang_up(0);
	pass(3600 * SECOND);
	is_told("");
	follow_pause(follow, false);
	settle();
	is_told("2 away ");
	follow_pause(follow, true);
	pass(SECOND);
	ck_assert_str_eq(heard(1), ASKED("\"from\":3,\"epoch\":1"));
	say(1, SUBSCRIBED("1", "3", "false"));
	say(1, EVENT("3"));
	is_told("up ");
	follow_pause(follow, false);
	settle();
	is_told("3 ");
}
END_TEST

/* It may be freed in each of its callbacks, and nothing is told any more. */
START_TEST(freed_in_callback)
{
	static const struct {
		const char *in, *told;
	} cases[] = {
		{ "lines", "up 1 " },
		{ "up", "up " },
		{ "gap", "up 1 2 away up lost:2-3 " },
		{ "away", "up 1 2 away " },
		{ "ended", "up 1 2 away up lost:2-3 2 end " },
	};

	free_in = cases[_i].in;
	begin((struct follow_request){ .place = { 1, 1 } });
	say(0, SUBSCRIBED("1", "1", "false") EVENT("1"));
	if (follow != NULL) {
		say(0, EVENT("2"));
		hang_up(0);
		pass(SECOND);
	}
	if (follow != NULL)
		say(1, SUBSCRIBED("2", "2", "true") EVENT("2") RECORD("eof", "") EVENT("3"));
	ck_assert_ptr_null(follow);
	pass(100 * SECOND);
	is_told(cases[_i].told);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("follow");
	TCase *t = tcase_create("follow");
	SRunner *runner = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, peer_open, teardown);
	tcase_add_test(t, comes_back_at_its_place);
	tcase_add_test(t, begins_at_a_place);
	tcase_add_test(t, gaps);
	tcase_add_test(t, durable);
	tcase_add_test(t, first_connection);
	tcase_add_test(t, refusals);
	tcase_add_test(t, counted);
	tcase_add_test(t, heartbeats);
	tcase_add_test(t, pauses);
	tcase_add_loop_test(t, freed_in_callback, 0, 5);
	suite_add_tcase(s, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
