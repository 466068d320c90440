/*
 * The contract table: what it accepts, and that mci-protocol(7) says the same.
 *   contract --print             prints the lists of the page as they have to be
 *   contract --check <EVENTS     holds a build's log against the table
 */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "contract.h"
#include "kernel.h"
#include "line.h"
#include "memory.h"
#include "message.h"

#define PAGE "man/mci-protocol.7"

static struct span
span(const char *text)
{
	return (struct span){ text, strlen(text) };
}

/* ---- the lists of the page, from the table */

static void
write_fields(struct bytes *b, const char *macro, const struct contract_field *fields, size_t n)
{
	for (size_t i = 0; i < n; i++)
		bytes_format(b, ".It %s %s Pq %s%s\n%s\n", macro, fields[i].name,
		    contract_type_name(fields[i].type), fields[i].required ? "" : ", optional",
		    fields[i].help);
}

static void
write_event(struct bytes *b, const struct contract_event *v)
{
	bytes_format(b, ".It Sy %s Pq %s\n%s\n", v->type, v->by, v->help);
	if (v->nfields == 0)
		return;
	bytes_text(b, ".Bl -tag -width Ds -compact\n");
	write_fields(b, "Va", v->fields, v->nfields);
	bytes_text(b, ".El\n");
}

static void
write_method(struct bytes *b, const struct contract_service *s, const struct contract_method *m)
{
	bytes_format(b, ".It Sy %s Pq %s\n%s\n", m->name, s->name, m->help);
	if (m->nparams + m->nresults > 0) {
		bytes_text(b, ".Bl -tag -width Ds -compact\n");
		write_fields(b, "Fa", m->params, m->nparams);
		write_fields(b, "Va", m->results, m->nresults);
		bytes_text(b, ".El\n");
	}
	if (m->errors[0] != '\0') {
		bytes_text(b, "Errors:\n.Sy ");
		for (const char *p = m->errors; *p != '\0'; p++)
			bytes_text(b, *p == ',' ? " , " : (char[]){ *p, '\0' });
		bytes_text(b, " .\n");
	}
	if (m->idempotent)
		bytes_text(b, "May be sent again.\n");
	if (m->stream)
		bytes_text(b, "A stream follows.\n");
}

static void
write_events(struct bytes *b, const struct contract_service *s)
{
	for (size_t i = 0; i < s->nevents; i++)
		write_event(b, &s->events[i]);
}

static void
write_methods(struct bytes *b, const struct contract_service *s)
{
	for (size_t i = 0; i < s->nmethods; i++)
		write_method(b, s, &s->methods[i]);
}

static void
write_error(struct bytes *b, const struct contract_error *e)
{
	bytes_format(b, ".It Sy %s Pq \\%d\n%s\n", e->name, e->code, e->help);
}

static int
print(void)
{
	AUTO_BYTES b = { 0 };

	for (size_t i = 0; i < contract_nservices; i++)
		write_events(&b, contract_services[i]);
	bytes_text(&b, "\n");
	for (size_t i = 0; i < contract_nservices; i++)
		write_methods(&b, contract_services[i]);
	bytes_text(&b, "\n");
	for (size_t i = 0; i < contract_nerrors; i++)
		write_error(&b, &contract_errors[i]);
	fwrite(b.data, 1, b.len, stdout);
	return fflush(stdout) == 0 ? 0 : 1;
}

/* ---- a log against the table */

static const char *const envelope[] = { "type", "time", "build", "run", "seq", "job" };

/* Bit i of what is seen: field i. An error for a field that is unknown or of the wrong type. */
static int
check_field(const struct contract_event *v, const struct scan_member *m, unsigned *seen,
    struct error *e)
{
	for (size_t i = 0; i < sizeof(envelope) / sizeof(envelope[0]); i++) {
		if (span_is(m->key, envelope[i]))
			return 0;
	}
	for (size_t i = 0; i < v->nfields; i++) {
		AUTO_BYTES params = { 0 };
		struct contract_method one = { .name = v->type, .params = &v->fields[i], .nparams = 1 };

		if (!span_is(m->key, v->fields[i].name))
			continue;
		*seen |= 1U << i;
		bytes_format(&params, "{\"%s\":", v->fields[i].name);
		bytes_add(&params, m->value.raw.p, m->value.raw.n);
		bytes_char(&params, '}');
		return contract_check_params(&one, (struct span){ params.data, params.len }, NULL, e);
	}
	return error_set(e, ERROR_INPUT, "%s: unknown field %.*s", v->type, (int)m->key.n, m->key.p);
}

static int
check_event(const struct message *m, struct error *e)
{
	const struct contract_event *v = contract_event(m->type);
	struct scan s;
	struct scan_member member;
	unsigned seen = 0;

	if (v == NULL && contract_noun_reserved(m->type))
		return error_set(e, ERROR_INPUT, "unknown type %.*s", (int)m->type.n, m->type.p);
	if (v == NULL)
		return 0;
	scan_open(&s, m->line.p, m->line.n, e);
	while (scan_next(&s, &member, e) > 0) {
		if (check_field(v, &member, &seen, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < v->nfields; i++) {
		if (v->fields[i].required && !(seen & 1U << i))
			return error_set(e, ERROR_INPUT, "%s: %s is missing", v->type, v->fields[i].name);
	}
	return 0;
}

static int
check(void)
{
	struct line_reader r = { 0 };
	struct span line;
	int bad = 0;

	while (line_read(&r, 0) > 0) {
		while (line_next(&r, &line) == LINE_OK) {
			struct message m;
			struct error e = { 0 };

			if (message_read(&m, line.p, line.n, &e) == 0 && check_event(&m, &e) == 0)
				continue;
			printf("line %llu: %s\n", (unsigned long long)r.number, e.text);
			bad = 1;
		}
	}
	line_free(&r);
	return bad;
}

static void
read_page(struct bytes *page)
{
	int fd = kernel.open(AT_FDCWD, PAGE, O_RDONLY, 0);
	ssize_t n;

	ck_assert_msg(fd >= 0, "%s cannot be read (tests run at the top of the source tree)", PAGE);
	while ((n = kernel.read(fd, bytes_reserve(page, 65536), 65536)) > 0)
		page->len += (size_t)n;
	close(fd);
	bytes_string(page);
}

static void
has_block(struct bytes *b)
{
	AUTO_BYTES page = { 0 };

	read_page(&page);
	ck_assert_msg(strstr(page.data, bytes_string(b)) != NULL, "%s lacks:\n%s", PAGE, b->data);
	bytes_free(b);
}

START_TEST(page_has_events)
{
	struct bytes b = { 0 };

	write_events(&b, contract_services[_i]);
	has_block(&b);
}
END_TEST

START_TEST(page_has_methods)
{
	struct bytes b = { 0 };

	write_methods(&b, contract_services[_i]);
	has_block(&b);
}
END_TEST

START_TEST(page_has_error)
{
	struct bytes b = { 0 };

	write_error(&b, &contract_errors[_i]);
	has_block(&b);
}
END_TEST

/* Every item of the page's lists whose name has a slash is a row. */
START_TEST(page_has_no_more)
{
	AUTO_BYTES page = { 0 };
	size_t items = 0, rows = 0;

	read_page(&page);
	for (const char *p = page.data; (p = strstr(p, "\n.It Sy ")) != NULL; p++) {
		struct span name = { p + 8, strcspn(p + 8, " \n") };

		if (memchr(name.p, '/', name.n) == NULL)
			continue;
		items++;
		ck_assert_msg(contract_event(name) != NULL || contract_any_method(name) != NULL,
		    "%s: %.*s is not in the table", PAGE, (int)name.n, name.p);
	}
	for (size_t i = 0; i < contract_nservices; i++)
		rows += contract_services[i]->nevents + contract_services[i]->nmethods;
	/* all but error, eof and heartbeat have one */
	ck_assert_uint_eq(items, rows - 3);
}
END_TEST

/* ---- the table itself */

static void
fields_ok(const char *of, const struct contract_field *fields, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		ck_assert_msg(fields[i].help[0] != '\0', "%s: %s", of, fields[i].name);
		for (size_t k = 0; k < i; k++)
			ck_assert_msg(strcmp(fields[i].name, fields[k].name) != 0, "%s: %s twice", of,
			    fields[i].name);
	}
}

/* A hub puts in offset and received, and the envelope is in every event: a field of the same name would be
 * in the way. log/chunk and what services say about a connection never come to a hub. */
static void
fields_free(const struct contract_event *v)
{
	static const char *const taken[] = { "type", "time", "build", "run", "seq", "job", "offset",
		"received" };

	if (strcmp(v->type, "log/chunk") == 0 || !contract_type_ok(span(v->type)))
		return;
	for (size_t i = 0; i < v->nfields; i++) {
		for (size_t k = 0; k < sizeof(taken) / sizeof(taken[0]); k++)
			ck_assert_msg(strcmp(v->fields[i].name, taken[k]) != 0, "%s: %s", v->type, taken[k]);
	}
}

static void
event_ok(const struct contract_event *v)
{
	ck_assert_ptr_eq(contract_event(span(v->type)), v);
	/* what services say about a connection itself has no verb */
	ck_assert(contract_type_ok(span(v->type)) == (strcmp(v->by, "services") != 0 &&
	    strcmp(v->type, "heartbeat") != 0));
	fields_ok(v->type, v->fields, v->nfields);
	fields_free(v);
}

static void
method_ok(const struct contract_service *s, const struct contract_method *m)
{
	const struct contract_method *namesake = contract_any_method(span(m->name));

	ck_assert_ptr_eq(contract_method(s, span(m->name)), m);
	ck_assert(m->stream == namesake->stream && m->idempotent == namesake->idempotent);
	ck_assert(contract_type_ok(span(m->name)));
	ck_assert_uint_lt(m->nparams, 32);
	fields_ok(m->name, m->params, m->nparams);
	fields_ok(m->name, m->results, m->nresults);
	for (const char *p = m->errors; *p != '\0'; p += *p == ',') {
		AUTO_FREE char *name = xmemdup(p, strcspn(p, ","));

		ck_assert_msg(contract_error(name) != NULL, "%s: %s", m->name, name);
		p += strlen(name);
	}
}

START_TEST(rows)
{
	for (size_t i = 0; i < contract_nservices; i++) {
		const struct contract_service *s = contract_services[i];

		for (size_t k = 0; k < s->nevents; k++)
			event_ok(&s->events[k]);
		for (size_t k = 0; k < s->nmethods; k++)
			method_ok(s, &s->methods[k]);
	}
	ck_assert_ptr_null(contract_any_method(span("job/en")));
	ck_assert_ptr_null(contract_method(&contract_job, span("job/add")));
	ck_assert_ptr_null(contract_event(span("")));
}
END_TEST

START_TEST(errors)
{
	for (enum error_code code = ERROR_INPUT; code <= ERROR_INTERNAL; code++) {
		const struct contract_error *row = contract_error_for(code);

		/* there and back again it stays the same; a bad command line is bad input over there */
		ck_assert_int_eq(contract_error_code(row->code),
		    code == ERROR_USAGE ? ERROR_INPUT : code);
	}
	ck_assert_str_eq(contract_error_for(ERROR_INPUT)->name, "invalid-params");
	ck_assert_int_eq(contract_error_code(-1), ERROR_INTERNAL);
	ck_assert_ptr_null(contract_error("nothing"));
}
END_TEST

static const struct {
	const char *type;
	bool ok, reserved;
} types[] = {
	{ "test/passed", true, false }, { "a/b", true, false }, { "deploy-2/rolled-back", true, false },
	{ "job/end", true, true }, { "build/x", true, true }, { "command/start", true, true },
	{ "script/busy", true, true }, { "container/end", true, true }, { "jobs/end", true, false },
	{ "", false, false }, { "job", false, true }, { "/", false, false }, { "a/", false, false },
	{ "/b", false, false }, { "a/b/c", false, false }, { "A/b", false, false }, { "a/B", false, false },
	{ "1/b", false, false }, { "-a/b", false, false }, { "a b/c", false, false }, { "a/b ", false, false },
	{ "a_b/c", false, false }, { "\xc3\xa9/b", false, false }, { "job\\u002fend", false, false },
};

START_TEST(type_names)
{
	struct span type = span(types[_i].type);

	ck_assert_msg(contract_type_ok(type) == types[_i].ok, "%s", types[_i].type);
	ck_assert_msg(contract_noun_reserved(type) == types[_i].reserved, "%s", types[_i].type);
}
END_TEST

static const struct contract_field every_type[] = {
	{ "text", CONTRACT_TEXT, false, "" }, { "integer", CONTRACT_INTEGER, false, "" },
	{ "seconds", CONTRACT_SECONDS, false, "" }, { "bool", CONTRACT_BOOL, false, "" },
	{ "texts", CONTRACT_TEXTS, false, "" }, { "object", CONTRACT_OBJECT, false, "" },
	{ "array", CONTRACT_ARRAY, false, "" }, { "any", CONTRACT_ANY, true, "whatever" },
};
static const struct contract_method typed = { .name = "a/b", .params = every_type, .nparams = 8 };

static const struct {
	const char *params, *says; /* says: NULL when they are good */
} params[] = {
	{ "{\"any\":null}", NULL },
	{ "{\"any\":{\"deep\":[1,{}]}}", NULL },
	{ " { \"any\" : 1 , \"text\" : \"\" } ", "expected an object" },
	{ "{\"any\":1,\"text\":\"a\\nb\",\"integer\":-5,\"seconds\":1.5,\"bool\":true,\"texts\":[\"a\",\"\"],"
	  "\"object\":{},\"array\":[1]}", NULL },
	{ "{\"any\":1,\"bool\":false,\"texts\":[],\"seconds\":0}", NULL },
	{ "", "any is missing (whatever)" },
	{ "{}", "any is missing (whatever)" },
	{ "[]", "params: expected an object" },
	{ "\"any\"", "params: expected an object" },
	{ "{\"any\":1,\"any\":1}", "any comes twice" },
	{ "{\"any\":1,\"more\":1}", "unknown parameter more" },
	{ "{\"any\":1,\"text\":null}", "text: expected a string, found null" },
	{ "{\"any\":1,\"text\":[]}", "text: expected a string, found an array" },
	{ "{\"any\":1,\"text\":\"\\u0000\"}", "U+0000" },
	{ "{\"any\":1,\"integer\":1.5}", "integer: " },
	{ "{\"any\":1,\"integer\":\"1\"}", "integer: expected a number" },
	{ "{\"any\":1,\"integer\":99999999999999999999}", "integer: " },
	{ "{\"any\":1,\"seconds\":-1}", "seconds: " },
	{ "{\"any\":1,\"bool\":1}", "bool: expected true or false, found a number" },
	{ "{\"any\":1,\"texts\":\"a\"}", "texts: expected an array of strings, found a string" },
	{ "{\"any\":1,\"texts\":[\"a\",1]}", "texts: expected an array of strings, found a number" },
	{ "{\"any\":1,\"object\":[]}", "object: expected an object, found an array" },
	{ "{\"any\":1,\"array\":{}}", "array: expected an array, found an object" },
};

START_TEST(check_params)
{
	struct error e = { 0 };
	int got = contract_check_params(&typed, span(params[_i].params), NULL, &e);

	if (params[_i].says == NULL) {
		ck_assert_msg(got == 0, "%s: %s", params[_i].params, e.text);
		return;
	}
	ck_assert_msg(got < 0, "accepted: %s", params[_i].params);
	ck_assert_msg(strstr(e.text, params[_i].says) != NULL && strncmp(e.text, "a/b: ", 5) == 0,
	    "%s: %s", params[_i].params, e.text);
}
END_TEST

/* A row named "*" lets the rest through, and only where it stands. */
START_TEST(open_params)
{
	const struct contract_method *post = contract_method(&contract_build, span("event/post"));
	struct error e;

	ck_assert_int_eq(contract_check_params(post, span("{\"type\":\"a/b\",\"x\":1,\"x\":[2]}"), NULL, &e), 0);
	ck_assert_int_lt(contract_check_params(post, span("{\"x\":1}"), NULL, &e), 0);
	ck_assert_int_lt(contract_check_params(post, span("{\"type\":1}"), NULL, &e), 0);
}
END_TEST

int
main(int argc, char **argv)
{
	Suite *s;
	TCase *t;
	SRunner *runner;
	int failed;

	if (argc > 1 && strcmp(argv[1], "--print") == 0)
		return print();
	if (argc > 1 && strcmp(argv[1], "--check") == 0)
		return check();
	s = suite_create("contract");
	t = tcase_create("contract");
	runner = srunner_create(s);
	suite_add_tcase(s, t);
	tcase_add_test(t, rows);
	tcase_add_test(t, errors);
	tcase_add_loop_test(t, type_names, 0, sizeof(types) / sizeof(types[0]));
	tcase_add_loop_test(t, check_params, 0, sizeof(params) / sizeof(params[0]));
	tcase_add_test(t, open_params);
	tcase_add_loop_test(t, page_has_events, 0, (int)contract_nservices);
	tcase_add_loop_test(t, page_has_methods, 0, (int)contract_nservices);
	tcase_add_loop_test(t, page_has_error, 0, (int)contract_nerrors);
	tcase_add_test(t, page_has_no_more);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
