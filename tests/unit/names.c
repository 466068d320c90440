/* Names of files: in which order things reach the disk, and what is left when one of them fails. */
#include "names.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes.h"
#include "folder.h"
#include "kernel.h"

static char folder[] = "/tmp/mci-unit-XXXXXX";
static struct kernel real;
static struct bytes done; /* what was called, a letter each */
static char failing;      /* the one that fails */

static int
called(char what)
{
	bytes_char(&done, what);
	errno = EIO;
	return what == failing ? -1 : 0;
}

static int
sync_file(int fd)
{
	return called('f') < 0 ? -1 : real.sync(fd);
}

static int
sync_folder(int fd)
{
	return called('d') < 0 ? -1 : real.sync_names(fd);
}

static int
rename_file(int from_dir, const char *from, int to_dir, const char *to)
{
	return called('r') < 0 ? -1 : real.rename(from_dir, from, to_dir, to);
}

static int
unlink_file(int dir, const char *name, int flags)
{
	return called('u') < 0 ? -1 : real.unlink(dir, name, flags);
}

static void
put(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
}

static bool
holds(const char *name, const char *text)
{
	char got[64] = "";
	FILE *f = fopen(name, "r");

	if (f == NULL)
		return text == NULL;
	(void)!fread(got, 1, sizeof(got) - 1, f);
	fclose(f);
	return text != NULL && strcmp(got, text) == 0;
}

static void
set_up(void)
{
	real = kernel;
	strcpy(folder + sizeof(folder) - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	bytes_free(&done);
	failing = '\0';
	kernel.sync = sync_file;
	kernel.sync_names = sync_folder;
	kernel.rename = rename_file;
	kernel.unlink = unlink_file;
}

static void
tear_down(void)
{
	kernel = real;
	bytes_free(&done);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(names_remove_tree(folder, NULL), 0);
}

/* Bytes, name, folder; whatever fails, one of the two is there whole under the name. */
static const struct {
	char fails;
	const char *calls, *named;
} publications[] = {
	{ '\0', "frd", "new" },
	{ 'f', "fu", "old" },
	{ 'r', "fru", "old" },
	{ 'd', "frd", "new" },
};

START_TEST(publish)
{
	int dir = open(".", O_RDONLY | O_DIRECTORY), fd;
	struct error e = { 0 };

	put("name", "old");
	put("name.new", "new");
	fd = open("name.new", O_RDWR);
	failing = publications[_i].fails;
	ck_assert_int_eq(names_publish(fd, dir, "name.new", "name", &e), failing == '\0' ? 0 : -1);
	ck_assert_str_eq(bytes_string(&done), publications[_i].calls);
	ck_assert(holds("name", publications[_i].named));
	ck_assert(holds("name.new", NULL));
	ck_assert(failing == '\0' || (e.sys == EIO && strstr(e.text, "name") != NULL));
	close(fd);
	close(dir);
}
END_TEST

START_TEST(removal)
{
	struct error e;

	put("x", "");
	ck_assert_int_eq(names_remove(AT_FDCWD, "x", &e), 0);
	ck_assert_int_eq(access("x", F_OK), -1);
	ck_assert_int_eq(names_remove(AT_FDCWD, "x", &e), 0);
	ck_assert_int_eq(mkdir("d", 0700), 0);
	ck_assert_int_eq(names_remove(AT_FDCWD, "d", &e), -1);
	ck_assert_ptr_nonnull(strstr(e.text, "remove d"));
	ck_assert_int_eq(names_remove_folder(AT_FDCWD, "d", &e), 0);
	ck_assert_int_eq(names_remove_folder(AT_FDCWD, "d", &e), -1);
	ck_assert_int_eq(e.sys, ENOENT);
}
END_TEST

/* A link is removed, and what it points to is not. */
START_TEST(tree)
{
	struct error e;

	ck_assert_int_eq(mkdir("kept", 0700), 0);
	put("kept/file", "kept");
	ck_assert_int_eq(folder_make("tree/a/b/c", &e), 0);
	put("tree/a/b/file", "");
	ck_assert_int_eq(symlink("../../kept", "tree/a/link"), 0);
	ck_assert_int_eq(symlink("nowhere", "tree/dangling"), 0);
	ck_assert_int_eq(mkfifo("tree/fifo", 0600), 0);
	ck_assert_int_eq(names_remove_tree("tree", &e), 0);
	ck_assert_int_eq(access("tree", F_OK), -1);
	ck_assert(holds("kept/file", "kept"));
	ck_assert_int_eq(names_remove_tree("tree", &e), 0);
}
END_TEST

/* What cannot be removed is named, and everything else goes. */
START_TEST(tree_in_part)
{
	struct error e;

	ck_assert_int_eq(folder_make("tree/a", &e), 0);
	put("tree/a/1", "");
	put("tree/a/2", "");
	failing = 'u';
	ck_assert_int_eq(names_remove_tree("tree", &e), -1);
	ck_assert_int_eq(e.sys, EIO);
	ck_assert_ptr_nonnull(strstr(e.text, "remove tree/a/"));
	ck_assert_str_eq(bytes_string(&done), "uuuu");
}
END_TEST

/* A sync for each folder that is new, of the one above it. */
static const struct {
	const char *path, *calls;
} chains[] = { { "a", "d" }, { "a/b/c", "dd" }, { "a/b", "" }, { "./x/y", "dd" } };

START_TEST(kept_folders)
{
	struct error e;

	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++) {
		done.len = 0;
		ck_assert_int_eq(folder_make_kept(chains[i].path, &e), 0);
		ck_assert_str_eq(bytes_string(&done), chains[i].calls);
		ck_assert_int_eq(access(chains[i].path, F_OK), 0);
	}
	failing = 'd';
	ck_assert_int_eq(folder_make_kept("z", &e), -1);
	ck_assert_int_eq(e.sys, EIO);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("names");
	TCase *c = tcase_create("names");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_loop_test(c, publish, 0, (int)(sizeof(publications) / sizeof(publications[0])));
	tcase_add_test(c, removal);
	tcase_add_test(c, tree);
	tcase_add_test(c, tree_in_part);
	tcase_add_test(c, kept_folders);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
