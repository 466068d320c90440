#include "specwords.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *word, *advice;
} words[] = {
	/* ours */
	{ "same", "it is a member of depends-on" },
	{ "optional", "it is a member of depends-on" },
	{ "include", "it is a member of matrix" },
	{ "exclude", "it is a member of matrix" },
	{ "max", "it is a member of matrix" },
	{ "count", "it is a member of retry" },
	{ "delay", "it is a member of retry" },
	{ "exit", "it is a member of retry or allow-failure" },
	{ "from", "it is a member of an entry of params" },
	{ "branch", "it is a member of when" },
	{ "tag", "it is a member of when" },
	{ "event", "it is a member of when" },
	{ "path", "it is a member of when, or of an artifact" },
	{ "target", "it is a member of when" },
	{ "status", "it is a member of when" },
	{ "processes", "it is a member of limits" },
	{ "files", "it is a member of limits" },
	{ "file-size", "it is a member of limits" },
	{ "disk", "it is a member of limits" },
	{ "run", "it is a member of an entry of script" },
	{ "jobs", "it stands beside the jobs of a document" },
	{ "through", "it stands beside the jobs of a document" },
	{ "defaults", "it stands beside the jobs of a document" },
	/* others' */
	{ "needs", "here it is depends-on" },
	{ "depends_on", "here it is depends-on" },
	{ "stage", "here order is said by depends-on" },
	{ "stages", "here order is said by depends-on" },
	{ "steps", "here it is script, whose entries may have names" },
	{ "tasks", "here it is script, whose entries may have names" },
	{ "commands", "here it is script" },
	{ "before_script", "here it is the first entry of script" },
	{ "after_script", "here it is finally" },
	{ "environment", "here it is env" },
	{ "variables", "here it is env" },
	{ "if", "here it is when, or a line of shell with skip-code" },
	{ "rules", "here it is when" },
	{ "only", "here it is when" },
	{ "except", "here it is when, with ! in front of a glob" },
	{ "on", "here it is when" },
	{ "strategy", "here it is matrix" },
	{ "fail-fast", "it is an option of mci-build" },
	{ "max-parallel", "here it is max in matrix" },
	{ "working-directory", "here it is dir" },
	{ "directory", "here it is dir" },
	{ "timeout-minutes", "here it is timeout, with its unit" },
	{ "continue-on-error", "here it is allow-failure" },
	{ "failure", "here it is allow-failure" },
	{ "runs-on", "here it is runner, or labels" },
	{ "tags", "here it is labels" },
	{ "container", "here it is image" },
	{ "cache", "here it is caches" },
	{ "artifacts", "here it is save-artifacts and restore-artifacts" },
	{ "outputs", "here a job appends them to the file $MCI_OUTPUT" },
	{ "uses", "here it is a program, or a filter: see through in mci-script(5)" },
	{ "with", "here it is a program, or a filter: see through in mci-script(5)" },
	{ "extends", "here it is a merge key, or a filter: see through in mci-script(5)" },
	{ "template", "here it is a merge key, or a filter: see through in mci-script(5)" },
	{ "services", "here it is a program in the background of script" },
};

const char *
spec_words_advice(const char *word)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].word, word) == 0)
			return words[i].advice;
	}
	return NULL;
}
