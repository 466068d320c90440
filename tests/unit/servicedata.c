/* Requests that bring data, and replies that carry descriptors. */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "kernel.h"
#include "memory.h"
#include "service.h"

struct store {
	struct bytes data;
	int calls, ends;
	uint64_t lost;
	bool refuse; /* answer at the line */
};

static struct loop *loop;
static struct server *server;
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

static int
connected(void)
{
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	ck_assert_int_eq(server_connect(server, ends[0], ends[0], NULL), 0);
	return ends[1];
}

static void
settle(void)
{
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(loop_round(loop, kernel.now(), NULL), 0);
}

static void
say(int fd, const char *p, size_t n)
{
	ck_assert_int_eq(kernel_write_all(fd, p, n), 0);
	settle();
}

static const char *
heard(int fd)
{
	static char text[65536];
	ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[n < 0 ? 0 : n] = '\0';
	return text;
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
		say(fd, text, cut);
		say(fd, text + cut, size - cut);
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
	say(fd, refused[_i], strlen(refused[_i]));
	say(fd, "{\"x\":1}\n", 8);
	back = heard(fd);
	ck_assert_msg(strstr(back, "\"error\"") != NULL && strchr(back, '\n')[1] == '\0', "%s", back);
	store.refuse = false;
	say(fd, APPEND("2", "2") "ok", strlen(APPEND("2", "2")) + 2);
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
	say(fd, APPEND("1", "4194305"), strlen(APPEND("1", "4194305")));
	for (size_t at = 0; at < data.len; at += 65536)
		say(fd, data.data + at, data.len - at < 65536 ? data.len - at : 65536);
	say(fd, APPEND("2", "0"), strlen(APPEND("2", "0")));
	ck_assert_ptr_nonnull(strstr(heard(fd), DONE("2")));
	ck_assert_int_eq(store.calls, 1);
	close(fd);
}
END_TEST

START_TEST(lost_in_the_middle)
{
	int fd = connected();

	say(fd, APPEND("1", "100") "half", strlen(APPEND("1", "100")) + 4);
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

int
main(void)
{
	Suite *s = suite_create("servicedata");
	TCase *t = tcase_create("servicedata");
	SRunner *runner = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, cut_anywhere);
	tcase_add_loop_test(t, refused_is_skipped, 0, sizeof(refused) / sizeof(refused[0]));
	tcase_add_test(t, too_much_is_skipped);
	tcase_add_test(t, lost_in_the_middle);
	tcase_add_test(t, descriptors);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
