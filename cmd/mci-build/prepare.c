#include "prepare.h"

#include <stdlib.h>
#include <string.h>

#include "line.h"
#include "memory.h"
#include "runners.h"

/* What mci-job will be given; NULL when params have made it too long. */
static char *
attempt_line(const struct spec *s, uint32_t *length, struct error *e)
{
	struct bytes line = { 0 };

	spec_write(&line, s, true);
	*length = (uint32_t)line.len - 1;
	if (line.len + sizeof("\"attempt\":1000,") <= LINE_LIMIT)
		return bytes_give(&line);
	bytes_free(&line);
	error_set(e, ERROR_LIMIT, "with its params it is longer than %d bytes", LINE_LIMIT);
	return NULL;
}

/* The same for a job with a workspace of its own. */
static char *
copied_line(struct prepare *p, const struct spec *s, uint32_t *length, struct error *e)
{
	struct workspace *w = p->workspace;
	struct spec copied = *s;
	AUTO_FREE char *dir = NULL;

	if (workspace_copy(w, e) < 0) {
		error_before(e, "workspace: ");
		return NULL;
	}
	dir = xformat("%s%s", w->own_inside, s->dir == NULL ? "" : s->dir);
	copied.dir = *dir == '\0' ? NULL : dir;
	copied.workspace = w->own;
	/* what it takes is put into the copy before it begins, and what it leaves is kept from there */
	copied.staged = p->places && s->ncaches + s->nsave_artifacts + s->nrestore_artifacts > 0;
	spec_set(&copied, SPEC_STAGED, copied.staged);
	spec_set(&copied, SPEC_DIR, copied.dir != NULL);
	return attempt_line(&copied, length, e);
}

/* The same for one whose result may be another run's: it works where its inputs are put. */
static char *
content_line(struct prepare *p, struct content *c, struct spec *s, uint32_t *length, struct error *e)
{
	AUTO_FREE char *of = xformat("%s/own/of", p->workspace->folder.path);
	struct spec copied = *s;
	char *line;

	content_hide(c, s);
	copied = *s;
	copied.workspace = of;
	copied.staged = true;
	spec_set(&copied, SPEC_STAGED, true);
	spec_set(&copied, SPEC_WORKSPACE, true);
	line = attempt_line(&copied, length, e);
	return line;
}

bool
prepare_takes_results(struct prepare *p, const struct spec *s, bool *unsealed)
{
	const struct runners_row *row = runners_find(runners_choose(s, p->runner), NULL);
	bool named = s->image == NULL || s->toolchain != NULL || strstr(s->image, "@sha256:") != NULL;

	if (s->inputs == NULL || p->plan || s->workspace != NULL)
		return false;
	*unsealed = row == NULL || !row->isolates;
	if (named && (!*unsealed || p->unsealed))
		return true;
	if (!p->noted_results)
		outcome_note(p->outcome, named ? "inputs are left alone, and every job is run: the runner "
		    "does not keep jobs to them (--unsealed takes results all the same)" :
		    "inputs are left alone where an image has neither a digest nor a toolchain");
	p->noted_results = true;
	return false;
}

char *
prepare_job(struct prepare *p, struct spec *s, struct jobfiles **files, uint32_t *length, struct error *e)
{
	bool unsealed = false, content = prepare_takes_results(p, s, &unsealed);

	*files = NULL;
	if (p->plan)
		return attempt_line(s, length, e);
	if (p->places || content)
		*files = jobfiles_of(s);
	if (!content)
		return s->workspace != NULL ? copied_line(p, s, length, e) : attempt_line(s, length, e);
	(*files)->staged = true;
	(*files)->in_place = !p->places;
	(*files)->content = content_of(s, p->params, p->env, runners_choose(s, p->runner), unsealed);
	return content_line(p, (*files)->content, s, length, e);
}
