#include <errno.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "option.h"
#include "place.h"
#include "process.h"
#include "standard.h"
#include "verbs.h"

static bool
is_verb(const char *word)
{
	for (size_t i = 0; i < nverbs; i++) {
		if (strcmp(verbs[i]->verb, word) == 0)
			return true;
	}
	return false;
}

/* Becomes the program; the options before the verb are its options. Returns only without it. */
static int
become(const char *program, const char *argument, int argc, char **argv, int at, struct error *e)
{
	AUTO_FREE char *path = process_kit(program);
	AUTO_FREE char **words = xmalloc((size_t)(argc + 2) * sizeof(*words));
	int n = 0;

	words[n++] = (char *)program;
	for (int i = 1; i < at; i++)
		words[n++] = argv[i];
	if (argument != NULL)
		words[n++] = (char *)argument;
	for (int i = at + 1; i < argc; i++)
		words[n++] = argv[i];
	process_become(path == NULL ? program : path, words);
	return error_sys(e, "%s", program);
}

/* Whether it is a build or a job of one, and no path of a definition, nor a job of that. */
static bool
is_build(const char *word)
{
	if (word == NULL || strchr("./-", word[0]) != NULL || strchr(word, '=') != NULL)
		return false;
	return word[0] == '@' || strchr(word, '/') != NULL || word[strspn(word, "0123456789")] == '\0';
}

/* Whether the verb is mci's own with these words behind it. */
static bool
is_own(const struct kit *k, char **words)
{
	const char *word = words[0];

	/* what stands behind another option may be its value */
	while (k->builds && *words != NULL && (strcmp(*words, "--json") == 0 || strcmp(*words, "-q") == 0))
		words++;
	if (k->builds && is_build(*words))
		return true;
	return k->own != NULL && (word == NULL || word[0] == '-' || strcmp(word, k->own) == 0);
}

/* Runs what the word stands for when it is a program; comes back when mci has to know it itself. */
static int
kit_run(int argc, char **argv, int at, struct error *e)
{
	for (size_t i = 0; i < nkit; i++) {
		if (strcmp(argv[at], kit[i].command.verb) == 0 && !is_own(&kit[i], argv + at + 1))
			return become(kit[i].program, kit[i].argument, argc, argv, at, e);
	}
	if (!is_verb(argv[at]) && strchr(argv[at], '/') == NULL) {
		AUTO_FREE char *program = xformat("mci-%s", argv[at]);

		if (become(program, NULL, argc, argv, at, e) < 0 && e->sys != ENOENT)
			return -1;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct error e;
	int at;

	standard_begin();
	option_help_words(argc, argv);
	at = option_verb_at(argc, argv);
	setlocale(LC_CTYPE, "");
	if (at > 0 && kit_run(argc, argv, at, &e) < 0)
		return place_complain(&e);
	return option_finish("mci", option_dispatch("mci",
	    "Runs builds, shows them, and talks to them. mci NAME runs the program mci-NAME.", verbs,
	    nverbs, argc, argv));
}
