/*
 * The event hub over every transport: the same lines, the same answers.
 *   hub serve ADDRESS...   a hub with a fresh folder (children of the tests)
 */
#include <ftw.h>

#include "cmd/mci-events/methods.h"
#include "serve.h"
#include "tests/contract/ways.h"

#define TAKEN(id, offset, repeats) \
	REPLY(id, "{\"offset\":" offset ",\"repeats\":" repeats "}")
#define PUBLISH(id, params) REQUEST(id, "event/publish", params)

/* One conversation: each line finds the log as those before it left it. */
static const struct exchange exchanges[] = {
	/* posts and publications, at every level */
	{ true, "{\"type\":\"a/b\"}\n", "" },
	{ true, PUBLISH("1", "{\"event\":{\"type\":\"a/b\"}}"), TAKEN("1", "2", "0") },
	{ true, PUBLISH("2", "{\"event\":{\"type\":\"a/b\"},\"sync\":\"none\"}"), TAKEN("2", "3", "0") },
	{ true, PUBLISH("3", "{\"events\":[{\"type\":\"a/b\"}, {\"type\":\"c/d\"}],\"sync\":\"disk\"}"),
	    TAKEN("3", "5", "0") },
	{ true, PUBLISH("4", "{\"events\":[]}"), TAKEN("4", "5", "0") },
	{ true, PUBLISH("5", "{\"event\":{\"type\":\"a/b\"},\"sync\":\"tape\"}"),
	    FAIL("5", "-32602", "sync: expected none, os or disk") },
	{ true, PUBLISH("6", "{}"), FAIL("6", "-32602", "expected either event or events") },
	{ true, PUBLISH("7", "{\"event\":{\"type\":\"a/b\"},\"events\":[]}"),
	    FAIL("7", "-32602", "expected either event or events") },
	/* a bad one takes the others of its request with it, and names itself */
	{ true, PUBLISH("8", "{\"events\":[{\"type\":\"a/b\"},{\"type\":7}]}"),
	    FAIL("8", "-32602", "events[1]: type: expected a string, found a number") },
	{ true, PUBLISH("9", "{\"events\":[{\"type\":\"a/b\"},1]}"),
	    FAIL("9", "-32602", "events[1]: not JSON: an object was expected at byte 1") },
	{ true, PUBLISH("10", "{\"event\":{\"type\":\"a/b\",\"offset\":1}}"),
	    FAIL("10", "-32602", "event: offset: set by the hub; leave it out") },
	/* (through a door it is posted on, and what the hub says of that comes to nobody) */
	{ ALONE, "{\"type\":\"a/b\",\"received\":\"now\"}\n",
	    COMPLAINT("invalid-params", "received: set by the hub; leave it out") },
	{ true, PUBLISH("11", "{\"event\":{\"id\":\"a\"}}"),
	    FAIL("11", "-32602", "event: expected an event with a type") },
	/* a build's events come once; an older run is fenced off */
	{ true, PUBLISH("12", "{\"event\":{\"type\":\"job/end\",\"build\":\"o/r/1\",\"run\":2,\"seq\":7}}"),
	    TAKEN("12", "6", "0") },
	{ true, PUBLISH("13", "{\"events\":[{\"type\":\"job/end\",\"build\":\"o/r/1\",\"run\":2,\"seq\":7},"
	    "{\"type\":\"job/end\",\"build\":\"o/r/1\",\"run\":2,\"seq\":8}],\"sync\":\"disk\"}"),
	    TAKEN("13", "7", "1") },
	{ true, PUBLISH("14", "{\"event\":{\"type\":\"job/end\",\"build\":\"o/r/1\",\"run\":2,\"seq\":3},"
	    "\"sync\":\"disk\"}"), TAKEN("14", "7", "1") },
	{ true, PUBLISH("15", "{\"event\":{\"type\":\"job/end\",\"build\":\"o/r/1\",\"run\":1,\"seq\":9}}"),
	    FAIL("15", "-32006", "event: run: a newer run of build o/r/1 has begun") },
	{ true, PUBLISH("16", "{\"event\":{\"type\":\"job/end\",\"build\":\"o/r/1\",\"run\":3,\"seq\":1}}"),
	    TAKEN("16", "8", "0") },
	/* what was taken back is not remembered: the same event is fresh when it comes alone */
	{ true, PUBLISH("17", "{\"events\":[{\"type\":\"job/end\",\"build\":\"o/r/2\",\"seq\":1},{}]}"),
	    FAIL("17", "-32602", "events[1]: expected an event with a type") },
	{ true, PUBLISH("18", "{\"event\":{\"type\":\"job/end\",\"build\":\"o/r/2\",\"seq\":1}}"),
	    TAKEN("18", "9", "0") },
	/* subscriptions that cannot be */
	{ true, REQUEST("20", "event/subscribe", "{\"from\":\"tomorrow\"}"), FAIL("20", "-32602",
	    "from: expected now, start, an offset or a time: 'tomorrow' is not a time such as "
	    "2026-11-23T18:00:00.123Z (RFC 3339)") },
	{ true, REQUEST("21", "event/subscribe", "{\"from\":-1}"), FAIL("21", "-32602",
	    "from: expected now, start, an offset or a time: '-1' is not a number from 0 to "
	    "9223372036854775807") },
	{ true, REQUEST("22", "event/subscribe", "{\"durable\":\"../x\"}"), FAIL("22", "-32602",
	    "durable: '../x' is no name: letters, digits and ._+-, at most 128, no dot in front") },
	{ true, REQUEST("23", "event/subscribe", "{\"where\":{\"a\":[1]}}"), FAIL("23", "-32602",
	    "where: a: expected a plain value, found an array") },
	{ true, REQUEST("24", "event/subscribe", "{\"heartbeat\":0}"),
	    FAIL("24", "-32602", "heartbeat: expected seconds, at least 0.01") },
	{ true, REQUEST("25", "event/acknowledge", "{\"name\":\"mail\",\"offset\":1}"),
	    FAIL("25", "-32000", "there is no durable subscriber 'mail'") },
	{ true, REQUEST("26", "event/forget", "{\"name\":\"mail\"}"),
	    FAIL("26", "-32000", "there is no durable subscriber 'mail'") },
	/* a run begins before it is known behind which seq */
	{ true, PUBLISH("30", "{\"event\":{\"type\":\"job/end\",\"build\":\"o/r/3\",\"run\":1,\"seq\":7}}"),
	    TAKEN("30", "10", "0") },
	{ true, PUBLISH("31", "{\"event\":{\"type\":\"build/initializing\",\"build\":\"o/r/3\",\"run\":2}}"),
	    TAKEN("31", "11", "0") },
	{ true, PUBLISH("32", "{\"event\":{\"type\":\"build/initializing\",\"build\":\"o/r/3\",\"run\":2}}"),
	    TAKEN("32", "11", "1") },
	{ true, PUBLISH("33", "{\"event\":{\"type\":\"job/end\",\"build\":\"o/r/3\",\"run\":1,\"seq\":8}}"),
	    FAIL("33", "-32006", "event: run: a newer run of build o/r/3 has begun") },
	{ true, PUBLISH("34", "{\"event\":{\"type\":\"job/end\",\"build\":\"o/r/3\",\"run\":2,\"seq\":8}}"),
	    TAKEN("34", "12", "0") },
	{ true, PUBLISH("35", "{\"event\":{\"type\":\"build/initializing\",\"build\":\"o/r/3\",\"run\":1}}"),
	    FAIL("35", "-32006", "event: run: a newer run of build o/r/3 has begun") },
	/* lines that are none */
	{ true, "garbage\n", COMPLAINT("not-json", "not JSON: an object was expected at byte 1") },
	{ true, "{\"type\":\"a/b\",\"type\":\"c/d\"}\n",
	    COMPLAINT("invalid-request", "type: the key comes twice") },
	{ ALONE, REQUEST("27", "param/get", "{\"name\":\"A\"}"),
	    FAIL("27", "-32601", "param/get: no method of the service events") },
};
#define NEXCHANGES (sizeof(exchanges) / sizeof(exchanges[0]))

/* A hub whose folder goes with it. */
struct fresh {
	struct hub_door door;
	char folder[32];
};

static void
tell(const char *text)
{
	fprintf(stderr, "hub: %s\n", text);
}

static void *
fresh_open(struct loop *loop)
{
	struct fresh *f = xmalloc(sizeof(*f));
	struct hub_settings settings = { .segment_size = 4096, .tell = tell };
	struct error e;

	snprintf(f->folder, sizeof(f->folder), "/tmp/mci-hub.XXXXXX");
	settings.folder = mkdtemp(f->folder);
	f->door.hub = hub_open(loop, &settings, &e);
	if (f->door.hub == NULL) {
		fprintf(stderr, "%s\n", e.text);
		exit(1);
	}
	return f;
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void
fresh_close(void *hub)
{
	struct fresh *f = hub;

	hub_close(f->door.hub);
	nftw(f->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(f);
}

/* Answers that wait for the disk come behind later ones. */
START_TEST(every_transport)
{
	says_each_line(&transports[_i], exchanges, NEXCHANGES);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("hub");
	TCase *t = tcase_create("hub");

	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	tcase_add_loop_test(t, every_transport, 0, NTRANSPORTS);
	return s;
}

int
main(int argc, char **argv)
{
	drive_programs();
	driven = (struct driven){ &hub_service, fresh_open, fresh_close, NULL };
	serve_begin();
	return drive_main(argc, argv, suite);
}
