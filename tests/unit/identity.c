/* Which build, and which run of it, is in every event of its log. */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/mci-build/journal.h"
#include "kernel.h"
#include "memory.h"
#include "message.h"
#include "names.h"

static const struct identity identities[] = {
	{ "local/zlib/7", 1, "local" },
	{ "org/repo/12", 3, "server" },
};

START_TEST(in_every_event)
{
	const struct identity *of = &identities[_i];
	char folder[] = "/tmp/mci-identity.XXXXXX", text[4096];
	struct loop *loop = loop_new(NULL);
	AUTO_FREE char *path = NULL;
	AUTO_CLOSE int fd = -1;
	struct journal j;
	struct error e;
	ssize_t n;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	path = xformat("%s/events.ndjson", folder);
	ck_assert_msg(journal_open(&j, loop, NULL, path, of, &e) == 0, "%s", e.text);
	journal_begin(&j, "build/start");
	journal_end(&j);
	journal_forward(&j, "{\"type\":\"job/start\"}", 20);
	ck_assert_int_eq(journal_store(&j, &e), 0);
	fd = kernel.open(AT_FDCWD, path, O_RDONLY, 0);
	n = kernel.read(fd, text, sizeof(text));
	for (char *line = text, *end; line < text + n; line = end + 1) {
		struct message m;

		end = memchr(line, '\n', (size_t)(text + n - line));
		ck_assert_ptr_nonnull(end);
		ck_assert_msg(message_read(&m, line, (size_t)(end - line), &e) == 0, "%s", e.text);
		ck_assert(span_is(m.build, of->name));
		ck_assert_int_eq(m.run, of->run);
	}
	ck_assert_int_eq(j.seq, 2);
	ck_assert_int_eq(journal_close(&j, &e), 0);
	loop_free(loop);
	(void)names_remove_tree(folder, NULL);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("identity");
	TCase *t = tcase_create("identity");
	SRunner *runner = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_loop_test(t, in_every_event, 0, sizeof(identities) / sizeof(identities[0]));
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
