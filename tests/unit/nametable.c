#include <check.h>
#include <stdio.h>
#include <string.h>

#include "nametable.h"

#define NAMES 5000

/* Names of different lengths, some of which begin as others do. */
static struct span
name_of(uint32_t i, char room[32])
{
	return (struct span){ room, (size_t)snprintf(room, 32, "%s%u", i % 3 == 0 ? "" : "job.", i) };
}

static bool
is(const void *things, uint32_t place, struct span name)
{
	char room[32];
	struct span own = name_of(place, room);

	(void)things;
	return own.n == name.n && memcmp(own.p, name.p, own.n) == 0;
}

START_TEST(what_was_put_is_found_at_its_place)
{
	struct nametable t = { 0 };
	char room[32];

	ck_assert_uint_eq(nametable_find(&t, name_of(0, room), is, NULL), NAMETABLE_NONE);
	for (uint32_t i = 0; i < NAMES; i++)
		ck_assert_uint_eq(nametable_put(&t, name_of(i, room), i, is, NULL), i);
	for (uint32_t i = 0; i < NAMES; i++)
		ck_assert_uint_eq(nametable_find(&t, name_of(i, room), is, NULL), i);
	ck_assert_uint_eq(nametable_find(&t, name_of(NAMES, room), is, NULL), NAMETABLE_NONE);
	ck_assert_uint_eq(nametable_find(&t, (struct span){ "", 0 }, is, NULL), NAMETABLE_NONE);
	ck_assert_uint_eq(t.n, NAMES);
	nametable_free(&t);
}
END_TEST

START_TEST(a_name_keeps_its_first_place)
{
	struct nametable t = { 0 };
	char room[32];

	nametable_put(&t, name_of(1, room), 1, is, NULL);
	ck_assert_uint_eq(nametable_put(&t, name_of(1, room), 7, is, NULL), 1);
	ck_assert_uint_eq(t.n, 1);
	nametable_free(&t);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("nametable");
	TCase *t = tcase_create("nametable");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, what_was_put_is_found_at_its_place);
	tcase_add_test(t, a_name_keeps_its_first_place);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed > 0;
}
