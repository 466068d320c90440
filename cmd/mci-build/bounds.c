#include "bounds.h"

#include <string.h>
#include <unistd.h>

#include "contract.h"
#include "emit.h"
#include "kernel.h"
#include "message.h"
#include "scan.h"

void
bounds_start(struct journal *j, const struct build_options *o, const struct workspace *w,
    const char *definition, const struct past *past)
{
	struct bytes *line = journal_begin(j, "build/start");
	const char *rev = o->rev != NULL ? o->rev : o->facts.commit;

	emit_integer(line, "schema", CONTRACT_SCHEMA);
	emit_text(line, "folder", w->folder.path);
	emit_text(line, "logs", w->logs);
	if (o->log != NULL)
		emit_text(line, "log", o->log);
	emit_text(line, "dir", w->dir);
	emit_text(line, "definition", definition);
	emit_integer(line, "pid", getpid());
	emit_text(line, "source", w->identity.source);
	if (rev != NULL)
		emit_text(line, "rev", rev);
	if (past->seq > 0) {
		emit_integer(line, "kept", past->kept);
		emit_integer(line, "again", past->repeated);
	}
	journal_end(j);
}

void
bounds_end(struct journal *j, const struct outcome *outcome, const uint32_t *counts)
{
	static const enum status counted[] = { STATUS_SUCCESS, STATUS_FAILURE, STATUS_ERROR,
		STATUS_SKIPPED, STATUS_CANCELED };
	struct bytes *line = journal_begin(j, "build/end");
	uint32_t jobs = 0;
	int exit_status;

	emit_text(line, "status", status_name(outcome_verdict(outcome, &exit_status)));
	emit_integer(line, "exit", exit_status);
	emit_seconds(line, "elapsed", outcome->begun == 0 ? 0 : kernel.now() - outcome->begun);
	for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++) {
		emit_integer(line, status_name(counted[i]), counts[counted[i]]);
		jobs += counts[counted[i]];
	}
	emit_integer(line, "jobs", jobs);
	if (outcome->broken && outcome->kind != NULL)
		emit_text(line, "reason", outcome->kind);
	if (outcome->broken)
		emit_text(line, "message", outcome->why.text);
	journal_end(j);
}

void
bounds_end_again(struct journal *j, const char *text)
{
	static const char *const own[] = { "seq", "build", "run", "type", "time", "offset", "received" };
	struct bytes *line = journal_begin(j, "build/end");
	struct scan s;
	struct scan_member m;

	if (scan_open(&s, text, strlen(text), NULL) == 0) {
		while (scan_next(&s, &m, NULL) > 0) {
			bool mine = false;

			for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
				mine |= span_is(m.key, own[i]) != 0;
			if (mine)
				continue;
			bytes_char(line, ',');
			bytes_add(line, m.from, (size_t)(m.value.raw.p + m.value.raw.n - m.from));
		}
	}
	journal_end(j);
}

int
bounds_exit(const char *line)
{
	int64_t status = message_integer((struct span){ line, strlen(line) }, "exit", EXIT_BUILD_ERROR);

	return status <= 255 ? (int)status : EXIT_BUILD_ERROR;
}
