#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int64_t
clock_read(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t
real_now(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

static int64_t
real_wall(void)
{
	return clock_read(CLOCK_REALTIME);
}

static void
real_random(void *into, size_t n)
{
	/* the kernel's pool is ready long before we run; short reads only over 256 bytes */
	while (n > 0) {
		ssize_t got = getrandom(into, n, 0);
		if (got > 0) {
			into = (char *)into + got;
			n -= (size_t)got;
		}
	}
}

static int
real_wait(int epoll, struct epoll_event *events, int n, int64_t deadline)
{
	int timeout = -1, got;

	if (deadline >= 0) {
		int64_t left = deadline - real_now();
		/* rounded up, so that a timer is never early and never spins */
		left = left <= 0 ? 0 : (left + 999999) / 1000000;
		timeout = left > 1000000000 ? 1000000000 : (int)left;
	}
	got = epoll_wait(epoll, events, n, timeout);
	return got < 0 && errno == EINTR ? 0 : got;
}

static int
real_open(int dir, const char *path, int flags, mode_t mode)
{
	return openat(dir, path, flags | O_CLOEXEC, mode & ~(mode_t)(S_IWGRP | S_IWOTH));
}

static int
real_open_beneath(int dir, const char *path, int flags, mode_t mode)
{
	struct open_how how = { .flags = (unsigned)flags | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
	long fd;

	if (flags & O_CREAT)
		how.mode = mode & ~(mode_t)(S_IWGRP | S_IWOTH);
	/* the kernel gives up, and says so, when something was renamed meanwhile */
	do
		fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));
	while (fd < 0 && errno == EAGAIN);
	return (int)fd;
}

static int
real_exchange(int dir, const char *one, const char *other)
{
	return renameat2(dir, one, dir, other, RENAME_EXCHANGE);
}

static int
real_accept(int fd)
{
	return accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

static int
real_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
    const posix_spawnattr_t *attributes, char *const argv[], char *const env[])
{
	int sys = posix_spawn(pid, path, actions, attributes, argv, env);

	if (sys == 0)
		return 0;
	errno = sys;
	return -1;
}

static int
real_waitid(idtype_t type, id_t id, siginfo_t *info, int options, struct rusage *usage)
{
	return (int)syscall(SYS_waitid, type, id, info, options, usage);
}

static int
write_back(int fd, off_t at, off_t n)
{
	return sync_file_range(fd, at, n, SYNC_FILE_RANGE_WRITE);
}

struct kernel kernel = {
	.now = real_now,
	.wall = real_wall,
	.random = real_random,
	.wait = real_wait,
	.open = real_open,
	.open_beneath = real_open_beneath,
	.read = read,
	.pread = pread,
	.write = write,
	.writev = writev,
	.sync = fdatasync,
	.write_back = write_back,
	.sync_names = fsync,
	.rename = renameat,
	.exchange = real_exchange,
	.unlink = unlinkat,
	.connect = connect,
	.accept = real_accept,
	.spawn = real_spawn,
	.waitid = real_waitid,
};

void
kernel_await(int fd, short events)
{
	/* interrupted or not, the caller tries again */
	poll(&(struct pollfd){ .fd = fd, .events = events }, 1, -1);
}

/* Whether the failed call is to be made again; waits until it may succeed. */
static bool
again(int fd, short events)
{
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		kernel_await(fd, events);
	else if (errno != EINTR)
		return false;
	return true;
}

int
kernel_write_all(int fd, const void *from, size_t n)
{
	while (n > 0) {
		ssize_t done = kernel.write(fd, from, n);

		if (done < 0 && again(fd, POLLOUT))
			continue;
		if (done < 0)
			return -1;
		from = (const char *)from + done;
		n -= (size_t)done;
	}
	return 0;
}

ssize_t
kernel_read_some(int fd, void *into, size_t n)
{
	ssize_t got;

	do
		got = kernel.read(fd, into, n);
	while (got < 0 && again(fd, POLLIN));
	return got;
}

int
kernel_open_file(int dir, const char *path)
{
	int fd = kernel.open(dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st;

	if (fd < 0 || (fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))))
		return fd;
	close(fd);
	errno = ENOTSUP;
	return -1;
}

int
kernel_own(int fd, int flags)
{
	int mode = fcntl(fd, F_GETFL);
	char path[32];
	struct stat st;

	if (mode < 0 || fstat(fd, &st) < 0)
		return -1;
	/* nor is more allowed than was */
	if ((!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode)) ||
	    ((mode & O_ACCMODE) != flags && (mode & O_ACCMODE) != O_RDWR)) {
		errno = ENXIO;
		return -1;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return kernel.open(AT_FDCWD, path, flags | O_NONBLOCK | O_NOCTTY, 0);
}
