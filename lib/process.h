/*
 * process: starting programs and ending everything that they started. Children get default signals, an
 * empty mask, only the descriptors that are named, and the environment that is given.
 */
#ifndef MCI_PROCESS_H
#define MCI_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bytes.h"
#include "childsetup.h"
#include "error.h"

struct process_spec {
	const char *path;        /* the file to run; a name without slash is searched in env's PATH */
	const char *name;        /* what errors call it; NULL: path */
	char *const *argv;
	char *const *env;        /* NULL: this process's */
	const char *dir;         /* NULL: this process's */
	int in, out, err;        /* descriptors that become 0, 1, 2; -1: terminal, else /dev/null */
	const int (*extra)[2];   /* {from, to} pairs besides, to >= 3 */
	int nextra;
	bool session;            /* a new session (and group), no controlling terminal */
	bool group;              /* a new process group */
	const char *terminal;    /* with session: this pty becomes the controlling terminal */
	const struct childsetup *setup; /* what it does before it is its program, or NULL */
};

/* Starts it; for children.h, which owns what was started. 0, or -1 with an error that names the
 * program, or what is to run it (errno in e->sys: ENOENT, EACCES, ENOEXEC...). Any thread may: the
 * child gets the signals of a login.
 * The first call marks every descriptor over 2 that this process inherited as close-on-exec. */
int process_spawn(pid_t *pid, const struct process_spec *p, struct error *e);

/* The first regular executable file of that name in a list like $PATH, as the shell finds it. Caller
 * frees; NULL and errno (EACCES when only files that cannot be run were found, else ENOENT). */
char *process_find(const char *name, const char *path);

/* The path of another program of the kit: beside the running one, else on the PATH. Caller frees;
 * the bare name when it is nowhere. */
char *process_kit(const char *name);

/* What standard_begin does first of all: /dev/null in place of missing standard descriptors (else
 * other files would take their numbers), children are reported even when our parent ignored them, and a
 * file over its limit (ulimit -f) is a failed write (EFBIG), as on a full disk. */
void process_begin(void);

/* This process holds what is secret: another of the same user cannot read its memory, environment or
 * descriptors, or trace it (ptrace(2)), and it leaves no core. Children are so, too, each until it becomes
 * another program. */
void process_private(void);
/* A signal that asks this process to end was caught: it ends what it does first, and then by that signal. The
 * first one counts. May itself be a signal's handler. */
void process_caught(int signal);
/* For the very end: the status that main is to return. Ends by the signal that was caught instead, as if it
 * never had been: only so does a shell see that whoever typed ^C meant its loop as well. */
int process_end(int status);
/* Becomes the program, found on the PATH, with the signals as it would have them without us; returns only to
 * say -1, and errno. */
int process_become(const char *program, char *const argv[]);

/* The pidfd of a child, CLOEXEC; readable when it has ended. -1 and errno. */
int process_pidfd(pid_t pid);

/* Orphans of our descendants become our children from now on. */
int process_adopt_orphans(struct error *e);

struct process_list {
	pid_t *pids;
	size_t n, size;
};
/* All living descendants of root (itself not), nearest first, from /proc. Appends. */
void process_descendants(pid_t root, struct process_list *out);
/* Whether that process started this one, or started who did, and so on. */
bool process_descends_from(pid_t ancestor);
/* Our direct children as the kernel lists them, those that have ended and are not reaped included.
 * Appends. */
void process_children(struct process_list *out);
/* The same for the main thread's alone, among them orphans that became ours: the descriptor of the
 * kernel's list (-1 and errno), which each reading reads anew. */
int process_children_open(void);
void process_children_read(int fd, struct process_list *out);
/* Whether the process was started with this NAME=VALUE in its environment (/proc/PID/environ). */
bool process_has_env(pid_t pid, const char *pair);
void process_list_add(struct process_list *l, pid_t pid);
bool process_list_has(const struct process_list *l, pid_t pid);
void process_list_free(struct process_list *l);

/* Whether no process runs under that number: there is none, or it has ended and is not reaped. */
bool process_has_ended(pid_t pid);
/* Whether it may be signaled: one that became another user's (setuid) may not. True for one that is gone. */
bool process_may_kill(pid_t pid);
/* Sends signal to leader, a child of ours that is not reaped, or to its group when it leads one, and to every
 * descendant of it, whatever session that is in. */
void process_signal_tree(pid_t leader, bool leads, int signal);
/* To all descendants of this process, or of a child of ours that is not reaped. */
void process_signal_below(pid_t root, int signal);
/* The name of its program, as ps shows it, or "" when it is gone; name holds at least 64 bytes. */
void process_name(pid_t pid, char name[64]);

#endif
