#include "owner.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "children.h"
#include "kernel.h"
#include "memory.h"

#define USER "mci-job"
#define NOBODY 65534

int
owner_find(struct owner *o, const char *folder, struct error *e)
{
	struct passwd *found;
	struct stat st;

	if (stat(folder, &st) < 0)
		return error_sys(e, "%s", folder);
	*o = (struct owner){ st.st_uid, st.st_gid != 0 ? st.st_gid : NOBODY };
	if (o->uid != 0)
		return 0;
	found = getpwnam(USER);
	if (found != NULL && found->pw_uid != 0 && found->pw_gid != 0)
		*o = (struct owner){ found->pw_uid, found->pw_gid };
	else
		*o = (struct owner){ NOBODY, NOBODY };
	return 0;
}

static int
map_write(pid_t pid, const char *name, unsigned to)
{
	AUTO_FREE char *path = xformat("/proc/%d/%s", (int)pid, name);
	AUTO_FREE char *text = xformat("0 %u 1", to);
	AUTO_CLOSE int fd = kernel.open(AT_FDCWD, path, O_WRONLY, 0);

	return fd < 0 ? -1 : kernel_write_all(fd, text, strlen(text));
}

/* A process that has a user namespace of its own and no other use; it says so on ready. */
static void
bystander(int ready)
{
	/* whoever lets nobody look into it (process_private) gives its namespace to none */
	prctl(PR_SET_DUMPABLE, 1);
	if (unshare(CLONE_NEWUSER) == 0 && kernel.write(ready, "", 1) == 1)
		pause();
	_exit(1);
}

/* A user namespace in which 0 is the owner; -1 and errno. */
static int
namespace_make(const struct owner *o)
{
	AUTO_FREE char *path = NULL;
	struct child *child;
	int ready[2], fd = -1;
	char byte;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return -1;
	pid = child_fork(&child);
	if (pid == 0)
		bystander(ready[1]);
	close(ready[1]);
	if (pid > 0) {
		path = xformat("/proc/%d/ns/user", (int)pid);
		if (kernel.read(ready[0], &byte, 1) == 1 && map_write(pid, "uid_map", o->uid) == 0 &&
		    map_write(pid, "gid_map", o->gid) == 0)
			fd = kernel.open(AT_FDCWD, path, O_RDONLY, 0);
		child_signal(child, SIGKILL);
		child_wait(child);
	}
	close(ready[0]);
	return fd;
}

/* The same one for all jobs, which have one owner as a rule. */
static int
namespace_of(const struct owner *o)
{
	static struct owner made;
	static int fd = -1;

	if (fd >= 0 && made.uid == o->uid && made.gid == o->gid)
		return fd;
	memory_close(&fd);
	made = *o;
	fd = namespace_make(o);
	return fd;
}

static int
map(const struct owner *o, int mount)
{
	struct mount_attr attributes = { .attr_set = MOUNT_ATTR_IDMAP };
	int fd = namespace_of(o);

	if (fd < 0)
		return -1;
	attributes.userns_fd = (unsigned)fd;
	return mount_setattr(mount, "", AT_EMPTY_PATH, &attributes, sizeof(attributes));
}

int
owner_mount(const struct owner *o, const char *path, bool mapped, struct error *e)
{
	int mount = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	struct stat st;

	if (mount < 0 || fstat(mount, &st) < 0) {
		error_sys(e, "%s", path);
	} else if (!mapped || st.st_uid == o->uid || map(o, mount) == 0) {
		return mount;
	} else {
		error_sys(e, "%s: is root's, and its file system cannot give it to the user that jobs are "
		    "here; chown it, or run mci as another user", path);
	}
	memory_close(&mount);
	return -1;
}

int
owner_base(struct error *e)
{
	AUTO_CLOSE int made = fsopen("tmpfs", FSOPEN_CLOEXEC);
	int mount = -1;

	if (made >= 0 && fsconfig(made, FSCONFIG_SET_STRING, "mode", "0755", 0) == 0 &&
	    fsconfig(made, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		mount = fsmount(made, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	return mount >= 0 ? mount : error_sys(e, "an empty file system");
}

int
owner_place(int base, const char *name, int mount, struct error *e)
{
	struct stat st;
	int fd;

	if (fstat(mount, &st) == 0 && S_ISDIR(st.st_mode))
		return mkdirat(base, name, 0755) == 0 ? 0 : error_sys(e, "%s", name);
	fd = kernel.open(base, name, O_WRONLY | O_CREAT | O_EXCL, 0644);
	if (fd < 0)
		return error_sys(e, "%s", name);
	close(fd);
	return 0;
}

void
owner_pipe(const struct owner *o, int fd)
{
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) && st.st_uid == 0)
		(void)!fchown(fd, o->uid, o->gid);
}
