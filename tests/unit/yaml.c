/*
 * YAML against another parser: random documents, read here and as the JSON that PyYAML's events
 * come to (yaml-twin.py), give the same specs or are both refused.
 */
#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/mci-build/document.h"
#include "memory.h"

#define SHOWN 5 /* differences that are printed in full */

static char folder[] = "/tmp/mci-yaml-XXXXXX";
static char *yaml_path, *json_path;

static void
make_folder(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	yaml_path = xformat("%s/a.yaml", folder);
	json_path = xformat("%s/a.json", folder);
}

static void
remove_folder(void)
{
	unlink(yaml_path);
	unlink(json_path);
	rmdir(folder);
	free(yaml_path);
	free(json_path);
}

/* The specs that text comes to, one a line; false and why when it is refused. */
static bool
specs_of(char *path, struct span text, struct bytes *into, struct error *e)
{
	struct definition d = {
		.kind = DEFINITION_DOCUMENT, .name = path, .path = path, .files = &path, .nfiles = 1
	};
	struct document doc;
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(text.p, 1, text.n, f), text.n);
	ck_assert_int_eq(fclose(f), 0);
	if (document_load(&doc, &d, false, e) < 0)
		return false;
	for (size_t i = 0; i < doc.n; i++) {
		bytes_add(into, doc.jobs[i].line.p, doc.jobs[i].line.n);
		bytes_char(into, '\n');
	}
	document_free(&doc);
	return true;
}

/* What the document of one record comes to, for a person. */
static void
show(int number, struct span yaml, const struct bytes *ours, const struct error *e,
    const struct bytes *theirs)
{
	fprintf(stderr, "# document %d:\n%.*s\n# here: %s\n# there: %s\n", number, (int)yaml.n,
	    yaml.p,
	    ours == NULL       ? e->text :
		ours->len == 0 ? "(no job)" :
				 ours->data,
	    theirs == NULL       ? "refused" :
		theirs->len == 0 ? "(no job)" :
				   theirs->data);
}

/* Whether both agree on one document; answer.p is NULL when the other refuses it. */
static bool
agree(int number, struct span yaml, struct span answer, bool shown)
{
	AUTO_BYTES ours = { 0 };
	AUTO_BYTES theirs = { 0 };
	struct error e, other;
	bool here = specs_of(yaml_path, yaml, &ours, &e);
	bool there = answer.p != NULL && specs_of(json_path, answer, &theirs, &other);
	bool same = here == there && ours.len == theirs.len &&
	    (ours.len == 0 || memcmp(ours.data, theirs.data, ours.len) == 0);

	if (!same && shown) {
		bytes_string(&ours);
		bytes_string(&theirs);
		show(number, yaml, here ? &ours : NULL, &e, there ? &theirs : NULL);
	}
	return same;
}

static struct span
part_read(FILE *f, long n, char *into, size_t size)
{
	if (n < 0)
		return (struct span){ NULL, 0 };
	ck_assert_uint_lt((size_t)n, size);
	ck_assert_uint_eq(fread(into, 1, (size_t)n, f), (size_t)n);
	return (struct span){ into, (size_t)n };
}

START_TEST(test_twin)
{
	static char yaml[1 << 20], json[1 << 20];
	const char *count = getenv("MCI_YAML_DOCUMENTS");
	AUTO_FREE char *command = xformat("python3 tests/unit/yaml-twin.py %s %s",
	    getenv("MCI_YAML_SEED") == NULL ? "1" : getenv("MCI_YAML_SEED"),
	    count == NULL ? "20000" : count);
	FILE *f = popen(command, "r");
	int n = 0, differ = 0, unsaid = 0;
	long size, answer;

	ck_assert_ptr_nonnull(f);
	for (; fscanf(f, "%ld %ld", &size, &answer) == 2 && fgetc(f) == '\n'; n++) {
		struct span y = part_read(f, size, yaml, sizeof(yaml));
		struct span j = part_read(f, answer, json, sizeof(json));

		unsaid += answer == -2;
		differ += answer != -2 && !agree(n, y, j, differ < SHOWN);
	}
	ck_assert_int_eq(pclose(f), 0);
	ck_assert_int_eq(n, count == NULL ? 20000 : atoi(count));
	ck_assert_msg(unsaid < n / 10, "PyYAML has no say about %d", unsaid);
	ck_assert_msg(differ == 0, "%d of %d documents are read otherwise", differ, n);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("yaml");
	TCase *t = tcase_create("yaml");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(t, 300);
	tcase_add_checked_fixture(t, make_folder, remove_folder);
	tcase_add_test(t, test_twin);
	suite_add_tcase(suite, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
