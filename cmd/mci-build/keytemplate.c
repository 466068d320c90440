#include "keytemplate.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "memory.h"

/* What is known of the commit stands in our environment (facts_export). */
static const struct fact {
	const char *name, *variable;
} facts[] = {
	{ "branch", "MCI_BRANCH" },
	{ "tag", "MCI_TAG" },
	{ "commit", "MCI_COMMIT" },
	{ "event", "MCI_EVENT" },
	{ "arch", NULL },
	{ "job", NULL },
};
#define NFACTS (sizeof(facts) / sizeof(facts[0]))

static const char white[] = " \t";

/* Appends the part up to the next "{{" and steps over it and what is inside, which goes to *inside, trimmed:
 * NULL at the end. -1: it is not closed. */
static int
part_next(const char **at, struct bytes *into, char **inside)
{
	const char *open = strstr(*at, "{{"), *close;
	size_t n;

	*inside = NULL;
	if (open == NULL) {
		bytes_text(into, *at);
		*at += strlen(*at);
		return 0;
	}
	bytes_add(into, *at, (size_t)(open - *at));
	close = strstr(open, "}}");
	if (close == NULL)
		return -1;
	*at = close + 2;
	open += 2;
	open += strspn(open, white);
	n = open < close ? (size_t)(close - open) : 0;
	while (n > 0 && strchr(white, open[n - 1]) != NULL)
		n--;
	*inside = xmemdup(open, n);
	return 0;
}

/* The words behind "hash"; NULL: it is something else. */
static const char *
hash_words(const char *inside)
{
	if (strncmp(inside, "hash", 4) != 0 || inside[4] == '\0' || strchr(white, inside[4]) == NULL)
		return NULL;
	return inside + 4 + strspn(inside + 4, white);
}

static const struct fact *
fact_find(const char *name)
{
	for (size_t i = 0; i < NFACTS; i++) {
		if (strcmp(facts[i].name, name) == 0)
			return &facts[i];
	}
	return NULL;
}

int
keytemplate_check(const char *text, struct error *e)
{
	AUTO_BYTES ignored = { 0 };

	while (*text != '\0') {
		AUTO_FREE char *inside = NULL;

		if (part_next(&text, &ignored, &inside) < 0)
			return error_set(e, ERROR_INPUT, "{{ is not closed by }}");
		if (inside != NULL && hash_words(inside) == NULL && fact_find(inside) == NULL)
			return error_set(e, ERROR_INPUT, "{{ %.64s }} is not known; there are hash FILE..., "
			    "branch, tag, commit, event, arch and job", inside);
	}
	return 0;
}

/* Names of the store are paths of harmless bytes. */
static void
plain_add(struct bytes *into, const char *text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+,=@-";

	if (text == NULL || *text == '\0')
		text = "-";
	for (; *text != '\0'; text++)
		bytes_char(into, strchr(plain, *text) != NULL ? *text : '_');
}

static void
fact_add(struct bytes *into, const char *name, const struct keytemplate_facts *f)
{
	const struct fact *fact = fact_find(name);
	struct utsname machine;

	if (fact == NULL)
		return;
	if (fact->variable != NULL)
		plain_add(into, getenv(fact->variable));
	else if (strcmp(name, "job") == 0)
		plain_add(into, f->job);
	else
		plain_add(into, uname(&machine) == 0 ? machine.machine : NULL);
}

char *
keytemplate_expand(struct bytes *into, const char *text, const struct keytemplate_facts *f)
{
	size_t before = into->len;

	while (*text != '\0') {
		AUTO_FREE char *inside = NULL;
		AUTO_BYTES plain = { 0 };
		const char *words;
		size_t i = 0;

		(void)part_next(&text, &plain, &inside);
		for (size_t k = 0; k < plain.len; k++) {
			if (plain.data[k] == '/')
				bytes_char(into, '/');
			else
				plain_add(into, (char[]){ plain.data[k], '\0' });
		}
		words = inside == NULL ? NULL : hash_words(inside);
		if (inside == NULL)
			continue;
		if (words == NULL) {
			fact_add(into, inside, f);
			continue;
		}
		while (i < f->nhashes && strcmp(f->hashes[i].name, words) != 0)
			i++;
		if (i == f->nhashes) {
			into->len = before;
			return xstrdup(words);
		}
		bytes_text(into, f->hashes[i].value);
	}
	return NULL;
}
