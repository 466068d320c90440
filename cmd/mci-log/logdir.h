/*
 * logdir: the folder of all logs of a server, and of a user whose builds keep only theirs (logname.h has
 * the layout). Here a log always has its index, which is locked by whoever writes it (stored.h). DIR/.open
 * holds a link for each build that has logs without end, named by its folder's inode and pointing to the
 * build's name: what a server looks at when it starts.
 */
#ifndef MCI_LOG_LOGDIR_H
#define MCI_LOG_LOGDIR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "folders.h"
#include "logname.h"
#include "stored.h"

struct logdir {
	char *path;
	struct log_folders at; /* descriptors of DIR, and of where logs are moved to */
	char *archive;         /* the path of that, or NULL; it has the same layout */
	int marks;             /* of DIR/.open, or -1 */
};

/* Opens DIR, made when make is set; marks: also DIR/.open. */
int logdir_open(struct logdir *s, const char *path, bool make, bool marks, struct error *e);
/* Looks for logs also where they are moved to, an address as of stored_archive. The folder is made. 0 or
 * -1. */
int logdir_archive(struct logdir *s, const char *address, struct error *e);
void logdir_close(struct logdir *s);

/*
 * For a writer: makes the log, or with resume goes on with one that has no end, or was cut. Locked, its build
 * marked where there are marks. ERROR_BUSY while another writes it, ERROR_REFUSED when it is there already
 * (and whole). run and attempt 0 are taken as 1.
 */
int logdir_write(const struct logdir *s, struct logname *n, bool resume, struct stored *f,
    struct error *e);
/* Whether it is of the build's newest run; -1 with ERROR_FENCED when that is another: whoever writes in
 * an older one is to stop. */
int logdir_admits(const struct logdir *s, const struct logname *n, struct error *e);
/* The newest run that has logs of the build, 1 when there is none. */
int logdir_newest(const struct logdir *s, const char *build);
/* For a reader; a run of 0 becomes the newest that has such a log, an attempt of 0 the last one of it.
 * ERROR_NOT_FOUND. */
int logdir_read(const struct logdir *s, struct logname *n, struct stored *f, struct error *e);
/* The same for what is known of it only. */
int logdir_look(const struct logdir *s, struct logname *n, struct stored_state *state, struct error *e);
/* Bytes of a log that is being written; 0: it is not there. Opens nothing: asked for every open log at
 * once. */
int64_t logdir_size(const struct logdir *s, const struct logname *n);
/* Writes the end record of a log whose writer is gone, cut at its size. 0 or -1. */
int logdir_cut(const struct logdir *s, struct logname *n, struct error *e);
/* The build has no log without end any more. */
void logdir_unmark(const struct logdir *s, const char *build);
/* Where the logs of a build stand, to be closed by the caller; both are -1 when there are none. */
struct folders logdir_build(const struct logdir *s, const char *build);
/* Opens the folders in which the names on the way to a log stand, its own first and DIR last: how many. What
 * is not there (any more) is left out. The caller closes them. */
#define LOGDIR_FOLDERS 5
int logdir_folders(const struct logdir *s, const struct logname *n, int *into);
/* The path of a log's index, for inotify. Caller frees. */
char *logdir_path(const struct logdir *s, const struct logname *n, const char *suffix);
/* Calls each for every marked build; when that returns false, it is marked no longer. 0 or -1. */
int logdir_marked(const struct logdir *s, bool (*each)(void *arg, const char *build), void *arg,
    struct error *e);
/* Calls each for every log of a run of the build, of 0: of all runs, the oldest first; the script's first,
 * jobs by name. 0 or -1. */
int logdir_list(const struct logdir *s, const char *build, int run,
    void (*each)(void *arg, struct logname *n), void *arg, struct error *e);
/* The numbers of a repo's builds ("ORG/REPO"), here and in the archive, newest first. Caller frees. */
long *logdir_numbers(const struct logdir *s, const char *repo, size_t *n);
/* Removes a log's files. ERROR_BUSY while somebody writes it. */
int logdir_remove(const struct logdir *s, const struct logname *n, struct error *e);

#endif
