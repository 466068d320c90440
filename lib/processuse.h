/* processuse: what a process has used, as /proc(5) tells; 0 for one that is gone or may not be looked at. */
#ifndef MCI_PROCESSUSE_H
#define MCI_PROCESSUSE_H

#include <stdint.h>
#include <sys/types.h>

/* Bytes of memory that are its alone. */
int64_t process_memory(pid_t pid);
/* Bytes that it and those it has waited for have written to disks. */
int64_t process_written(pid_t pid);
/* How many processes a user has. */
int64_t process_count(uid_t user);

#endif
