/*
 * kernel: the one small table through which the kit reaches the clock, randomness, files, sync, wait,
 * connections and new processes. Tests put a virtual clock or failing calls into it; everything else
 * in lib and cmd is forbidden to call these directly (make lint).
 * Each entry has the meaning of the system call that it stands for: -1 and errno on failure.
 */
#ifndef MCI_KERNEL_H
#define MCI_KERNEL_H

#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>

struct kernel {
	int64_t (*now)(void);  /* CLOCK_MONOTONIC, nanoseconds */
	int64_t (*wall)(void); /* CLOCK_REALTIME, nanoseconds since 1970 */
	void (*random)(void *into, size_t n);
	/* epoll_wait with a deadline by now(), -1 for none; EINTR is reported as 0 events */
	int (*wait)(int epoll, struct epoll_event *events, int n, int64_t deadline);
	/* O_CLOEXEC is added; what is made may nobody else write, whatever the umask lets through */
	int (*open)(int dir, const char *path, int flags, mode_t mode);
	/* The same for a path that stays below dir and goes through no symbolic link (openat2) */
	int (*open_beneath)(int dir, const char *path, int flags, mode_t mode);
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
	/* sync_file_range, SYNC_FILE_RANGE_WRITE: begins to write to the disk, and promises nothing */
	int (*write_back)(int fd, off_t at, off_t n);
	int (*connect)(int fd, const struct sockaddr *address, socklen_t n);
	int (*accept)(int fd); /* accept4 with SOCK_CLOEXEC | SOCK_NONBLOCK */
	/* posix_spawn; returns -1 and sets errno, unlike the original */
	int (*spawn)(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
	    const posix_spawnattr_t *attributes, char *const argv[], char *const env[]);
	/* waitid with the fifth argument that the system call has; usage may be NULL */
	int (*waitid)(idtype_t type, id_t id, siginfo_t *info, int options, struct rusage *usage);
};

extern struct kernel kernel;

/*
 * O_NONBLOCK belongs to the open file, which standard streams share with whoever started us: any of them may
 * set it at any time. These wait all the same, for EINTR and EAGAIN, and leave it as it is.
 */
/* Writes all of it; 0, or -1 and errno. */
int kernel_write_all(int fd, const void *from, size_t n);
/* Reads once: bytes, 0 at the end, -1 and errno. */
ssize_t kernel_read_some(int fd, void *into, size_t n);
/* Until fd can be read (POLLIN) or written (POLLOUT), or cannot be any more. */
void kernel_await(int fd, short events);
/*
 * Opens what was stored to read it: a regular file or a folder. -1 and errno, ENOTSUP for what is neither: a
 * FIFO that was put in its place would hold us up, and a device may never end.
 */
int kernel_open_file(int dir, const char *path);
/*
 * A non-blocking open file of our own for a pipe, FIFO or terminal, so that the others keep theirs as it is;
 * flags are O_RDONLY or O_WRONLY. -1 and errno for what cannot be opened again, such as a socket.
 */
int kernel_own(int fd, int flags);

#endif
