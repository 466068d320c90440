/*
 * interpreter: the first line of a script, which says what runs it (#!, execve(2)): of whom it is, and why a
 * file that is there cannot be run, which the kernel tells as if the file itself were missing.
 */
#ifndef MCI_INTERPRETER_H
#define MCI_INTERPRETER_H

#include "error.h"

/* What the kernel reads of the first line (BINPRM_BUF_SIZE of Linux). */
#define INTERPRETER_LINE 256

struct interpreter {
	char line[INTERPRETER_LINE + 1];
	const char *program; /* in line; NULL: the file is no script but has a format of its own */
	const char *means;   /* behind env the program that env is to find; else program */
};

/* Reads the first line of a file below dir (AT_FDCWD). 0, or -1 when it cannot be read or no kernel
 * would run it by that line; the text does not name the file. */
int interpreter_read(struct interpreter *i, int dir, const char *file, struct error *e);

/* After an exec of the file failed with sys (ENOENT, EACCES, ENOEXEC): -1 and what is wrong, when it is
 * not the file itself but what is to run it; 0 when there is nothing more to say. Keeps sys in e. */
int interpreter_explain(int dir, const char *file, int sys, struct error *e);

#endif
