/*
 * specvalue: the values that a spec's keys can have: texts, lists, pairs, durations. Each reader fills in
 * what it is given or returns -1 (NULL) with an error that begins with what follows the key's name:
 * ": expected a string, found a number", "[2]: ...", ".NAME: ...".
 */
#ifndef MCI_SPECVALUE_H
#define MCI_SPECVALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "scan.h"

struct spec_pair {
	char *name, *value;
};

/* Says what was expected instead of v; returns -1. */
int value_expected(const struct scan_value *v, const char *what, struct error *e);
/* A string without NUL; the caller frees. */
char *value_text(const struct scan_value *v, struct error *e);
/* The same in place of what *into held. */
int value_text_into(char **into, const struct scan_value *v, struct error *e);
int value_bool(bool *into, const struct scan_value *v, struct error *e);
/* An array of strings, NULL-terminated; a single string counts as a list of one when lone is set. What
 * was read before an error is in *into and *n as well. */
int value_list(char ***into, size_t *n, const struct scan_value *v, bool lone, struct error *e);
void value_list_free(char **list, size_t n);
/* An object of texts, numbers and booleans, each as written; names: the keys must be value_name_ok. */
int value_pairs(struct spec_pair **into, size_t *n, const struct scan_value *v, bool names,
    struct error *e);
void value_pairs_free(struct spec_pair *pairs, size_t n);
/* A duration, nanoseconds. With milliseconds a bare number is taken as that many, else it is refused. */
int value_duration(int64_t *into, const struct scan_value *v, bool milliseconds, struct error *e);

/* Whether text can name a param, output or environment variable: [A-Za-z_][A-Za-z0-9_]*. */
bool value_name_ok(const char *text, size_t n);
/* Checks what -e was given, each NAME or NAME=VALUE. 0, or -1 with an error that names the wrong one. */
int value_grants_check(const char *const *grants, size_t n, struct error *e);

#endif
