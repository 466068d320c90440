/*
 * Several connections at one log: whoever goes, dies, comes back or meddles, every log holds what its writer was
 * told to be stored, and nothing of another's. Each connection writes a letter of its own.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/mci-log/methods.h"
#include "duration.h"
#include "kernel.h"
#include "memory.h"
#include "message.h"
#include "names.h"
#include "serve.h"

#define CONNECTIONS 3
#define STEPS 12
#define PATIENCE (10 * SECOND)

struct play {
	char folder[32];
	struct loop *loop;
	struct log_server logs;
	struct server *server;
	int fds[CONNECTIONS]; /* -1: not connected */
	struct bytes heard[CONNECTIONS];
	struct error e;
};

/*
 * A step is a connection (a, b, c) and what it does:
 *	open LOG [resume]     close LOG        append LOG OFFSET SIZE SENT
 *	more N                hangup           get LOG
 * Behind "->" the reply's result or error stands, which is waited for; else none is.
 */
struct scenario {
	const char *text;
	const char *steps[STEPS];
	const char *x, *y; /* what the logs hold in the end, as runs of letters; NULL: not there */
};

static const struct scenario scenarios[] = {
	{ "another connection closes during an append",
	  { "a open x -> {\"offset\":0}", "a append x 0 100 50", "b get x -> 50 open", "b close x -> busy",
	    "a more 50 -> {\"offset\":100}", "a close x -> {\"bytes\":100,\"truncated\":false}" },
	  "a100", NULL },
	{ "a close during an append whose connection is lost then",
	  { "a open x -> {\"offset\":0}", "a append x 0 100 50", "b get x -> 50 open", "a hangup",
	    "b close x -> {\"bytes\":50,\"truncated\":false}" },
	  "a50", NULL },
	{ "a resume over a link that is half dead",
	  { "a open x -> {\"offset\":0}", "a append x 0 100 50", "c get x -> 50 open",
	    "b open x resume -> {\"offset\":50}", "b append x 50 10 10 -> {\"offset\":60}", "a hangup",
	    "b append x 60 10 10 -> {\"offset\":70}", "b close x -> {\"bytes\":70,\"truncated\":false}" },
	  "a50b20", NULL },
	{ "what the one before still sends is refused",
	  { "a open x -> {\"offset\":0}", "a append x 0 100 50", "c get x -> 50 open",
	    "b open x resume -> {\"offset\":50}", "a more 50 -> refused", "a append x 50 5 5 -> busy",
	    "b append x 50 10 10 -> {\"offset\":60}", "a close x -> busy",
	    "b close x -> {\"bytes\":60,\"truncated\":false}" },
	  "a50b10", NULL },
	{ "the other job's writer is not disturbed",
	  { "c open y -> {\"offset\":0}", "a open x -> {\"offset\":0}", "a append x 0 100 50",
	    "c get x -> 50 open", "b open x resume -> {\"offset\":50}", "a hangup",
	    "c append y 0 10 10 -> {\"offset\":10}", "c append y 10 10 10 -> {\"offset\":20}",
	    "c close y -> {\"bytes\":20,\"truncated\":false}",
	    "b close x -> {\"bytes\":50,\"truncated\":false}" },
	  "a50", "c20" },
	{ "a stranger appends to a log that is written",
	  { "a open x -> {\"offset\":0}", "b append x 0 10 10 -> busy", "b append y 0 10 10 -> not-found",
	    "a append x 0 10 10 -> {\"offset\":10}", "a close x -> {\"bytes\":10,\"truncated\":false}" },
	  "a10", NULL },
	{ "two logs by turns on one connection",
	  { "a open x -> {\"offset\":0}", "a open y -> {\"offset\":0}", "a append x 0 10 10 -> {\"offset\":10}",
	    "a append y 0 20 20 -> {\"offset\":20}", "a append x 10 5 5 -> {\"offset\":15}",
	    "b open x -> busy", "a close x -> {\"bytes\":15,\"truncated\":false}",
	    "a append x 15 5 5 -> not-found", "a close y -> {\"bytes\":20,\"truncated\":false}" },
	  "a15", "a20" },
	{ "a writer that is lost and comes back sends what was not acknowledged",
	  { "a open x -> {\"offset\":0}", "a append x 0 100 30", "b get x -> 30 open", "a hangup",
	    "b open x resume -> {\"offset\":30}", "b append x 0 100 100 -> {\"offset\":100}",
	    "b close x -> {\"bytes\":100,\"truncated\":false}" },
	  "a30b70", NULL },
	{ "closing again says the same",
	  { "a open x -> {\"offset\":0}", "a append x 0 10 10 -> {\"offset\":10}",
	    "a close x -> {\"bytes\":10,\"truncated\":false}", "b close x -> {\"bytes\":10,\"truncated\":false}",
	    "a hangup", "b open x resume -> refused", "b close y -> not-found" },
	  "a10", NULL },
	{ "a gap is not made",
	  { "a open x -> {\"offset\":0}", "a append x 1 10 10 -> refused",
	    "a append x 0 0 0 -> {\"offset\":0}", "a append x 0 10 10 -> {\"offset\":10}",
	    "a close x -> {\"bytes\":10,\"truncated\":false}" },
	  "a10", NULL },
};

static void
connect_one(struct play *p, int which)
{
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	ck_assert_int_eq(server_connect(p->server, ends[1], ends[1], &p->e), 0);
	p->fds[which] = ends[0];
}

static void
round_trip(struct play *p)
{
	ck_assert_int_eq(loop_round(p->loop, kernel.now(), &p->e), 0);
}

/* Of a reply what a step says of it; of log/get, the length and whether it is open. */
static char *
gist(struct span line)
{
	struct scan_value v;
	int64_t code = 0;

	if (message_member(line.p, line.n, "error", &v, NULL) == 1) {
		ck_assert_int_eq(message_member(v.raw.p, v.raw.n, "code", &v, NULL), 1);
		ck_assert_int_eq(scan_integer(&v, INT32_MIN, 0, &code, NULL), 0);
		for (size_t i = 0; i < contract_nerrors; i++) {
			if (contract_errors[i].code == code)
				return xstrdup(contract_errors[i].name);
		}
	}
	ck_assert_int_eq(message_member(line.p, line.n, "result", &v, NULL), 1);
	if (message_integer(v.raw, "attempt", 0) > 0)
		return xformat("%d %s", (int)message_integer(v.raw, "bytes", 0),
		    memmem(v.raw.p, v.raw.n, "\"open\":true", 11) != NULL ? "open" : "closed");
	return xmemdup(v.raw.p, v.raw.n);
}

static char *
reply_of(struct play *p, int which)
{
	struct bytes *heard = &p->heard[which];
	int64_t end = kernel.now() + PATIENCE;
	char *newline, *text;

	while (heard->len == 0 || (newline = memchr(heard->data, '\n', heard->len)) == NULL) {
		ssize_t got;

		ck_assert_msg(kernel.now() < end, "there was no reply");
		ck_assert_int_eq(loop_round(p->loop, kernel.now() + MILLISECOND, &p->e), 0);
		bytes_reserve(heard, 4096);
		got = recv(p->fds[which], heard->data + heard->len, 4096, MSG_DONTWAIT);
		if (got > 0)
			heard->len += (size_t)got;
		ck_assert_msg(got != 0, "the connection was closed");
	}
	text = gist((struct span){ heard->data, (size_t)(newline - heard->data) });
	bytes_drop(heard, (size_t)(newline + 1 - heard->data));
	return text;
}

static void
tell(struct play *p, int which, const struct bytes *what)
{
	if (p->fds[which] < 0)
		connect_one(p, which);
	ck_assert_int_eq(send(p->fds[which], what->data, what->len, MSG_NOSIGNAL), (ssize_t)what->len);
	round_trip(p);
}

static void
add_letters(struct bytes *into, int which, int n)
{
	while (n-- > 0)
		bytes_char(into, (char)('a' + which));
}

static void
request(struct play *p, int which, const char *method, const char *log, const char *more, int letters)
{
	AUTO_BYTES line = { 0 };

	bytes_format(&line, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"log/%s\",\"params\":"
	    "{\"build\":\"o/r/1\",\"job\":\"%s\"%s}}\n", method, log, more);
	add_letters(&line, which, letters);
	tell(p, which, &line);
}

static void
hang_up(struct play *p, int which)
{
	close(p->fds[which]);
	p->fds[which] = -1;
	bytes_free(&p->heard[which]);
	for (int i = 0; i < 3; i++)
		round_trip(p);
}

static void
act(struct play *p, int which, const char *step)
{
	char method[16], log[8], last[16] = "";
	AUTO_BYTES letters = { 0 };
	int offset, size, sent;

	if (sscanf(step, "append %7s %d %d %d", log, &offset, &size, &sent) == 4) {
		AUTO_FREE char *more = xformat(",\"offset\":%d,\"data\":%d", offset, size);

		request(p, which, "append", log, more, sent);
	} else if (sscanf(step, "more %d", &sent) == 1) {
		add_letters(&letters, which, sent);
		tell(p, which, &letters);
	} else if (strncmp(step, "hangup", 6) == 0) {
		hang_up(p, which);
	} else {
		ck_assert_int_ge(sscanf(step, "%15s %7s %15s", method, log, last), 2);
		request(p, which, method, log, strcmp(last, "resume") == 0 ? ",\"resume\":true" : "", 0);
	}
}

static void
step(struct play *p, const struct scenario *s, const char *text)
{
	const char *reply = strstr(text, " -> ");
	int which = text[0] - 'a';

	for (bool right = false; !right;) {
		AUTO_FREE char *got = NULL;

		act(p, which, text + 2);
		if (reply == NULL)
			return;
		got = reply_of(p, which);
		right = strcmp(got, reply + 4) == 0;
		/* what was sent may not have been read yet */
		ck_assert_msg(right || strncmp(text + 2, "get", 3) == 0, "%s: %s: got %s", s->text, text, got);
	}
}

/* "a50b20" */
static char *
runs_of(const char *folder, const char *log)
{
	AUTO_FREE char *path = xformat("%s/o/r/1/logs/%s.log", folder, log);
	struct bytes text = { 0 };
	FILE *f = fopen(path, "r");
	int c = f == NULL ? EOF : getc(f);

	if (f == NULL)
		return NULL;
	while (c != EOF) {
		int n = 1, first = c;

		while ((c = getc(f)) == first)
			n++;
		bytes_format(&text, "%c%d", first, n);
	}
	fclose(f);
	return bytes_give(&text);
}

START_TEST(several_connections)
{
	const struct scenario *s = &scenarios[_i];
	struct play p = { .folder = "/tmp/mci-logwriters.XXXXXX", .fds = { -1, -1, -1 } };
	const char *const names[] = { "x", "y" }, *const expected[] = { s->x, s->y };

	ck_assert_ptr_nonnull(mkdtemp(p.folder));
	p.loop = loop_new(&p.e);
	ck_assert_int_eq(log_server_open(&p.logs, p.loop, p.folder, NULL, PATIENCE, &p.e), 0);
	p.server = server_new(p.loop, &log_service, &p.logs);
	for (int i = 0; i < STEPS && s->steps[i] != NULL; i++)
		step(&p, s, s->steps[i]);
	for (int i = 0; i < 2; i++) {
		AUTO_FREE char *got = runs_of(p.folder, names[i]);

		ck_assert_msg((got == NULL) == (expected[i] == NULL) &&
		    (got == NULL || strcmp(got, expected[i]) == 0), "%s: log %s holds %s", s->text, names[i],
		    got);
	}
	ck_assert_msg(p.logs.writers.entries == NULL, "%s: a log is still open", s->text);
	for (int i = 0; i < CONNECTIONS; i++) {
		if (p.fds[i] >= 0)
			hang_up(&p, i);
	}
	server_free(p.server);
	log_server_close(&p.logs);
	loop_free(p.loop);
	ck_assert_int_eq(names_remove_tree(p.folder, NULL), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("logwriters");
	TCase *c = tcase_create("logwriters");
	SRunner *r = srunner_create(s);
	int failed;

	serve_begin();
	tcase_add_loop_test(c, several_connections, 0, (int)(sizeof(scenarios) / sizeof(scenarios[0])));
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
