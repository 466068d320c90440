/* listeners: whether somebody listens on a port of TCP, from the kernel's tables of a process's network
 * (proc(5)). */
#ifndef JOB_LISTENERS_H
#define JOB_LISTENERS_H

#include <stdbool.h>
#include <sys/types.h>

/* In the network of that process; 0: in ours. */
bool listeners_have(pid_t pid, int port);

#endif
