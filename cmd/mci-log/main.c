#include <stdbool.h>
#include <string.h>

#include "memory.h"
#include "option.h"
#include "serveentry.h"
#include "standard.h"
#include "verbs.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct command *const verbs[] = {
	&log_cat_command, &log_follow_command, &log_grep_command, &log_annotate_command, &log_ls_command,
	&log_rm_command, &log_put_command, &log_status_command, &log_serve_command, &log_sweep_command,
	&log_mask_command,
};

const struct serve_entry log_entry = { &log_program, &log_serve_command, verbs, COUNT(verbs) };

static bool
among(const char *word, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(word, words[i]) == 0)
			return true;
	}
	return false;
}

/* A verb, or what option_dispatch answers without one. */
static bool
understood(const char *word)
{
	static const char *const others[] = { "-h", "--help", "help", "--version", "--list-options",
		"--list-settings" };

	for (size_t i = 0; i < COUNT(verbs); i++) {
		if (strcmp(word, verbs[i]->verb) == 0)
			return true;
	}
	return among(word, others, COUNT(others));
}

/* Where "cat" belongs on a command line without a verb; 0 when it has one, or asks for help. */
static int
verb_missing_at(int argc, char **argv)
{
	static const char *const with_value[] = { "-C", "--chdir", "--color" };
	static const char *const alone[] = { "-q", "--quiet" };
	int i = 1;

	while (i < argc) {
		if (among(argv[i], with_value, COUNT(with_value)) && i + 1 < argc)
			i += 2;
		else if (among(argv[i], alone, COUNT(alone)) ||
		    strncmp(argv[i], "--color=", 8) == 0 || strncmp(argv[i], "--chdir=", 8) == 0)
			i++;
		else
			break;
	}
	return i < argc && understood(argv[i]) ? 0 : i;
}

int
main(int argc, char **argv)
{
	static char cat[] = "cat";
	AUTO_FREE char **with_verb = xmalloc(((size_t)argc + 2) * sizeof(*with_verb));
	int missing = verb_missing_at(argc, argv);

	standard_begin();
	for (int i = 0, to = 0; i < argc; i++) {
		with_verb[to++] = argv[i];
		if (missing > 0 && i == missing - 1)
			with_verb[to++] = cat;
	}
	return option_dispatch(PROGRAM, "keeps and shows what the jobs of a build print", verbs,
	    COUNT(verbs), argc + (missing > 0), with_verb);
}
