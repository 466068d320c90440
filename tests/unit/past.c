/* What the log of a build says of its jobs, and which of those that ended are kept when others run. */
#include "cmd/mci-build/past.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

/* Events of jobs in short, one after another: "a" pending, "a<b,c" pending behind others, "+a" begins,
 * "-a" executed, "a!" ends in success, "a?" in failure, "a~" in failure that is allowed, "*" the script
 * is over. */
static void
say(struct past *p, int64_t seq, const char *type, const char *job, const char *more)
{
	AUTO_FREE char *line = xformat("{\"seq\":%lld,\"run\":2,\"type\":\"%s\"%s%s%s%s}", (long long)seq, type,
	    *job != '\0' ? ",\"job\":\"" : "", job, *job != '\0' ? "\"" : "", more);
	struct message m;
	struct error e;

	ck_assert_msg(message_read(&m, line, strlen(line), &e) == 0, "%s: %s", line, e.text);
	past_take(p, &m);
}

static char *
needs_of(const char *list)
{
	AUTO_BYTES text = { 0 };

	bytes_text(&text, ",\"depends-on\":[\"");
	for (; *list != '\0'; list++)
		bytes_text(&text, *list == ',' ? "\",\"" : (char[]){ *list, '\0' });
	bytes_text(&text, "\"]");
	return xstrdup(bytes_string(&text));
}

static void
say_word(struct past *p, int64_t seq, char *word)
{
	size_t last = strlen(word) - 1;
	char *needs = strpbrk(word, "<^");
	char end = strchr("!?~", word[last]) != NULL ? word[last] : '\0';

	if (end != '\0')
		word[last] = '\0';
	if (strcmp(word, "*") == 0) {
		say(p, seq, "script/end", "", ",\"exit\":0");
	} else if (end != '\0') {
		say(p, seq, "job/end", word, end == '!' ? ",\"status\":\"success\",\"outputs\":{\"K\":\"V\"}" :
		    end == '?' ? ",\"status\":\"failure\"" : ",\"status\":\"failure\",\"allowed\":true");
	} else if (word[0] == '+') {
		say(p, seq, "job/initializing", word + 1, ",\"attempt\":1");
	} else if (word[0] == '-') {
		say(p, seq, "job/executed", word + 1, ",\"attempt\":1,\"reason\":\"exit\",\"exit\":0");
	} else if (word[0] == '=') {
		say(p, seq, "artifact/saved", word + 1, ",\"attempt\":1,\"artifact\":\"x\"");
	} else if (needs != NULL) {
		AUTO_FREE char *list = needs_of(needs + 1);
		AUTO_FREE char *more = xformat("%s%s", list, *needs == '^' ? ",\"takes\":[\"w\",\"x\"]" : "");

		*needs = '\0';
		say(p, seq, "job/pending", word, more);
	} else {
		say(p, seq, "job/pending", word, "");
	}
}

static void
say_all(struct past *p, const char *text)
{
	AUTO_FREE char *words = xstrdup(text);
	char *rest = words, *word;

	for (int64_t seq = 1; (word = strsep(&rest, " ")) != NULL; seq++)
		say_word(p, seq, word);
}

static char *
kept(const struct past *p)
{
	struct bytes text = { 0 };

	for (uint32_t i = 0; i < p->n; i++) {
		if (past_keeps(&p->jobs[i]))
			bytes_format(&text, "%s%s", text.len > 0 ? " " : "", p->jobs[i].id);
	}
	bytes_string(&text);
	return bytes_give(&text);
}

static const struct {
	const char *what, *log;
	bool script;
	const char *from; /* NULL: it moves; else it is run again */
	const char *kept;
} rows[] = {
	{ "what nobody needs is kept", "a b a! b!", false, NULL, "a b" },
	{ "what one that runs needs is not", "a b c<a a! b!", false, NULL, "b" },
	{ "through others too", "a b<a c<b a! b!", false, NULL, "" },
	{ "but what needs that is", "a b<a c<a a! b!", false, NULL, "b" },
	{ "one that failed needs nothing any more", "a b<a a! b?", false, NULL, "a b" },
	{ "a matrix is all its jobs", "m.1 m.2 a b<m m.1! m.2! a!", false, NULL, "a" },
	{ "and nothing that only begins so", "m1 b<m m1!", false, NULL, "m1" },
	{ "of a script that said not all nothing is", "a b a! b!", true, NULL, "" },
	{ "of one that did", "a b c<a a! b! *", true, NULL, "b" },
	{ "again: what succeeded and nobody needs", "a b c<a a! b! c?", false, "", "b" },
	{ "what is behind what failed runs", "a b<a c<b d a? b! c! d!", false, "", "d" },
	{ "one that may fail has done what it was to do", "a b a~ b!", false, "", "a b" },
	{ "from a job on", "a b<a c d<c a! b! c! d!", false, "b", "c d" },
	{ "with what is behind it, and what that needs", "a b<a c<b,d d a! d! b! c!", false, "b", "" },
	{ "of a matrix too", "m.1 m.2 a m.1! m.2! a!", false, "m", "a" },
	{ "who has saved what is taken is not needed", "a b^a c<b =a a! b!", false, NULL, "a" },
	{ "who has saved nothing is", "a b^a a!", false, NULL, "" },
	{ "nor who has saved what nobody takes", "a b<a =a a!", false, NULL, "" },
	{ "what another needs of it runs", "a b^a c<a =a a!", false, NULL, "" },
	{ "what had not ended runs", "a b a!", false, "", "a" },
};

START_TEST(keeps)
{
	struct past p = { 0 };
	AUTO_FREE char *is = NULL;

	say_all(&p, rows[_i].log);
	if (rows[_i].from == NULL)
		past_move(&p, rows[_i].script);
	else
		past_repeat(&p, rows[_i].from);
	is = kept(&p);
	ck_assert_msg(strcmp(is, rows[_i].kept) == 0, "%s: %s keeps '%s'", rows[_i].what, rows[_i].log, is);
	past_count(&p);
	past_free(&p);
}
END_TEST

START_TEST(knows_how_far_they_came)
{
	struct past p = { 0 };
	const struct past_job *a, *b;

	say_all(&p, "a b +a -a +b");
	a = past_find(&p, "a");
	b = past_find(&p, "b");
	ck_assert(a->executed != NULL && a->over && !a->ended && a->attempt == 1);
	ck_assert(b->executed == NULL && !b->over && b->attempt == 1 && b->uncounted == 0);
	say(&p, 6, "job/initializing", "b", ",\"attempt\":2");
	ck_assert_int_eq(past_find(&p, "b")->uncounted, 1);
	say(&p, 7, "job/end", "a", ",\"status\":\"success\",\"outputs\":{\"K\":\"V\"}");
	a = past_find(&p, "a");
	ck_assert(a->ended && a->executed == NULL && past_good(a));
	ck_assert_str_eq(a->outputs, "{\"K\":\"V\"}");
	ck_assert(p.seq == 7 && p.run == 2);
	ck_assert_ptr_null(past_find(&p, "c"));
	past_free(&p);
}
END_TEST

START_TEST(leaves_others_events_out)
{
	struct past p = { 0 };
	struct message m;
	static const char line[] = "{\"run\":2,\"type\":\"build/end\",\"status\":\"error\",\"change\":3}";

	ck_assert_int_eq(message_read(&m, line, sizeof(line) - 1, NULL), 0);
	past_take(&p, &m);
	ck_assert(p.end == NULL && p.seq == 0);
	past_free(&p);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("past");
	TCase *t = tcase_create("past");
	SRunner *runner = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_loop_test(t, keeps, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(t, knows_how_far_they_came);
	tcase_add_test(t, leaves_others_events_out);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
