/*
 * A publisher and followers that lose their links again and again, to a hub that is stopped and started
 * meanwhile: each event reaches each follower once and in order.
 *   hubfollow              some hundred cuts
 *   hubfollow COUNT SEED   so many
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/mci-events/methods.h"
#include "duration.h"
#include "emit.h"
#include "follow.h"
#include "kernel.h"
#include "memory.h"
#include "message.h"
#include "publisher.h"
#include "serve.h"

#define EVENTS_A_CUT 20 /* that are published between two of them, on the average */

static long cuts = 300;
static unsigned long long seed = 1;

static uint64_t
draw(void)
{
	/* xorshift64: any sequence will do that a seed repeats */
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static struct loop *loop;
static char folder[] = "/tmp/mci-hubfollow.XXXXXX";
static char *address;
static struct hub_door door;
static struct server *server;

static void
tell(const char *text)
{
	(void)text;
}

static void
hub_start(void)
{
	struct hub_settings settings = { .folder = folder, .segment_size = 16384, .tell = tell };
	struct error e;

	door.hub = hub_open(loop, &settings, &e);
	ck_assert_msg(door.hub != NULL, "%s", e.text);
}

static void
server_start(void)
{
	struct error e;

	server = server_new(loop, &hub_service, &door);
	ck_assert_msg(server_listen(server, address, 0, &e) == 0, "%s", e.text);
}

/* Connections that were made: a number may mean another descriptor by now. */
static int made[16];
static size_t nmade;
static int (*real_connect)(int fd, const struct sockaddr *to, socklen_t n);

static int
watched_connect(int fd, const struct sockaddr *to, socklen_t n)
{
	made[nmade++ % 16] = fd;
	return real_connect(fd, to, n);
}

static bool
listens(int fd)
{
	int yes = 0;
	socklen_t n = sizeof(yes);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &n) == 0 && yes;
}

/* Links break; every tenth time all of them, because the hub ends. */
static void
cut(void)
{
	if (draw() % 10 != 0) {
		for (size_t i = 0; i < 16 && i < nmade; i++) {
			if (draw() % 2 == 0 && !listens(made[i]))
				shutdown(made[i], SHUT_RDWR);
		}
		return;
	}
	hub_finish(door.hub);
	server_free(server);
	hub_close(door.hub);
	hub_start();
	server_start();
}

static int64_t published, last; /* seq of the newest event, and of the last that is to be */
static struct publisher *publisher;

static void
publish_some(void)
{
	for (uint64_t n = draw() % (2 * EVENTS_A_CUT); n > 0 && published < last; n--) {
		AUTO_BYTES event = { 0 };

		emit_event(&event, published % 3 == 0 ? "job/end" : "job/start");
		emit_text(&event, "build", "o/r/1");
		emit_integer(&event, "seq", ++published);
		bytes_char(&event, '}');
		publisher_add(publisher, (struct span){ event.data, event.len }, published);
	}
	publisher_go(publisher);
}

static void
taken(void *arg, int64_t tag, int64_t repeats)
{
	(void)arg;
	(void)tag;
	(void)repeats;
}

static void
refused(void *arg, int64_t tag, const struct error *why)
{
	(void)arg;
	ck_abort_msg("event %lld: %s", (long long)tag, why->text);
}

static const struct publisher_events publisher_events = { .taken = taken, .refused = refused };

/* Who sees every step-th event. */
struct seen {
	struct follow *follow;
	int64_t seq, step;
	int outages;
};

static void
lines(void *arg, struct span all, int64_t n, int64_t newest)
{
	struct seen *s = arg;
	struct span line;
	struct message m;
	int64_t offset;

	(void)n;
	while (follow_line(&all, &line, &offset)) {
		ck_assert_int_eq(message_read(&m, line.p, line.n, NULL), 0);
		ck_assert_int_eq(m.seq, s->seq + s->step);
		s->seq = m.seq;
	}
	ck_assert_int_eq(offset, newest);
}

static void
state(void *arg, const struct error *why)
{
	struct seen *s = arg;

	s->outages += why != NULL;
}

static void
gap(void *arg, const struct follow_gap *g)
{
	(void)arg;
	ck_abort_msg("%lld to %lld are missing", (long long)g->from, (long long)g->to);
}

static void
ended(void *arg, const struct error *why)
{
	(void)arg;
	ck_abort_msg("it ended: %s", why->text);
}

static const struct follow_events follow_events = {
	.lines = lines, .state = state, .gap = gap, .ended = ended,
};

static void
follow_begin(struct seen *s, const char *params, struct follow_place place)
{
	struct follow_request r = { .address = address, .params = { params, strlen(params) },
		.from = { "\"start\"", 7 }, .place = place, .synced = draw() % 2 == 0, .patient = true,
		.heartbeat = 20 * MILLISECOND };
	struct error e;

	s->follow = follow_open(loop, &r, &follow_events, s, &e);
	ck_assert_msg(s->follow != NULL, "%s", e.text);
}

/* Some stop altogether, and begin again at the place that they have kept. */
static void
begin_again(struct seen *s, const char *params)
{
	struct follow_place place = follow_place(s->follow);

	follow_free(s->follow);
	follow_begin(s, params, place);
}

static void
rounds(int n)
{
	for (int i = 0; i < n; i++)
		ck_assert_int_eq(loop_round(loop, kernel.now() + MILLISECOND, NULL), 0);
}

START_TEST(once_and_in_order)
{
	struct seen all = { .step = 1 }, some = { .step = 3, .seq = -2 };
	struct error e;
	int64_t deadline;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	address = xformat("unix:%s/s", folder);
	real_connect = kernel.connect;
	kernel.connect = watched_connect;
	loop = loop_new(NULL);
	hub_start();
	server_start();
	last = cuts * EVENTS_A_CUT;
	publisher = publisher_new(loop, address, "disk", &publisher_events, NULL, &e);
	follow_begin(&all, "", (struct follow_place){ 0 });
	follow_begin(&some, "\"types\":[\"job/end\"]", (struct follow_place){ 0 });
	for (long i = 0; i < cuts; i++) {
		publish_some();
		rounds((int)(draw() % 30));
		cut();
		if (draw() % 8 == 0)
			begin_again(&all, "");
		if (draw() % 8 == 0)
			begin_again(&some, "\"types\":[\"job/end\"]");
	}
	deadline = kernel.now() + 60 * SECOND;
	while (all.seq < last || some.seq + 3 <= last) {
		publish_some();
		rounds(10);
		ck_assert_int_lt(kernel.now(), deadline);
	}
	ck_assert_int_gt(all.outages, 0);
	follow_free(all.follow);
	follow_free(some.follow);
	publisher_free(publisher);
	hub_finish(door.hub);
	server_free(server);
	hub_close(door.hub);
	loop_free(loop);
	free(address);
	ck_assert_int_eq(execlp("rm", "rm", "-rf", folder, NULL), 0);
}
END_TEST

int
main(int argc, char **argv)
{
	Suite *s = suite_create("hubfollow");
	TCase *t = tcase_create("hubfollow");
	SRunner *runner = srunner_create(s);
	int failed;

	if (argc == 3) {
		cuts = atol(argv[1]);
		seed = strtoull(argv[2], NULL, 10) | 1;
	}
	serve_begin();
	tcase_set_timeout(t, 300);
	suite_add_tcase(s, t);
	tcase_add_test(t, once_and_in_order);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
