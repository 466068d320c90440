/*
 * Prints the seccomp filter of the sandbox as C, for each architecture: run when mci is built, so that mci-job
 * neither links libseccomp nor asks it for numbers. From libseccomp come the numbers alone.
 *
 * What is refused is what a build never needs and a kernel is attacked by: mounts, namespaces, keyrings, loaders
 * of code, clocks, the ways to other terminals, odd families of sockets, and files that run as somebody else. What
 * this list does not know because it is newer is not there (ENOSYS), as programs expect of older kernels.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* The last number that every architecture has in common and this file was written for: cachestat(2). */
#define NEWEST 451
#define NAMESPACES 0x7e020080u /* CLONE_NEW* of clone(2); the lowest is CLONE_NEWTIME, of unshare(2) alone */
#define CLONE_SIGNAL 0xffu
#define SET_ID 06000u
#define CREATES 0x400040u /* O_CREAT, and the bit of its own of O_TMPFILE */
#define TIOCSTI 0x5412u
#define TIOCLINUX 0x541cu
#define NETLINK_ROUTE 0u

static const char *const refused[] = {
	/* mounts and roots */
	"mount", "umount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen", "fsconfig",
	"fsmount", "fspick", "mount_setattr", "open_by_handle_at", "setns", "swapon", "swapoff", "quotactl",
	"quotactl_fd", "fanotify_init",
	/* keyrings, which are not in a namespace */
	"keyctl", "add_key", "request_key",
	/* code in the kernel, and what watches it */
	"bpf", "perf_event_open", "init_module", "finit_module", "delete_module", "create_module", "kexec_load",
	"kexec_file_load", "lookup_dcookie", "syslog", "acct", "kcmp",
	/* the machine */
	"reboot", "settimeofday", "stime", "clock_settime", "clock_settime64", "adjtimex", "clock_adjtime",
	"clock_adjtime64", "iopl", "ioperm", "vhangup", "sethostname", "setdomainname", "nfsservctl", "uselib",
	"ustat", "sysfs", "_sysctl", "vm86", "vm86old", "modify_ldt",
	"pciconfig_read", "pciconfig_write", "pciconfig_iobase",
};

/* Programs look for something else when these are not there. The last three cannot be looked into. */
static const char *const absent[] = {
	"io_uring_setup", "io_uring_enter", "io_uring_register", "userfaultfd", "memfd_secret", "clone3", "openat2",
	"socketcall",
};

/* A call whose argument has one of these bits, when another (if any) has one of those. */
static const struct {
	const char *name;
	unsigned argument, bits, when, when_bits;
} masked[] = {
	{ "unshare", 0, NAMESPACES, 6, 0 },
	{ "clone", 0, NAMESPACES & ~CLONE_SIGNAL, 6, 0 },
	{ "chmod", 1, SET_ID, 6, 0 }, { "fchmod", 1, SET_ID, 6, 0 }, { "fchmodat", 2, SET_ID, 6, 0 },
	{ "creat", 1, SET_ID, 6, 0 }, { "mknod", 1, SET_ID, 6, 0 }, { "mknodat", 2, SET_ID, 6, 0 },
	{ "open", 2, SET_ID, 1, CREATES }, { "openat", 3, SET_ID, 2, CREATES },
};

struct architecture {
	uint32_t token;       /* SCMP_ARCH_..., which is AUDIT_ARCH_... but for x32 */
	const char *condition; /* of the compiler; NULL: the same as the one before, a second one there */
};
static const struct architecture architectures[] = {
	{ SCMP_ARCH_X86_64, "defined(__x86_64__)" }, { SCMP_ARCH_X86, NULL },
	{ SCMP_ARCH_AARCH64, "defined(__aarch64__)" }, { SCMP_ARCH_ARM, NULL },
	{ SCMP_ARCH_RISCV64, "defined(__riscv) && __riscv_xlen == 64" },
	{ SCMP_ARCH_PPC64LE, "defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)" },
	{ SCMP_ARCH_S390X, "defined(__s390x__)" },
	{ SCMP_ARCH_X86, "defined(__i386__)" },
	{ SCMP_ARCH_ARM, "defined(__arm__)" },
};
#define N(array) (sizeof(array) / sizeof((array)[0]))

static struct sock_filter program[BPF_MAXINSNS];
static size_t n;

static void
put(unsigned code, uint32_t k, size_t yes, size_t no)
{
	if (n == BPF_MAXINSNS || yes > 255 || no > 255) {
		fprintf(stderr, "the filter is too long\n");
		exit(1);
	}
	program[n++] = (struct sock_filter){ (uint16_t)code, (uint8_t)yes, (uint8_t)no, k };
}

static void
load(size_t offset)
{
	put(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void
give(uint32_t action)
{
	put(BPF_RET | BPF_K, action, 0, 0);
}

static void
give_error(int code)
{
	give(SECCOMP_RET_ERRNO | (uint32_t)code);
}

static int
number(const struct architecture *a, const char *name)
{
	int got = seccomp_syscall_resolve_name_arch(a->token, name);

	/* libseccomp has it as a part of socketcall(2) where that is older */
	if (got < 0 && (a->token == SCMP_ARCH_X86 || a->token == SCMP_ARCH_S390X) && strcmp(name, "socket") == 0)
		return 359;
	if (got == __NR_SCMP_ERROR && getenv("CI") != NULL && a == architectures) {
		fprintf(stderr, "%s: libseccomp does not know it\n", name);
		exit(1);
	}
	return got < 0 ? -1 : got;
}

/* The lower half: the kernel takes ints and modes from it, and whatever is above must not hide them. */
static void
load_argument(const struct architecture *a, unsigned i)
{
	size_t low = a->token & __AUDIT_ARCH_LE ? 0 : 4;

	load(offsetof(struct seccomp_data, args) + i * 8 + low);
}

static void
all(const struct architecture *a, const char *const *names, size_t count, int code)
{
	for (size_t i = 0; i < count; i++) {
		int call = number(a, names[i]);

		if (call < 0)
			continue;
		put(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 1);
		give_error(code);
	}
}

static void
masks(const struct architecture *a)
{
	for (size_t i = 0; i < N(masked); i++) {
		int call = number(a, masked[i].name);
		unsigned argument = masked[i].argument;
		bool twice = masked[i].when < 6;

		if (call < 0)
			continue;
		/* of clone(2) alone the arguments change places (CONFIG_CLONE_BACKWARDS2) */
		if (a->token == SCMP_ARCH_S390X && masked[i].bits == (NAMESPACES & ~CLONE_SIGNAL))
			argument = 1;
		put(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, twice ? 6 : 4);
		if (twice) {
			load_argument(a, masked[i].when);
			put(BPF_JMP | BPF_JSET | BPF_K, masked[i].when_bits, 0, 3);
		}
		load_argument(a, argument);
		put(BPF_JMP | BPF_JSET | BPF_K, masked[i].bits, 0, 1);
		give_error(EPERM);
		give(SECCOMP_RET_ALLOW);
	}
}

/* Families: local, both kinds of IP, and netlink to ask for addresses. */
static void
sockets(const struct architecture *a)
{
	int call = number(a, "socket");

	if (call < 0)
		return;
	put(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 9);
	load_argument(a, 0);
	put(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 6, 0);
	put(BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 5, 0);
	put(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 4, 0);
	put(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 2);
	load_argument(a, 2);
	put(BPF_JMP | BPF_JEQ | BPF_K, NETLINK_ROUTE, 1, 0);
	give_error(EAFNOSUPPORT);
	give(SECCOMP_RET_ALLOW);
}

/* What types on a terminal as if its user did (TIOCSTI), or pastes there. */
static void
terminals(const struct architecture *a)
{
	put(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number(a, "ioctl"), 0, 5);
	load_argument(a, 1);
	put(BPF_JMP | BPF_JEQ | BPF_K, TIOCSTI, 1, 0);
	put(BPF_JMP | BPF_JEQ | BPF_K, TIOCLINUX, 0, 1);
	give_error(EPERM);
	give(SECCOMP_RET_ALLOW);
}

static void
section(const struct architecture *a)
{
	load(offsetof(struct seccomp_data, nr));
	if (a->token == SCMP_ARCH_ARM) {
		/* its own calls (cacheflush, set_tls) are far above */
		put(BPF_JMP | BPF_JGE | BPF_K, 0x0f0000, 2, 0);
	}
	put(BPF_JMP | BPF_JGT | BPF_K, NEWEST, 0, 1);
	give_error(ENOSYS);
	all(a, refused, N(refused), EPERM);
	all(a, absent, N(absent), ENOSYS);
	masks(a);
	sockets(a);
	terminals(a);
	give(SECCOMP_RET_ALLOW);
}

static void
print(const char *condition, bool first)
{
	printf("#%s %s\n", first ? "if" : "elif", condition);
	printf("static const struct sock_filter filter[] = {\n");
	for (size_t i = 0; i < n; i++)
		printf("\t{ 0x%02x, %d, %d, 0x%08x },\n", program[i].code, program[i].jt, program[i].jf,
		    program[i].k);
	printf("};\n");
}

/* Where the program goes on for an architecture is known when it is there. */
static void
generate(const struct architecture *a, size_t count)
{
	size_t jump;

	n = 0;
	load(offsetof(struct seccomp_data, arch));
	for (size_t i = 0; i < count; i++) {
		put(BPF_JMP | BPF_JEQ | BPF_K, a[i].token, 1, 0);
		jump = n;
		put(BPF_JMP | BPF_JA, 0, 0, 0);
		section(&a[i]);
		program[jump].k = (uint32_t)(n - jump - 1);
		if (i + 1 < count)
			load(offsetof(struct seccomp_data, arch));
	}
	/* another than the program was started with: x32 is told by its numbers, and is above all of them */
	give_error(ENOSYS);
}

int
main(void)
{
	printf("/* Made by cmd/mci-job/seccomp/generate.c. */\n");
	for (size_t i = 0; i < N(architectures);) {
		size_t count = 1;

		while (i + count < N(architectures) && architectures[i + count].condition == NULL)
			count++;
		generate(&architectures[i], count);
		print(architectures[i].condition, i == 0);
		i += count;
	}
	printf("#else\n#error \"cmd/mci-job/seccomp/generate.c does not know this architecture\"\n#endif\n");
	return ferror(stdout) != 0 || fclose(stdout) != 0;
}
