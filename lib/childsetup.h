/*
 * childsetup: what a new process does before it becomes its program, where posix_spawn(3) does not reach: it
 * joins control groups, limits itself, becomes another user, works behind mounts or a Landlock ruleset of its
 * own. Everything holds for all that it starts. lib/process starts such a process when its spec has one.
 */
#ifndef MCI_CHILDSETUP_H
#define MCI_CHILDSETUP_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

struct childsetup_limit {
	int resource; /* RLIMIT_... */
	struct rlimit value;
};

/* A mount that nobody has attached yet: open_tree(2), fsmount(2). */
struct childsetup_mount {
	int fd;
	const char *at;
};

/* Borrowed until the process was started. {0}, with -1 for landlock, asks for nothing. */
struct childsetup {
	const int *groups; /* descriptors of cgroup.procs (or tasks) files: it joins each */
	size_t ngroups;
	const struct childsetup_limit *limits;
	size_t nlimits;
	const struct childsetup_mount *mounts; /* in their order, in a mount namespace of its own */
	size_t nmounts;
	int landlock;        /* a ruleset that it restricts itself by, without new privileges; -1: none */
	bool other;          /* it becomes this user and group, in no other group */
	uid_t uid;
	gid_t gid;
};

/* What is started, as posix_spawn(3) would. */
struct childsetup_program {
	const char *path;
	char *const *argv, *const *env;
	const char *dir;         /* NULL: stays */
	/* {from, to}; from -1: the terminal, else /dev/null. Everything else over 2 is closed by exec; no
	 * from is the to of an earlier one. */
	const int (*moves)[2];
	size_t nmoves;
	const char *terminal;
	bool session, group;
	const sigset_t *defaults; /* signals that this process ignores */
};

/* -1 and errno; *failed then says what could not be done, NULL: the program could not be run. */
int childsetup_spawn(pid_t *pid, const struct childsetup *setup, const struct childsetup_program *program,
    const char **failed);

#endif
