/*
 * The store below its methods: what is sealed opens where it was sealed for alone; statements are
 * right, and of their role; of a batch each is kept or undone by itself; names that are made are
 * readable. store --sql     prints all SQL of the store as one script that prepares each statement
 */
#include "cmd/mci-store/database.h"
#include "cmd/mci-store/entity.h"
#include "cmd/mci-store/query.h"
#include "cmd/mci-store/readable.h"
#include "cmd/mci-store/schema.h"
#include "cmd/mci-store/seal.h"
#include "cmd/mci-store/writer.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "names.h"

static struct span
span(const char *text)
{
	return (struct span){ text, strlen(text) };
}

/* ---- sealed values */

START_TEST(sealed_opens)
{
	size_t sizes[] = { 0, 1, 2, 3, 16, 65536 };
	struct seal_key key;

	seal_key_new(&key);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		AUTO_BYTES value = { 0 };
		AUTO_BYTES sealed = { 0 };
		AUTO_BYTES again = { 0 };
		AUTO_BYTES got = { 0 };

		memset(bytes_reserve(&value, sizes[i] + 1), 'x', sizes[i]);
		value.len = sizes[i];
		ck_assert_int_eq(seal_close(&key, span("place"),
				     (struct span){ value.data, value.len }, &sealed, NULL),
		    0);
		ck_assert_int_eq(seal_close(&key, span("place"),
				     (struct span){ value.data, value.len }, &again, NULL),
		    0);
		ck_assert(
		    sealed.len != again.len || memcmp(sealed.data, again.data, again.len) != 0);
		ck_assert_int_eq(seal_open(&key, span("place"),
				     (struct span){ sealed.data, sealed.len }, &got, NULL),
		    0);
		ck_assert_uint_eq(got.len, value.len);
		ck_assert(got.len == 0 || memcmp(got.data, value.data, got.len) == 0);
	}
}
END_TEST

START_TEST(sealed_stays)
{
	struct seal_key key, other;
	AUTO_BYTES sealed = { 0 };
	AUTO_BYTES got = { 0 };
	struct span all;

	seal_key_new(&key);
	seal_key_new(&other);
	/* a multiple of three in all: no bits of its base64 are without a meaning */
	ck_assert_int_eq(seal_close(&key, span("place"), span("four"), &sealed, NULL), 0);
	all = (struct span){ sealed.data, sealed.len };
	ck_assert_int_lt(seal_open(&other, span("place"), all, &got, NULL), 0);
	ck_assert_int_lt(seal_open(&key, span("places"), all, &got, NULL), 0);
	ck_assert_int_lt(seal_open(&key, span(""), all, &got, NULL), 0);
	for (size_t i = 0; i < sealed.len; i++) {
		char was = sealed.data[i];

		sealed.data[i] = was == 'A' ? 'B' : 'A';
		ck_assert_int_lt(seal_open(&key, span("place"), all, &got, NULL), 0);
		sealed.data[i] = was;
	}
	for (size_t n = 0; n < sealed.len; n++)
		ck_assert_int_lt(
		    seal_open(&key, span("place"), (struct span){ sealed.data, n }, &got, NULL), 0);
	ck_assert_uint_eq(got.len, 0);
	ck_assert_int_eq(seal_open(&key, span("place"), all, &got, NULL), 0);
}
END_TEST

START_TEST(key_as_text)
{
	static const char *const bad[] = { "", "00", "zz", "0x00" };
	struct seal_key key, read;
	AUTO_BYTES text = { 0 };
	char name[SEAL_NAME], same[SEAL_NAME];

	seal_key_new(&key);
	seal_key_text(&key, &text);
	bytes_text(&text, "\r\n");
	ck_assert_int_eq(seal_key_read(&read, (struct span){ text.data, text.len }, NULL), 0);
	ck_assert_mem_eq(&key, &read, sizeof(key));
	seal_key_name(&key, name);
	seal_key_name(&read, same);
	ck_assert_str_eq(name, same);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_lt(seal_key_read(&read, span(bad[i]), NULL), 0);
	ck_assert_int_lt(seal_key_read(&read, (struct span){ text.data, text.len - 3 }, NULL), 0);
}
END_TEST

/* ---- names */

static const struct {
	const char *title, *name;
} titles[] = {
	{ "My Repo", "my-repo" },
	{ "  a  b  ", "a-b" },
	{ "NPM_TOKEN", "npm-token" },
	{ "-x-", "x" },
	{ "../../etc", "etc" },
	{ "\303\204rger", "rger" },
	{ "", "otherwise" },
	{ "\342\202\254", "otherwise" },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
};

START_TEST(readable)
{
	char name[READABLE_SIZE], numbered[READABLE_SIZE];

	readable_name(titles[_i].title, "otherwise", name);
	ck_assert_str_eq(name, titles[_i].name);
	readable_number(name, 1, numbered);
	ck_assert_str_eq(name, numbered);
	readable_number(name, 2147483647, numbered);
	ck_assert_int_eq(strncmp(numbered, name, strlen(name)), 0);
	ck_assert_str_eq(numbered + strlen(name), "-2147483647");
}
END_TEST

/* ---- statements */

static char folder[64];
static char *path;

static void
make_folder(void)
{
	strcpy(folder, "/tmp/mci-unit-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	path = xformat("%s/store.db", folder);
}

static void
drop_folder(void)
{
	names_remove_tree(folder, NULL);
	free(path);
}

static struct database *
open_new(void)
{
	struct error e;
	struct database *db = database_open(path, true, &e);

	ck_assert_msg(db != NULL, "%s", e.text);
	ck_assert_msg(schema_bring(db, &e) == 0, "%s", e.text);
	return db;
}

static const struct {
	struct statement row;
	const char *why; /* NULL: it is right */
} rows[] = {
	{ { "x", "", STATEMENT_FOR_READER, "SELECT name FROM org" }, NULL },
	{ { "x", "ti", STATEMENT_FOR_READER, "SELECT name FROM org WHERE name = $1 AND id = $2" },
	    NULL },
	{ { "x", "", STATEMENT_FOR_READER, "SELECT nme FROM org" }, "no such column" },
	{ { "x", "t", STATEMENT_FOR_READER, "SELECT name FROM org" },
	    "has 0 parameters, and types of 1" },
	{ { "x", "ti", STATEMENT_FOR_READER, "SELECT name FROM org WHERE id = $2 AND name = $1" },
	    "does not come as number" },
	{ { "x", "", STATEMENT_FOR_READER, "DELETE FROM org" }, "writes, and is a reader's" },
	{ { "x", "", STATEMENT_FOR_WRITER, "DELETE FROM org" }, NULL },
	{ { "x", "", STATEMENT_FOR_READER, "SELECT sealed FROM secret" }, "prohibited" },
	{ { "x", "", STATEMENT_FOR_WRITER, "SELECT sealed FROM secret" }, "prohibited" },
	{ { "x", "", STATEMENT_FOR_READER, "SELECT count(*) FROM org_secret" }, "not authorized" },
	{ { "x", "", STATEMENT_FOR_READER, "SELECT * FROM token" }, "prohibited" },
	{ { "x", "", STATEMENT_FOR_READER, "SELECT name FROM token ORDER BY hash" }, "prohibited" },
	{ { "x", "", STATEMENT_FOR_READER, "SELECT name FROM token" }, NULL },
	{ { "x", "", STATEMENT_FOR_SECRET, "SELECT sealed, hash FROM secret, token" }, NULL },
};

START_TEST(statements_are_checked)
{
	struct database *db = open_new();
	struct error e = { 0 };
	int result = database_prepare(db, &rows[_i].row, 1, &e);

	if (rows[_i].why == NULL)
		ck_assert_msg(result == 0, "%s", e.text);
	else
		ck_assert_msg(result < 0 && strstr(e.text, rows[_i].why) != NULL, "%s", e.text);
	database_close(db);
}
END_TEST

START_TEST(roles_are_kept)
{
	struct database *writer = open_new(), *reader;
	size_t n;
	const struct statement *made = entity_statements(&n);
	struct error e;
	struct query q;

	ck_assert_msg(database_prepare(writer, made, n, &e) == 0, "%s", e.text);
	reader = database_open(path, false, &e);
	ck_assert_msg(reader != NULL && database_prepare(reader, made, n, &e) == 0, "%s", e.text);
	query_begin(&q, reader, STATEMENT_SECRET_GET);
	query_text(&q, "param");
	query_integer(&q, 1);
	ck_assert_int_lt(query_next(&q, &e), 0);
	ck_assert_str_eq(e.text, "statement secret_get: this connection may not use it");
	query_end(&q);
	query_begin(&q, reader, STATEMENT_ORG_OF_NAME);
	query_integer(&q, 1);
	ck_assert_int_lt(query_next(&q, &e), 0);
	ck_assert_str_eq(e.text, "statement org_of_name: a parameter is of another type");
	query_end(&q);
	query_begin(&q, reader, STATEMENT_ORG_OF_NAME);
	ck_assert_int_lt(query_next(&q, &e), 0);
	ck_assert_str_eq(e.text, "statement org_of_name: a parameter is missing");
	query_end(&q);
	query_begin(&q, reader, STATEMENT_ORG_OF_NAME);
	query_text(&q, "none");
	ck_assert_int_eq(query_next(&q, &e), 0);
	query_end(&q);
	database_close(reader);
	database_close(writer);
}
END_TEST

/* ---- batches */

struct work {
	struct write write;
	const char *name;
	struct loop *loop;
	int settled, done, left;
	enum error_code code;
};

static int
insert(void *arg, struct database *db, struct error *e)
{
	struct work *w = arg;
	json_auto_t *row = json_pack("{s:s}", "id", w->name);
	int64_t number;

	return entity_insert(db, entity_of("org/"), 0, row, &number, e);
}

static void
settled(void *arg, bool kept)
{
	struct work *w = arg;

	w->settled = kept ? 1 : -1;
}

static void
done(void *arg, const struct error *e)
{
	struct work *w = arg;

	w->code = e->code;
	w->done++;
	if (w->left == 0)
		loop_stop(w->loop, 7);
}

static void
no_fault(void *arg, const struct error *e)
{
	(void)arg;
	ck_abort_msg("%s", e->text);
}

START_TEST(each_by_itself)
{
	/* the third is there already: the others are kept, and told in their order */
	struct work all[] = { { .name = "a" }, { .name = "b" }, { .name = "a" }, { .name = "c" } };
	struct error e;
	struct loop *loop = loop_new(&e);
	struct database *db = open_new();
	size_t n;
	const struct statement *made = entity_statements(&n);
	struct writer *w;
	int64_t count;

	ck_assert_msg(database_prepare(db, made, n, &e) == 0, "%s", e.text);
	w = writer_new(loop, db, no_fault, NULL, &e);
	for (int i = 0; i < 4; i++) {
		all[i].loop = loop;
		all[i].left = 3 - i;
		all[i].write = (struct write){
			.work = insert, .settled = settled, .done = done, .arg = &all[i]
		};
		writer_give(w, &all[i].write);
	}
	ck_assert_int_eq(loop_run(loop, &e), 7);
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(all[i].done, 1);
		ck_assert_int_eq(all[i].code, i == 2 ? ERROR_REFUSED : ERROR_NONE);
		ck_assert_int_eq(all[i].settled, i == 2 ? -1 : 1);
	}
	/* what is given last is written before it ends */
	all[0].name = "d";
	writer_give(w, &all[0].write);
	all[1].name = "e";
	writer_give(w, &all[1].write);
	writer_free(w);
	loop_free(loop);
	db = open_new();
	ck_assert_int_eq(database_pragma(db, "SELECT count(*) FROM org", 0, &count, &e), 0);
	ck_assert_int_eq(count, 5);
	database_close(db);
}
END_TEST

static void
print_statement(const struct statement *row)
{
	const char *between = "";

	printf("PREPARE %s", row->name);
	if (row->params[0] != '\0') {
		printf(" (");
		for (const char *p = row->params; *p != '\0'; p++) {
			printf("%s%s", between, *p == 't' ? "TEXT" : "BIGINT");
			between = ", ";
		}
		putchar(')');
	}
	printf(" AS %s\n;\n", row->sql);
}

static int
print_sql(void)
{
	size_t n;
	const struct statement *made = entity_statements(&n);

	for (size_t i = 0; i < nmigrations; i++)
		printf("%s\n", migrations[i].sql);
	for (int i = 0; i < NSTATEMENTS; i++)
		print_statement(&statements[i]);
	for (size_t i = 0; i < n; i++)
		print_statement(&made[i]);
	return fflush(stdout) == 0 ? 0 : 1;
}

static int
run_tests(void)
{
	Suite *s = suite_create("store");
	TCase *sealing = tcase_create("seal"), *names = tcase_create("names"),
	      *sql = tcase_create("sql");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(sealing, sealed_opens);
	tcase_add_test(sealing, sealed_stays);
	tcase_add_test(sealing, key_as_text);
	tcase_add_loop_test(names, readable, 0, sizeof(titles) / sizeof(titles[0]));
	tcase_add_checked_fixture(sql, make_folder, drop_folder);
	tcase_add_loop_test(sql, statements_are_checked, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(sql, roles_are_kept);
	tcase_add_test(sql, each_by_itself);
	suite_add_tcase(s, sealing);
	suite_add_tcase(s, names);
	suite_add_tcase(s, sql);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	return argc > 1 && strcmp(argv[1], "--sql") == 0 ? print_sql() : run_tests();
}
