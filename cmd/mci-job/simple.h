/*
 * simple: recognizes a shell text that is one simple command (POSIX XCU 2.9.1) in which the shell would
 * have nothing to do but split words and run a program.
 */
#ifndef JOB_SIMPLE_H
#define JOB_SIMPLE_H

/*
 * The words, NULL-terminated, in one piece of memory that the caller frees; NULL when a shell is needed,
 * and *why says in a few words for what.
 */
char **simple_split(const char *text, const char **why);

#endif
