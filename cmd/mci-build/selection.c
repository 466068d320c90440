#include "selection.h"

#include <stdlib.h>
#include <string.h>

#include "glob.h"
#include "memory.h"

int
selection_open(struct selection *s, struct option_list jobs, struct option_list skip,
    struct option_list labels, bool no_deps, struct error *e)
{
	*s = (struct selection){ jobs, skip, labels, NULL, no_deps, false };
	for (size_t i = 0; i < labels.n; i++) {
		if (strchr(labels.items[i], '=') == NULL)
			return error_set(e, ERROR_USAGE, "--label %s: expected K=V", labels.items[i]);
	}
	s->used = xmalloc((jobs.n + skip.n) * sizeof(bool));
	return 0;
}

/* Marks every pattern that fits; used is NULL when nothing is to be marked. */
static bool
fits(const struct option_list *patterns, bool *used, const char *id)
{
	bool any = false;

	for (size_t i = 0; i < patterns->n; i++) {
		if (!glob_match(patterns->items[i], id))
			continue;
		any = true;
		if (used != NULL)
			used[i] = true;
	}
	return any;
}

static bool
labels_fit(const struct selection *s, const struct spec *spec)
{
	for (size_t i = 0; i < s->labels.n; i++) {
		const char *equals = strchr(s->labels.items[i], '=');
		size_t n = (size_t)(equals - s->labels.items[i]), k;

		for (k = 0; k < spec->nlabels; k++) {
			if (strncmp(spec->labels[k].name, s->labels.items[i], n) == 0 &&
			    spec->labels[k].name[n] == '\0' && glob_match(equals + 1, spec->labels[k].value))
				break;
		}
		if (k == spec->nlabels)
			return false;
	}
	return true;
}

/* Whether nothing was asked for, so that all jobs are meant. */
static bool
asks_nothing(const struct selection *s)
{
	return s->jobs.n == 0 && s->labels.n == 0;
}

bool
selection_has(struct selection *s, const char *id, const char *matrix_id, const struct spec *spec)
{
	bool named;

	if (asks_nothing(s))
		return true;
	named = s->jobs.n == 0;
	named |= fits(&s->jobs, s->used, id);
	if (matrix_id != NULL)
		named |= fits(&s->jobs, s->used, matrix_id);
	named = named && labels_fit(s, spec);
	s->any |= named;
	return named;
}

bool
selection_skips(struct selection *s, const char *id, const char *matrix_id)
{
	bool skips;

	if (s->skip.n == 0)
		return false;
	skips = fits(&s->skip, s->used + s->jobs.n, id);
	if (matrix_id != NULL)
		skips |= fits(&s->skip, s->used + s->jobs.n, matrix_id);
	return skips;
}

const char *
selection_unused(const struct selection *s)
{
	for (size_t i = 0; i < s->jobs.n; i++) {
		if (!s->used[i])
			return s->jobs.items[i];
	}
	for (size_t i = 0; i < s->skip.n; i++) {
		if (!s->used[s->jobs.n + i])
			return s->skip.items[i];
	}
	return NULL;
}

void
selection_close(struct selection *s)
{
	free(s->used);
	s->used = NULL;
}
