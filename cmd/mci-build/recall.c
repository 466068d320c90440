#include "recall.h"

#include <string.h>

#include "emit.h"

void
recall_job(struct job *j, const struct past *past)
{
	struct past_job *own = past_find(past, j->id);

	j->past = own;
	if (own == NULL)
		return;
	own->here = true;
	if (own->again) {
		j->attempt = (int16_t)(own->attempt + 1);
		j->retries = (int16_t)(j->retries + own->attempt);
		return;
	}
	j->retries = (int16_t)(j->retries + own->uncounted);
	if (own->executed != NULL) {
		j->attempt = (int16_t)own->attempt;
	} else if (own->attempt > 0 && own->attempt >= own->queued) {
		j->attempt = (int16_t)(own->attempt + 1);
		j->retries = (int16_t)(j->retries + !own->over);
	} else if (own->queued > 0) {
		j->attempt = (int16_t)own->queued;
	}
}

const struct past_job *
recall_state(const struct job *j)
{
	return j->past != NULL && !j->past->again ? j->past : NULL;
}

const struct past_job *
recall_end(const struct job *j)
{
	return j->past != NULL && past_keeps(j->past) ? j->past : NULL;
}

uint32_t
recall_forget(const struct past *past, struct journal *journal, enum status status)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < past->n; i++) {
		const struct past_job *p = &past->jobs[i];
		struct bytes *line;

		if (p->here || p->ended || !p->pending)
			continue;
		line = journal_begin(journal, "job/end");
		emit_text(line, "job", p->id);
		emit_text(line, "status", status_name(status));
		emit_text(line, "reason", status == STATUS_CANCELED ? "canceled" : "lost");
		emit_text(line, "error", "its spec did not come again");
		journal_end(journal);
		n++;
	}
	return n;
}

/* Whether this is the job from which on nothing is taken over, or one of its matrix. */
static bool
is_from(const struct graph *g, const struct job *j, const char *from)
{
	if (from == NULL)
		return false;
	if (strcmp(j->id, from) == 0)
		return true;
	for (uint32_t k = j->needed; k != NO_JOB; k = g->edges[k].next) {
		const struct job *group = &g->jobs[g->edges[k].job];

		if (group->group && strcmp(group->id, from) == 0)
			return true;
	}
	return false;
}

/* In the same folder a result holds as long as nothing before it runs again; in another one what of them
 * runs again was decided with what needs them. */
const struct past_job *
recall_base(const struct graph *g, struct job *j, const struct past *base)
{
	const struct past_job *was = past_find(base, j->id);
	bool same = j->silent || (was != NULL && (past_good(was) || (j->skip != NULL &&
	    was->status == STATUS_SKIPPED)));

	if (base->moved)
		return was != NULL && past_keeps(was) ? was : NULL;
	for (uint32_t k = j->needs; k != NO_JOB; k = g->edges[k].next)
		same &= g->jobs[g->edges[k].job].kept;
	j->kept = same && !is_from(g, j, base->from);
	return j->kept ? was : NULL;
}
