/*
 * definition: what a build is made from, found by the rules of mci-build(1): .mci/build or one
 * .mci/build.* in the nearest folder upward, else the original's files in .monkeyci.
 */
#ifndef DEFINITION_H
#define DEFINITION_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

enum definition_kind {
	DEFINITION_SCRIPT,   /* an executable that writes specs */
	DEFINITION_STDIN,    /* "-": specs on standard input */
	DEFINITION_DOCUMENT, /* YAML and JSON files, read by document.h */
};

struct definition {
	enum definition_kind kind;
	char *project; /* absolute path of the folder that is built */
	char *name;    /* for people: ".mci/build", "-", "../x.yaml" */
	char *path;    /* the script's absolute path; of documents the first file's; NULL for "-" */
	char **files;  /* DEFINITION_DOCUMENT: absolute paths, joined in this order */
	size_t nfiles;
	int input;   /* DEFINITION_STDIN: where they are read; 0 is standard input */
	bool monkey; /* from .monkeyci: specs are read with SPEC_MONKEY */
};

/*
 * Looks from cwd (absolute). given is NULL, "-", or the path of a script or document as the user
 * wrote it, relative to cwd. 0, or -1 with an error that says what to create or what to choose
 * between.
 */
int definition_find(struct definition *d, const char *cwd, const char *given, struct error *e);
/* The definition of this very folder, or, where there are specs (not ""), these. project is set in any
 * case. */
int definition_of(struct definition *d, const char *project, const char *specs, struct error *e);
/* Whether a word of the command line that is no path may have been meant as one: there is such a file here,
 * or it ends as documents do. */
bool definition_meant(const char *word);
/* One that was looked for is taken from the clean checkout at dir as well. 0 or -1. */
int definition_move(struct definition *d, const char *dir, struct error *e);
void definition_free(struct definition *d);

#endif
