#include <check.h>
#include <string.h>

#include "jsontree.h"

#define T(text) { text, sizeof(text) - 1 }

static json_t *
read_text(const char *text, struct error *e)
{
	*e = (struct error){ 0 };
	return jsontree_read((struct span){ text, strlen(text) }, e);
}

/* What goes in, and what comes out again. */
static const struct {
	const char *in, *out;
} kept[] = {
	{ "{}", "{}" },
	{ " [ ] ", "[]" },
	{ "\"x\"", "\"x\"" },
	{ "{\"b\" : 1, \"a\" : [true, false, null]}", "{\"b\":1,\"a\":[true,false,null]}" },
	{ "[9223372036854775807,-9223372036854775808,0]", "[9223372036854775807,-9223372036854775808,0]" },
	{ "[0.1,3.21,1.0,1e3,-2.50,1e300,0.30000000000000004]",
	    "[0.1,3.21,1.0,1000.0,-2.5,1e+300,0.30000000000000004]" },
	{ "[\"a\\u00e9\\n\\\"\\ud83d\\ude00\"]", "[\"a\303\251\\n\\\"\360\237\230\200\"]" },
};

START_TEST(one_line_comes_out_again)
{
	AUTO_BYTES out = { 0 };
	struct error e;
	json_auto_t *json = read_text(kept[_i].in, &e);

	ck_assert_msg(json != NULL, "%s", e.text);
	jsontree_write(&out, json);
	ck_assert_str_eq(bytes_string(&out), kept[_i].out);
}
END_TEST

static const struct {
	struct span in;
	enum error_code code;
	const char *error; /* what it begins with */
} refused[] = {
	{ T(""), ERROR_INPUT, "line 1, column 0: not JSON: " },
	{ T("{\n \"a\": 1,\n x}"), ERROR_INPUT, "line 3, column 2: not JSON: " },
	{ T("{\"a\":1,\n\"a\":2}"), ERROR_INPUT, "line 2, column 3: not JSON: duplicate object key" },
	{ T("{\"o\":{\"a\":1,\"a\":2}}"), ERROR_INPUT, "line 1, column 15: not JSON: duplicate object key" },
	{ T("[\"\\u0000\"]"), ERROR_INPUT, "line 1, column " },
	{ T("[\"\xff\"]"), ERROR_INPUT, "line 1, column " },
	{ T("[9223372036854775808]"), ERROR_INPUT, "line 1, column 20: not JSON: too big integer" },
	{ T("[1e999]"), ERROR_INPUT, "line 1, column 6: not JSON: real number overflow" },
	{ T("[1] x"), ERROR_INPUT, "line 1, column 5: not JSON: end of file expected" },
	{ T("[1]\0 x"), ERROR_INPUT, "not JSON: it holds a NUL byte" },
	{ T("[\"a"), ERROR_INPUT, "line 1, column 3: not JSON: " },
};

START_TEST(what_is_wrong_is_told_with_its_place)
{
	struct error e = { 0 };

	ck_assert_ptr_null(jsontree_read(refused[_i].in, &e));
	ck_assert_int_eq(e.code, refused[_i].code);
	ck_assert_msg(strncmp(e.text, refused[_i].error, strlen(refused[_i].error)) == 0, "%s", e.text);
}
END_TEST

START_TEST(a_text_of_any_bytes_is_a_string)
{
	static const struct span texts[][2] = {
		{ T(""), T("\"\"") },
		{ T("a\"\n\303\251"), T("\"a\\\"\\n\303\251\"") },
		{ T("a\377b"), T("\"a\357\277\275b\"") },
		{ T("a\0\377"), T("\"a\\u0000\357\277\275\"") },
	};
	AUTO_BYTES out = { 0 };
	json_auto_t *json = jsontree_text(texts[_i][0]);

	jsontree_write(&out, json);
	ck_assert_uint_eq(out.len, texts[_i][1].n);
	ck_assert_mem_eq(out.data, texts[_i][1].p, out.len);
}
END_TEST

/* n times open, and as many times close. */
static void
nest(struct bytes *into, int n)
{
	for (int i = 0; i < n; i++)
		bytes_char(into, '[');
	for (int i = 0; i < n; i++)
		bytes_char(into, ']');
}

START_TEST(depth_is_bounded)
{
	AUTO_BYTES good = { 0 };
	AUTO_BYTES deep = { 0 };
	struct error e;
	json_auto_t *json = NULL;

	nest(&good, JSONTREE_DEPTH);
	nest(&deep, JSONTREE_DEPTH + 1);
	json = read_text(bytes_string(&good), &e);
	ck_assert_msg(json != NULL, "%s", e.text);
	ck_assert_ptr_null(read_text(bytes_string(&deep), &e));
	ck_assert_int_eq(e.code, ERROR_LIMIT);
}
END_TEST

START_TEST(values_are_bounded)
{
	AUTO_BYTES text = { 0 };
	struct error e;
	json_auto_t *json = NULL;

	/* a string's commas and brackets are no values */
	bytes_text(&text, "[\",[{\\\",\"");
	for (int i = 0; i < JSONTREE_VALUES - 3; i++)
		bytes_text(&text, ",1");
	bytes_char(&text, ']');
	json = read_text(bytes_string(&text), &e);
	ck_assert_msg(json != NULL, "%s", e.text);
	text.len--;
	bytes_text(&text, ",1,1,1]");
	ck_assert_ptr_null(read_text(bytes_string(&text), &e));
	ck_assert_int_eq(e.code, ERROR_LIMIT);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("jsontree");
	TCase *t = tcase_create("jsontree");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, one_line_comes_out_again, 0, sizeof(kept) / sizeof(kept[0]));
	tcase_add_loop_test(
	    t, what_is_wrong_is_told_with_its_place, 0, sizeof(refused) / sizeof(refused[0]));
	tcase_add_loop_test(t, a_text_of_any_bytes_is_a_string, 0, 4);
	tcase_add_test(t, depth_is_bounded);
	tcase_add_test(t, values_are_bounded);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed > 0;
}
