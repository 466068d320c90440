/*
 * specvalue: the values that a spec's keys can have: texts, lists, pairs, durations. Each reader fills in
 * what it is given or returns -1 (NULL) with an error that begins with what follows the key's name:
 * ": expected a string, found a number", "[2]: ...", ".NAME: ...".
 *
 * What can be done with a value of a type without knowing whose it is stands in a struct value_type.
 */
#ifndef MCI_SPECVALUE_H
#define MCI_SPECVALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "scan.h"

struct spec_pair {
	char *name, *value;
};

struct value_codes {
	int *list; /* exit codes, 1 to 255 */
	size_t n;
};

struct value_retry {
	int count;             /* how many times again, 0 to 100 */
	struct value_codes on; /* none: any failure */
	int64_t delay;         /* nanoseconds before the first, doubled each time */
};

struct value_allow {
	bool any;                /* whatever goes wrong */
	struct value_codes exit; /* else these alone */
};

/* How a value is read: a number without unit is a duration in milliseconds. */
#define VALUE_MILLISECONDS 1u

/* at is the field that holds the value, *n the number of its elements where the type has such. */
struct value_type {
	const char *name; /* for people */
	int (*read)(void *at, size_t *n, const struct scan_value *v, unsigned how, struct error *e);
	/* Appends the member; nothing for a value that is not there. */
	void (*write)(struct bytes *b, const char *key, const void *at, size_t n);
	/* Puts a copy in place of a value that somebody else owns as well; NULL: it owns nothing. */
	void (*copy)(void *at, size_t n);
	void (*free)(void *at, size_t n); /* NULL: there is nothing to free */
};

extern const struct value_type value_type_text;      /* char * */
extern const struct value_type value_type_texts;     /* char **, NULL-terminated */
extern const struct value_type value_type_pairs;     /* struct spec_pair * */
extern const struct value_type value_type_variables; /* the same, with names that variables can have */
extern const struct value_type value_type_flag;      /* bool */
extern const struct value_type value_type_duration;  /* int64_t, nanoseconds */
extern const struct value_type value_type_code;      /* int, an exit code; 0: none */
extern const struct value_type value_type_retry;     /* struct value_retry */
extern const struct value_type value_type_allow;     /* struct value_allow */
extern const struct value_type value_type_raw;       /* struct span into the line that was read */

/* Says what was expected instead of v; returns -1. */
int value_expected(const struct scan_value *v, const char *what, struct error *e);
/* Says that an object has no such member, and which known name is near, or all; returns -1. */
int value_unknown(struct span key, const char *const *names, size_t n, struct error *e);
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

bool value_codes_have(const struct value_codes *codes, int64_t code);
/* A copy that owns its list. */
struct value_codes value_codes_copy(const struct value_codes *codes);

/* Whether text can name a param, output or environment variable: [A-Za-z_][A-Za-z0-9_]*. */
bool value_name_ok(const char *text, size_t n);
/* Whether a path is relative and leads nowhere out by "..": that of something below the build's folder. */
bool value_path_inside(const char *path);
/* Checks what -e was given, each NAME or NAME=VALUE. 0, or -1 with an error that names the wrong one. */
int value_grants_check(const char *const *grants, size_t n, struct error *e);

#endif
