/*
 * kernel: the one small table through which the kit reaches the clock, randomness, files, sync, wait,
 * connections and new processes. Tests put a virtual clock or failing calls into it; everything else
 * in lib and cmd is forbidden to call these directly (make lint).
 * Each entry has the meaning of the system call that it stands for: -1 and errno on failure.
 */
#ifndef MCI_KERNEL_H
#define MCI_KERNEL_H

#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

struct kernel {
	int64_t (*now)(void);  /* CLOCK_MONOTONIC, nanoseconds */
	int64_t (*wall)(void); /* CLOCK_REALTIME, nanoseconds since 1970 */
	void (*random)(void *into, size_t n);
	/* epoll_wait with a deadline by now(), -1 for none; EINTR is reported as 0 events */
	int (*wait)(int epoll, struct epoll_event *events, int n, int64_t deadline);
	int (*open)(int dir, const char *path, int flags, mode_t mode); /* O_CLOEXEC is added */
	ssize_t (*read)(int fd, void *into, size_t n);
	ssize_t (*pread)(int fd, void *into, size_t n, off_t at);
	ssize_t (*write)(int fd, const void *from, size_t n);
	ssize_t (*writev)(int fd, const struct iovec *iov, int n);
	int (*sync)(int fd);       /* fdatasync */
	int (*sync_names)(int fd); /* fsync, for a folder; these three are names.h's alone */
	int (*rename)(int from_dir, const char *from, int to_dir, const char *to); /* renameat */
	/* renameat2 with RENAME_EXCHANGE: two names in one folder */
	int (*exchange)(int dir, const char *one, const char *other);
	int (*unlink)(int dir, const char *name, int flags); /* unlinkat */
	int (*connect)(int fd, const struct sockaddr *address, socklen_t n);
	int (*accept)(int fd); /* accept4 with SOCK_CLOEXEC | SOCK_NONBLOCK */
	/* posix_spawn; returns -1 and sets errno, unlike the original */
	int (*spawn)(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
	    const posix_spawnattr_t *attributes, char *const argv[], char *const env[]);
};

extern struct kernel kernel;

/* Writes all of it, going on after short writes and EINTR; 0, or -1 and errno. Blocking descriptors. */
int kernel_write_all(int fd, const void *from, size_t n);

#endif
