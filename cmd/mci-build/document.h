/*
 * document: YAML and JSON files with jobs, turned into the spec lines that a script would have
 * written. A file is a list of jobs, one job, or {"jobs": [...]}.
 */
#ifndef DOCUMENT_H
#define DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "declared.h"
#include "definition.h"
#include "error.h"
#include "option.h"

/* A bound on one file, for what strangers write; tree.h and shape.h have others. */
#define DOCUMENT_BYTES (16 * 1024 * 1024) /* 10,000 jobs take 2 or 3 */

struct spec;
struct tree;

/* Whether a spec is a job as far as can be said of it alone: its matrix and its condition. filtered:
 * filters may still change it. */
int document_check(const struct spec *spec, bool filtered, struct error *e);

struct document_job {
	struct span line; /* one JSON object with the keys of mci-script(5); no newline */
	const char *file; /* where it was written, for errors: a path as people know it */
	unsigned row, column;
	uint32_t number, node; /* of the file, and in its tree */
};

struct document {
	/* what stands beside jobs in the files, one behind the other */
	struct option_list through; /* filters */
	struct declared params;
	struct document_job *jobs;
	size_t n;
	struct bytes text;  /* holds the lines */
	char **names;       /* of the files */
	struct tree *trees; /* what they say, for places */
	size_t nfiles;
	bool filtered; /* the lines are for filters: what is no job yet may become one */
};

/* One thing that is wrong with a file. row and column are 0 when the file as a whole is meant. */
struct document_problem {
	const char *file;
	unsigned row, column;
	const char *text; /* "script[2]: expected a string, found a number" */
	const char *job;  /* id of the job it is in, or NULL */
};
/* Called for each problem; anything but 0 stops the reading. */
typedef int document_report(void *arg, const struct document_problem *p);

/*
 * Reads every file of d; filtered: there are filters besides those that the files name. Each job has been
 * through spec_read, when_check and matrix_check, so that it is as good as a line can be alone. What
 * .monkeyci means is written out: ids job-N, timeouts with their unit. 0, or -1 with FILE:LINE:COLUMN:
 * and the first problem. doc is empty then.
 */
int document_load(struct document *doc, const struct definition *d, bool filtered, struct error *e);
/* The same for lint: reports all problems and keeps the jobs that are good. Their number. */
size_t document_survey(struct document *doc, const struct definition *d, bool filtered,
    document_report *report, void *arg);
/* Where a field of a job stands, by the path that a text begins with ("depends-on[1]"); with key its
 * key, not its value. */
void document_place(const struct document *doc, const struct document_job *j, const char *path,
    bool key, unsigned *row, unsigned *column);
/* Puts into an error about depends-on which of the job's is meant: "depends-on[1]: ...". */
void document_name_wait(const struct document_job *j, const char *on, struct error *e);
void document_free(struct document *doc);

#endif
