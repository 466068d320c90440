#include "isolation.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "runners.h"

bool
isolation_wanted(const struct isolation *i)
{
	return i->runner != NULL && runners_isolates(i->runner);
}

int
isolation_check(const struct isolation *i, struct error *e)
{
	if (!i->stranger || isolation_wanted(i))
		return 0;
	return error_set(e, ERROR_INPUT,
	    "this build is a stranger's: it runs only where a runner isolates it "
	    "(--runner sandbox), and %s does not", i->runner == NULL ? "the host" : i->runner);
}

static void
put(char **words, size_t *n, const char *word)
{
	words[(*n)++] = xstrdup(word);
	words[*n] = NULL;
}

char **
isolation_words(const struct isolation *i, const struct option_list *env, bool plan)
{
	AUTO_FREE char *program = process_kit("mci-job");
	char **words = xmalloc((12 + 2 * env->n) * sizeof(*words));
	size_t n = 0;

	put(words, &n, program);
	put(words, &n, "--no-settings");
	put(words, &n, "--script");
	put(words, &n, "--runner");
	put(words, &n, i->runner);
	if (i->stranger) {
		put(words, &n, "--network");
		put(words, &n, "none");
	}
	/* the names alone: values on a command line can be seen by others */
	for (size_t k = 0; k < env->n; k++) {
		put(words, &n, "-e");
		words[n++] = xmemdup(env->items[k], strcspn(env->items[k], "="));
		words[n] = NULL;
	}
	if (plan) {
		put(words, &n, "-e");
		put(words, &n, "MCI_PLAN");
	}
	put(words, &n, "--");
	return words;
}

static size_t
count(char *const *words)
{
	size_t n = 0;

	while (words[n] != NULL)
		n++;
	return n;
}

char **
isolation_command(char *const *words, const char *path, char *const *argv)
{
	size_t front = count(words), n = count(argv);
	char **all = xmalloc((front + n + 1) * sizeof(*all));

	memcpy(all, words, front * sizeof(*all));
	memcpy(all + front, argv, (n + 1) * sizeof(*all));
	all[front] = (char *)(uintptr_t)path;
	return all;
}

void
isolation_words_free(char **words)
{
	for (size_t i = 0; words != NULL && words[i] != NULL; i++)
		free(words[i]);
	free(words);
}
