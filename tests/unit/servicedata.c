/* Requests that bring data, and requests and replies that carry descriptors. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "client.h"
#include "connect.h"
#include "memory.h"
#include "tests/unit/served.h"

struct store {
	struct bytes data;
	int calls, ends;
	uint64_t lost;
	bool refuse; /* answer at the line */
};

static struct store store;

static void
append(void *self, struct request *r)
{
	struct store *s = self;

	s->calls++;
	if (s->refuse)
		request_fail(r, "refused", "not today");
}

static void
data_came(void *self, struct request *r, struct span piece, uint64_t left)
{
	struct store *s = self;

	bytes_add(&s->data, piece.p, piece.n);
	if (left > 0)
		return;
	s->ends++;
	request_reply(r, (struct span){ NULL, 0 });
}

/* The reading ends of two pipes, and "a" and "b" in them. */
static void
open_files(void *self, struct request *r)
{
	int first[2], second[2];

	(void)self;
	if (!request_carries_fds(r)) {
		request_reply(r, (struct span){ NULL, 0 });
		return;
	}
	ck_assert(pipe(first) == 0 && pipe(second) == 0);
	ck_assert(kernel_write_all(first[1], "a", 1) == 0 && kernel_write_all(second[1], "b", 1) == 0);
	request_reply_fds(r, (struct span){ "{\"offset\":0}", 12 }, (int[2]){ first[0], second[0] }, 2);
	for (int i = 0; i < 2; i++) {
		close(first[i]);
		close(second[i]);
	}
}

static void
gone(void *self, uint64_t connection)
{
	struct store *s = self;

	s->lost = connection;
}

static const struct service_method methods[] = {
	{ "log/append", append },
	{ "log/open", open_files },
};
static const struct service service = { .contract = &contract_log, .methods = methods, .nmethods = 2,
	.data = data_came, .gone = gone };

static void
setup(void)
{
	loop = loop_new(NULL);
	store = (struct store){ 0 };
	server = server_new(loop, &service, &store);
}

static void
teardown(void)
{
	server_free(server);
	loop_free(loop);
	bytes_free(&store.data);
}

#define APPEND(id, n) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"log/append\",\"params\":" \
	"{\"build\":\"a/b/1\",\"offset\":0,\"data\":" n "}}\n"
#define DONE(id) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":{}}\n"

/* Two requests with data between them, cut at every place. */
START_TEST(cut_anywhere)
{
	static const char text[] = APPEND("1", "5") "a\n\0{\n" APPEND("2", "0") APPEND("3", "1") "\n";
	const size_t size = sizeof(text) - 1;

	for (size_t cut = 0; cut <= size; cut++) {
		int fd = connected();

		store.data.len = 0;
		store.ends = 0;
		say_bytes(fd, text, cut);
		say_bytes(fd, text + cut, size - cut);
		ck_assert_str_eq(heard(fd), DONE("1") DONE("2") DONE("3"));
		ck_assert_uint_eq(store.data.len, 6);
		ck_assert_int_eq(memcmp(store.data.data, "a\n\0{\n\n", 6), 0);
		ck_assert_int_eq(store.ends, 3);
		close(fd);
		settle();
	}
}
END_TEST

/* Data of a request that is refused, for whatever reason, is skipped. */
static const char *const refused[] = {
	APPEND("1", "8"), APPEND("1", "8,\"more\":1"), APPEND("null", "8"),
	"{\"jsonrpc\":\"2.0\",\"method\":\"log/append\",\"params\":{\"build\":\"a\",\"offset\":0,\"data\":8}}\n",
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"log/append\",\"params\":{\"data\":8}}\n",
};

START_TEST(refused_is_skipped)
{
	int fd = connected();
	const char *back;

	store.refuse = true;
	say_bytes(fd, refused[_i], strlen(refused[_i]));
	say(fd, "{\"x\":1}\n");
	back = heard(fd);
	ck_assert_msg(strstr(back, "\"error\"") != NULL && strchr(back, '\n')[1] == '\0', "%s", back);
	store.refuse = false;
	say_bytes(fd, APPEND("2", "2") "ok", strlen(APPEND("2", "2")) + 2);
	ck_assert_str_eq(heard(fd), DONE("2"));
	ck_assert_uint_eq(store.data.len, 2);
	close(fd);
}
END_TEST

START_TEST(too_much_is_skipped)
{
	int fd = connected();
	AUTO_BYTES data = { 0 };

	memset(bytes_reserve(&data, 4194305), '\n', 4194305);
	data.len = 4194305;
	say_bytes(fd, APPEND("1", "4194305"), strlen(APPEND("1", "4194305")));
	for (size_t at = 0; at < data.len; at += 65536)
		say_bytes(fd, data.data + at, data.len - at < 65536 ? data.len - at : 65536);
	say_bytes(fd, APPEND("2", "0"), strlen(APPEND("2", "0")));
	ck_assert_ptr_nonnull(strstr(heard(fd), DONE("2")));
	ck_assert_int_eq(store.calls, 1);
	close(fd);
}
END_TEST

START_TEST(lost_in_the_middle)
{
	int fd = connected();

	say_bytes(fd, APPEND("1", "100") "half", strlen(APPEND("1", "100")) + 4);
	ck_assert_uint_eq(store.data.len, 4);
	close(fd);
	settle();
	ck_assert_uint_eq(server_connections(server), 0);
	ck_assert_uint_eq(store.lost, 1);
	ck_assert_int_eq(store.ends, 0);
}
END_TEST

static void
opened(void *arg, struct span result, const struct error *e)
{
	struct client **c = arg;
	int fds[4], n;
	char byte = 0;

	ck_assert_msg(result.n > 0, "%s", e->text);
	n = client_fds(*c, fds, 1);
	/* the second one was not taken: it is closed for us */
	ck_assert_int_eq(n, 1);
	ck_assert_ptr_nonnull(memmem(result.p, result.n, "\"fds\":2", 7));
	ck_assert_int_eq(read(fds[0], &byte, 1), 1);
	ck_assert_int_eq(byte, 'a');
	close(fds[0]);
	loop_stop(loop, 0);
}

START_TEST(descriptors)
{
	char folder[] = "/tmp/mci-service.XXXXXX";
	AUTO_FREE char *address = NULL;
	static const char params[] = "{\"build\":\"a/b/1\"}";
	struct client *c;
	int before, after;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	address = xformat("unix:%s/s", folder);
	ck_assert_int_eq(server_listen(server, address, 0, NULL), 0);
	c = client_open(loop, address, NULL, NULL, NULL);
	ck_assert_int_eq(client_connect(c, NULL), 0);
	client_call(c, "log/open", (struct span){ params, sizeof(params) - 1 }, NULL, opened, &c);
	before = dup(0);
	close(before);
	ck_assert_int_eq(loop_run(loop, NULL), 0);
	settle();
	after = dup(0);
	close(after);
	/* one for the server's end of the connection, and no other is left */
	ck_assert_int_le(after, before + 1);
	client_close(c);
	server_free(server);
	server = NULL;
	rmdir(folder);
}
END_TEST

/* ---- requests that carry descriptors */

static const struct contract_field keep_params[] = {
	{ "fds", CONTRACT_FDS, false, "to write into" },
};
static const struct contract_method note_rows[] = {
	{ .name = "note/keep", .params = keep_params, .nparams = 1, .errors = "", .idempotent = true },
	{ .name = "note/plain", .errors = "" },
};
static const struct contract_service note_contract = { .name = "note", .methods = note_rows,
	.nmethods = 2 };

/* Writes into the first, takes no second, and says how many there were; late: when the test says so. */
struct keeper {
	bool late;
	struct request *kept;
};
static struct keeper keeper;

static void
keep(void *self, struct request *r)
{
	struct keeper *k = self;
	AUTO_BYTES result = { 0 };
	int fd = -1, n;

	if (k->late) {
		k->kept = r;
		return;
	}
	n = request_fds(r, &fd, 1);
	bytes_format(&result, "{\"taken\":%d}", n);
	if (n > 0) {
		ck_assert_int_eq(kernel_write_all(fd, "kept", 4), 0);
		close(fd);
	}
	request_reply(r, (struct span){ result.data, result.len });
}

static void
plain(void *self, struct request *r)
{
	int fd;

	(void)self;
	ck_assert_int_eq(request_fds(r, &fd, 1), 0);
	request_reply(r, (struct span){ NULL, 0 });
}

static const struct service_method note_methods[] = {
	{ "note/keep", keep },
	{ "note/plain", plain },
};
static const struct service note_service = { .contract = &note_contract, .methods = note_methods,
	.nmethods = 2 };

static void
note_setup(void)
{
	loop = loop_new(NULL);
	keeper = (struct keeper){ 0 };
	server = server_new(loop, &note_service, &keeper);
}

/* Sends with n writing ends of pipes, of which only the other side has a copy then; the reading ends. */
static void
say_fds(int fd, const char *text, size_t size, int n, int *reading)
{
	union {
		char room[CMSG_SPACE(sizeof(int) * 8)];
		struct cmsghdr align;
	} control = { 0 };
	int writing[8] = { 0 };
	struct iovec iov = { (void *)(uintptr_t)text, size };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room,
		.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)n) };

	for (int i = 0; i < n; i++) {
		int ends[2];

		ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
		reading[i] = ends[0];
		writing[i] = ends[1];
	}
	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(int) * (size_t)n);
	memcpy(CMSG_DATA(&control.align), writing, sizeof(int) * (size_t)n);
	ck_assert_int_eq(sendmsg(fd, &m, 0), (ssize_t)size);
	for (int i = 0; i < n; i++)
		close(writing[i]);
	settle();
}

/* What was written at the other ends, each of which is closed. */
static const char *
written(const int *reading, int n)
{
	static char text[64];
	size_t len = 0;

	for (int i = 0; i < n; i++) {
		ssize_t got;

		while ((got = read(reading[i], text + len, sizeof(text) - 1 - len)) > 0)
			len += (size_t)got;
		ck_assert_msg(got == 0, "descriptor %d is left open", i);
		close(reading[i]);
	}
	text[len] = '\0';
	return text;
}

#define KEEP(params) "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"note/keep\",\"params\":" params "}\n"
#define WRONG(text) "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32602,\"message\":\"" text "\"}}\n"

static const struct {
	const char *say;
	int sent;
	const char *hear, *written;
} carried[] = {
	{ KEEP("{\"fds\":1}"), 1, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"taken\":1}}\n", "kept" },
	{ KEEP("{\"fds\":4}"), 4, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"taken\":1}}\n", "kept" },
	{ KEEP("{\"fds\":0}"), 0, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"taken\":0}}\n", "" },
	/* nobody claims them */
	{ KEEP("{}"), 2, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"taken\":0}}\n", "" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"note/plain\"}\n", 1, DONE("1"), "" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"note/plain\",\"params\":{\"fds\":1}}\n", 1,
	    WRONG("note/plain: unknown parameter fds"), "" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"note/none\",\"params\":{\"fds\":1}}\n", 1,
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32601,\"message\":"
	    "\"note/none: no method of the service note\"}}\n", "" },
	/* too few, too many */
	{ KEEP("{\"fds\":2}"), 1,
	    WRONG("note/keep: parameter fds: 2 were announced, 1 came with the line"), "" },
	{ KEEP("{\"fds\":1}"), 0,
	    WRONG("note/keep: parameter fds: 1 were announced, 0 came with the line"), "" },
	{ KEEP("{\"fds\":1}"), 3,
	    WRONG("note/keep: parameter fds: 1 were announced, 3 came with the line"), "" },
	{ KEEP("{\"fds\":5}"), 5,
	    WRONG("note/keep: parameter fds: '5' is not a number from 0 to 4"), "" },
	{ KEEP("{\"fds\":\"x\"}"), 2,
	    WRONG("note/keep: parameter fds: expected a number, found a string"), "" },
};

START_TEST(with_requests)
{
	int fd = connected(), reading[8];

	say_fds(fd, carried[_i].say, strlen(carried[_i].say), carried[_i].sent, reading);
	ck_assert_str_eq(heard(fd), carried[_i].hear);
	ck_assert_str_eq(written(reading, carried[_i].sent), carried[_i].written);
	/* and the line behind it has none of them */
	say(fd, KEEP("{}"));
	ck_assert_str_eq(heard(fd), "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"taken\":0}}\n");
	close(fd);
}
END_TEST

/* A line in pieces has what came with its first byte; one that never comes whole has nothing. */
START_TEST(with_pieces)
{
	static const char line[] = KEEP("{\"fds\":1}");
	int fd = connected(), other = connected(), reading[1], lost[1];

	say_fds(fd, line, 9, 1, reading);
	say_bytes(fd, line + 9, sizeof(line) - 10);
	ck_assert_str_eq(heard(fd), "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"taken\":1}}\n");
	ck_assert_str_eq(written(reading, 1), "kept");
	say_fds(other, line, 9, 1, lost);
	close(other);
	settle();
	ck_assert_str_eq(written(lost, 1), "");
	close(fd);
}
END_TEST

/* What a request that waits has is closed with it, whoever leaves first. */
START_TEST(with_requests_that_wait)
{
	int fd = connected(), reading[2];

	keeper.late = true;
	say_fds(fd, KEEP("{\"fds\":2}"), sizeof(KEEP("{\"fds\":2}")) - 1, 2, reading);
	ck_assert_int_lt(read(reading[0], &(char){ 0 }, 1), 0);
	close(fd);
	settle();
	if (_i == 0)
		request_reply(keeper.kept, (struct span){ NULL, 0 });
	server_free(server);
	server = NULL;
	ck_assert_str_eq(written(reading, 2), "");
}
END_TEST

START_TEST(where_none_are_carried)
{
	int in[2], out[2];
	char back[200] = "";

	ck_assert(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
	ck_assert_int_eq(server_connect(server, in[0], out[1], NULL), 0);
	say(in[1], KEEP("{\"fds\":1}"));
	ck_assert_int_gt(read(out[0], back, sizeof(back) - 1), 0);
	ck_assert_str_eq(back, WRONG("note/keep: parameter fds: this link carries no descriptors"));
	close(in[1]);
	close(out[0]);
}
END_TEST

struct outcome {
	int calls;
	struct error e;
	char result[64];
};

static void
ended(void *arg, struct span result, const struct error *e)
{
	struct outcome *o = arg;

	o->calls++;
	o->e = *e;
	snprintf(o->result, sizeof(o->result), "%.*s", (int)result.n, result.n > 0 ? result.p : "");
	loop_stop(loop, 0);
}

/* They are sent again with the request when the connection was lost. */
START_TEST(by_a_client)
{
	char folder[] = "/tmp/mci-service.XXXXXX";
	AUTO_FREE char *address = NULL;
	struct outcome o = { 0 };
	struct client *c;
	int ends[2];
	struct client_wish w = { .nfds = 1 };

	ck_assert_ptr_nonnull(mkdtemp(folder));
	address = xformat("unix:%s/s", folder);
	ck_assert_int_eq(server_listen(server, address, 0, NULL), 0);
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	c = client_open(loop, address, NULL, NULL, NULL);
	keeper.late = true;
	w.fds = &ends[1];
	w.again = CLIENT_AGAIN;
	client_call(c, "note/keep", (struct span){ "{\"fds\":1}", 9 }, &w, ended, &o);
	close(ends[1]);
	settle();
	ck_assert_ptr_nonnull(keeper.kept);
	server_free(server);
	keeper = (struct keeper){ 0 };
	server = server_new(loop, &note_service, &keeper);
	ck_assert_int_eq(server_listen(server, address, 0, NULL), 0);
	ck_assert_int_eq(loop_run(loop, NULL), 0);
	ck_assert_int_eq(o.calls, 1);
	ck_assert_str_eq(o.result, "{\"taken\":1}");
	ck_assert_str_eq(written(ends, 1), "kept");
	client_close(c);
	server_free(server);
	server = NULL;
	rmdir(folder);
}
END_TEST

START_TEST(not_by_a_client)
{
	struct client *c = client_open(loop, "exec:cat", NULL, NULL, NULL);
	const int many[] = { 0, 0, 0, 0, 0 };
	struct outcome o = { 0 };

	client_call(c, "note/keep", (struct span){ "{\"fds\":1}", 9 },
	    &(struct client_wish){ .fds = many, .nfds = 1 }, ended, &o);
	ck_assert_int_eq(loop_run(loop, NULL), 0);
	ck_assert_str_eq(o.e.text, "exec:cat: this link carries no descriptors");
	client_call(c, "note/keep", (struct span){ "{\"fds\":5}", 9 },
	    &(struct client_wish){ .fds = many, .nfds = 5 }, ended, &o);
	ck_assert_int_eq(loop_run(loop, NULL), 0);
	ck_assert_str_eq(o.e.text, "the request has 5 descriptors, a line may have 4");
	client_call(c, "note/keep", (struct span){ "{\"fds\":1}", 9 },
	    &(struct client_wish){ .fds = &(int){ 1000 }, .nfds = 1 }, ended, &o);
	ck_assert_int_eq(loop_run(loop, NULL), 0);
	ck_assert_str_eq(o.e.text, "copy descriptor 1000: Bad file descriptor");
	client_close(c);
	connect_reap(loop);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("servicedata");
	TCase *t = tcase_create("servicedata");
	TCase *note = tcase_create("descriptors");
	SRunner *runner = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	suite_add_tcase(s, note);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, cut_anywhere);
	tcase_add_loop_test(t, refused_is_skipped, 0, sizeof(refused) / sizeof(refused[0]));
	tcase_add_test(t, too_much_is_skipped);
	tcase_add_test(t, lost_in_the_middle);
	tcase_add_test(t, descriptors);
	tcase_add_checked_fixture(note, note_setup, teardown);
	tcase_add_loop_test(note, with_requests, 0, sizeof(carried) / sizeof(carried[0]));
	tcase_add_test(note, with_pieces);
	tcase_add_loop_test(note, with_requests_that_wait, 0, 2);
	tcase_add_test(note, where_none_are_carried);
	tcase_add_test(note, by_a_client);
	tcase_add_test(note, not_by_a_client);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
