/*
 * Signatures of version 4, held against the examples that AWS gives for S3 ("Signature Calculations for the
 * Authorization Header: Transferring Payload in a Single Chunk", Examples).
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/mci-blob-bucket/sign.h"
#include "cmd/mci-blob-bucket/sums.h"
#include "memory.h"

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define DATE "20130524T000000Z"

static const struct {
	struct sign_request request;
	const char *signature;
} examples[] = {
	{ { "GET", "/test.txt", "", (const struct sign_pair[]){
	    { "host", "examplebucket.s3.amazonaws.com" },
	    { "range", "bytes=0-9" },
	    { "x-amz-content-sha256", EMPTY },
	    { "x-amz-date", DATE } }, 4, EMPTY },
	  "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41" },
	{ { "PUT", "/test%24file.text", "", (const struct sign_pair[]){
	    { "date", "Fri, 24 May 2013 00:00:00 GMT" },
	    { "host", "examplebucket.s3.amazonaws.com" },
	    { "x-amz-content-sha256", "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072" },
	    { "x-amz-date", DATE },
	    { "x-amz-storage-class", "REDUCED_REDUNDANCY" } }, 5,
	    "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072" },
	  "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd" },
	{ { "GET", "/", "lifecycle=", (const struct sign_pair[]){
	    { "host", "examplebucket.s3.amazonaws.com" },
	    { "x-amz-content-sha256", EMPTY },
	    { "x-amz-date", DATE } }, 3, EMPTY },
	  "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543" },
	{ { "GET", "/", "max-keys=2&prefix=J", (const struct sign_pair[]){
	    { "host", "examplebucket.s3.amazonaws.com" },
	    { "x-amz-content-sha256", EMPTY },
	    { "x-amz-date", DATE } }, 3, EMPTY },
	  "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7" },
};

START_TEST(signatures)
{
	const struct sign_key key = { "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
		"us-east-1", "s3" };
	AUTO_BYTES got = { 0 };
	const char *at;

	sign_authorization(&got, &key, &examples[_i].request, DATE);
	at = strstr(bytes_string(&got), "Signature=");
	ck_assert_ptr_nonnull(at);
	ck_assert_str_eq(at + strlen("Signature="), examples[_i].signature);
	ck_assert_ptr_nonnull(strstr(bytes_string(&got), "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/"
	    "s3/aws4_request, SignedHeaders="));
	ck_assert_ptr_null(strstr(bytes_string(&got), "wJalr"));
}
END_TEST

START_TEST(queries)
{
	struct sign_pair pairs[] = { { "prefix", "a/b c+d" }, { "marker", "" }, { "max-keys", "2" },
		{ "delimiter", "~é" } };
	AUTO_BYTES got = { 0 };

	sign_query(&got, pairs, sizeof(pairs) / sizeof(pairs[0]));
	ck_assert_str_eq(bytes_string(&got), "delimiter=~%C3%A9&marker=&max-keys=2&prefix=a%2Fb%20c%2Bd");
}
END_TEST

START_TEST(dates)
{
	char text[SIGN_DATE];

	sign_date(1369353600 * INT64_C(1000000000) + 999, text);
	ck_assert_str_eq(text, DATE);
}
END_TEST

START_TEST(sums)
{
	struct sums_text text;

	sums_of((struct span){ "abc", 3 }, &text);
	ck_assert_str_eq(text.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	ck_assert_str_eq(text.md5, "900150983cd24fb0d6963f7d28e17f72");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("sign");
	TCase *t = tcase_create("sign");
	SRunner *runner = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_loop_test(t, signatures, 0, sizeof(examples) / sizeof(examples[0]));
	tcase_add_test(t, queries);
	tcase_add_test(t, dates);
	tcase_add_test(t, sums);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
