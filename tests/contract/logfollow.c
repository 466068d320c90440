/*
 * A follower that loses its link again and again: what it was given, joined, is the log, with nothing twice
 * and nothing missing, while the log grows.
 *   logfollow              some hundred cuts
 *   logfollow COUNT SEED   so many
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/mci-log/remote.h"
#include "cmd/mci-log/methods.h"
#include "duration.h"
#include "logfile.h"
#include "memory.h"
#include "serve.h"

#define BYTES_A_CUT 4096 /* how much comes between two of them, on the average */

static long cuts = 300;
static unsigned long long seed = 1;

struct play {
	struct loop *loop;
	struct log_server logs;
	struct server *server;
	struct logfile_writer writer;
	struct logname name;
	struct remote *remote;
	char *address;
	int64_t size;   /* of the log in the end */
	int64_t at;     /* what was seen of it */
	int64_t cut_at; /* the link is cut behind this byte */
	long cut;       /* how often it was */
	int64_t wrong;  /* first byte that is not the log's, -1 */
	bool over, truncated;
};

static uint64_t
draw(void)
{
	/* xorshift64: any sequence will do that a seed repeats */
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* The log's byte at an offset: newlines, NUL and bytes that are no UTF-8 among them. */
static char
byte_at(int64_t offset)
{
	uint64_t x = (uint64_t)offset * UINT64_C(0x9e3779b97f4a7c15);

	return (char)(x >> 56);
}

static void connect_again(void *arg);

static int
bytes_came(void *arg, struct span piece, int64_t when, uint32_t stream, struct error *e)
{
	struct play *p = arg;

	(void)when;
	(void)stream;
	(void)e;
	for (size_t i = 0; i < piece.n; i++) {
		if (p->at == p->cut_at) {
			p->cut++;
			remote_close(p->remote);
			p->remote = NULL;
			loop_after(p->loop, 0, connect_again, p);
			return 0;
		}
		if (piece.p[i] != byte_at(p->at) && p->wrong < 0)
			p->wrong = p->at;
		p->at++;
	}
	return 0;
}

static void
over(void *arg, const struct remote_end *end, const struct error *e)
{
	struct play *p = arg;

	ck_assert_msg(e->code == ERROR_NONE, "%s", e->text);
	ck_assert_int_eq(end->bytes, p->size);
	p->truncated = end->truncated;
	p->over = true;
	loop_stop(p->loop, 0);
}

static void
connect_again(void *arg)
{
	static const struct remote_events events = { bytes_came, over };
	struct play *p = arg;
	struct remote_wish w = { .address = p->address, .name = &p->name, .from = p->at, .to = -1,
		.follow = true, .times = draw() % 2 == 0, .quiet = true };
	struct error e;

	p->cut_at = p->at + (int64_t)(draw() % (2 * BYTES_A_CUT));
	p->remote = remote_open(p->loop, &w, &events, p, &e);
	ck_assert_msg(p->remote != NULL, "%s", e.text);
}

/* The log grows by pieces of any size, then it ends. */
static void
grow(void *arg)
{
	struct play *p = arg;
	char piece[3 * BYTES_A_CUT];
	size_t n = (size_t)(draw() % sizeof(piece)) + 1;

	if ((int64_t)n > p->size - p->writer.size)
		n = (size_t)(p->size - p->writer.size);
	for (size_t i = 0; i < n; i++)
		piece[i] = byte_at(p->writer.size + (int64_t)i);
	ck_assert_int_eq(logfile_write(&p->writer, piece, n, (uint32_t)(draw() % 3), NULL), 0);
	if (p->writer.size < p->size)
		loop_after(p->loop, draw() % 4 == 0 ? MILLISECOND : 0, grow, p);
	else
		ck_assert_int_eq(logfile_close(&p->writer, NULL), 0);
}

START_TEST(resumed_at_random_offsets)
{
	char folder[] = "/tmp/mci-logfollow.XXXXXX";
	struct play p = { .loop = loop_new(NULL), .size = cuts * BYTES_A_CUT, .wrong = -1 };
	struct stored files;
	struct error e;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	p.address = xformat("unix:%s/s", folder);
	ck_assert_msg(log_server_open(&p.logs, p.loop, folder, NULL, SECOND, &e) == 0, "%s", e.text);
	p.server = server_new(p.loop, &log_service, &p.logs);
	ck_assert_msg(server_listen(p.server, p.address, 0, &e) == 0, "%s", e.text);
	ck_assert_int_eq(logname_parse(&p.name, "o/r/1/unit@1", &e), 0);
	ck_assert_ptr_nonnull(writers_open(&p.logs.writers, &p.name, false, 0, &files, &e));
	ck_assert_int_eq(logfile_adopt(&p.writer, files.log, files.index, "unit", &e), 0);
	loop_after(p.loop, 0, grow, &p);
	connect_again(&p);
	ck_assert_int_eq(loop_run(p.loop, &e), 0);
	ck_assert_int_eq(p.wrong, -1);
	ck_assert_int_eq(p.at, p.size);
	ck_assert(p.over && !p.truncated);
	ck_assert_int_gt(p.cut, cuts / 2);
	remote_close(p.remote);
	server_free(p.server);
	log_server_close(&p.logs);
	logname_free(&p.name);
	loop_free(p.loop);
	free(p.address);
	ck_assert_int_eq(execlp("rm", "rm", "-rf", folder, NULL), 0);
}
END_TEST

int
main(int argc, char **argv)
{
	Suite *s = suite_create("logfollow");
	TCase *t = tcase_create("logfollow");
	SRunner *runner = srunner_create(s);
	int failed;

	if (argc == 3) {
		cuts = atol(argv[1]);
		seed = strtoull(argv[2], NULL, 10) | 1;
	}
	serve_begin();
	tcase_set_timeout(t, 300);
	suite_add_tcase(s, t);
	tcase_add_test(t, resumed_at_random_offsets);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
