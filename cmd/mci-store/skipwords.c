#include "skipwords.h"

#include <string.h>

const char *
skipwords_find(const char *message, const char *const *options, size_t n)
{
	static const char *const words[][2] = {
		{ "[skip ci]", "the commit's message says [skip ci]" },
		{ "[ci skip]", "the commit's message says [ci skip]" },
		{ "[no ci]", "the commit's message says [no ci]" },
	};

	for (size_t i = 0; i < n; i++) {
		if (strcmp(options[i], "ci.skip") == 0)
			return "the push option ci.skip was given";
	}
	for (size_t i = 0; message != NULL && i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasestr(message, words[i][0]) != NULL)
			return words[i][1];
	}
	return NULL;
}
