#include "jobfiles.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

struct jobfiles *
jobfiles_of(const struct spec *s)
{
	struct jobfiles *f;

	if (s->ncaches == 0 && s->nsave_artifacts == 0 && s->nrestore_artifacts == 0 && s->inputs == NULL)
		return NULL;
	f = xmalloc(sizeof(*f));
	*f = (struct jobfiles){ .dir = s->dir == NULL ? NULL : xstrdup(s->dir),
		.staged = s->workspace != NULL,
		.caches = spec_places_copy(s->caches, s->ncaches), .ncaches = s->ncaches,
		.saves = spec_places_copy(s->save_artifacts, s->nsave_artifacts),
		.nsaves = s->nsave_artifacts,
		.restores = spec_places_copy(s->restore_artifacts, s->nrestore_artifacts),
		.nrestores = s->nrestore_artifacts };
	return f;
}

static bool
any_tells(struct mask *mask, char *const *texts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (texts[i] != NULL && mask_finds(mask, texts[i], strlen(texts[i])))
			return true;
	}
	return false;
}

int
jobfiles_check(const struct spec *s, struct mask *mask, struct error *e)
{
	const struct {
		const char *key;
		const struct spec_place *list;
		size_t n;
	} all[] = { { "caches", s->caches, s->ncaches },
		{ "save-artifacts", s->save_artifacts, s->nsave_artifacts },
		{ "restore-artifacts", s->restore_artifacts, s->nrestore_artifacts } };

	for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++) {
		for (size_t i = 0; i < all[k].n; i++) {
			const struct spec_place *p = &all[k].list[i];

			if (any_tells(mask, (char *const[]){ p->id, p->key, p->job }, 3) ||
			    any_tells(mask, p->paths, p->npaths) ||
			    any_tells(mask, p->exclude, p->nexclude) ||
			    any_tells(mask, p->fallback, p->nfallback))
				return error_set(e, ERROR_INPUT, "%s[%zu]: a secret stands in it",
				    all[k].key, i);
		}
	}
	return 0;
}

const struct spec_place *
jobfiles_artifact(const struct jobfiles *f, const char *id)
{
	for (size_t i = 0; f != NULL && i < f->nsaves; i++) {
		if (strcmp(f->saves[i].id, id) == 0)
			return &f->saves[i];
	}
	for (size_t i = 0; f != NULL && i < f->ngiven; i++) {
		if (strcmp(f->given[i]->id, id) == 0)
			return f->given[i];
	}
	return NULL;
}

void
jobfiles_act(struct jobfiles *f)
{
	if (f != NULL && f->content != NULL)
		f->content->acted = true;
}

struct jobfiles *
jobfiles_give(struct jobfiles *f, const struct spec_place *place)
{
	if (f == NULL) {
		f = xmalloc(sizeof(*f));
		*f = (struct jobfiles){ 0 };
	}
	jobfiles_act(f);
	if (jobfiles_artifact(f, place->id) != NULL)
		return f;
	f->given = xrealloc(f->given, f->ngiven + 1, sizeof(*f->given));
	f->given[f->ngiven++] = spec_places_copy(place, 1);
	return f;
}

void
jobfiles_free(struct jobfiles *f)
{
	if (f == NULL)
		return;
	free(f->dir);
	spec_places_free(f->caches, f->ncaches);
	spec_places_free(f->saves, f->nsaves);
	spec_places_free(f->restores, f->nrestores);
	for (size_t i = 0; i < f->ngiven; i++)
		spec_places_free(f->given[i], 1);
	free(f->given);
	value_pairs_free(f->hashes, f->nhashes);
	free(f->origin);
	free(f->executed);
	content_free(f->content);
	free(f);
}
