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

/* ---- what becomes of one call, once its number is known to be this */

/* row: of masked */
static void
mask_row(const struct architecture *a, size_t row)
{
	unsigned argument = masked[row].argument;

	/* of clone(2) alone the arguments change places (CONFIG_CLONE_BACKWARDS2) */
	if (a->token == SCMP_ARCH_S390X && masked[row].bits == (NAMESPACES & ~CLONE_SIGNAL))
		argument = 1;
	if (masked[row].when < 6) {
		load_argument(a, masked[row].when);
		put(BPF_JMP | BPF_JSET | BPF_K, masked[row].when_bits, 0, 3);
	}
	load_argument(a, argument);
	put(BPF_JMP | BPF_JSET | BPF_K, masked[row].bits, 0, 1);
	give_error(EPERM);
	give(SECCOMP_RET_ALLOW);
}

/* Families: local, both kinds of IP, and netlink to ask for addresses. */
static void
sockets(const struct architecture *a, size_t row)
{
	(void)row;
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
terminals(const struct architecture *a, size_t row)
{
	(void)row;
	load_argument(a, 1);
	put(BPF_JMP | BPF_JEQ | BPF_K, TIOCSTI, 1, 0);
	put(BPF_JMP | BPF_JEQ | BPF_K, TIOCLINUX, 0, 1);
	give_error(EPERM);
	give(SECCOMP_RET_ALLOW);
}

static void
refuse(const struct architecture *a, size_t row)
{
	(void)a;
	(void)row;
	give_error(EPERM);
}

static void
deny(const struct architecture *a, size_t row)
{
	(void)a;
	(void)row;
	give_error(ENOSYS);
}

/* ---- which call it is */

struct rule {
	int call, last; /* from the one to the other */
	void (*body)(const struct architecture *a, size_t row); /* ends by giving something */
	size_t row;
};
static struct rule rules[256];
static size_t nrules;

static void
rule_add(const struct architecture *a, const char *name, void (*body)(const struct architecture *, size_t),
    size_t row)
{
	int call = number(a, name);

	for (size_t i = 0; i < nrules && call >= 0; i++) {
		if (rules[i].call == call)
			return;
	}
	if (call >= 0 && nrules < N(rules))
		rules[nrules++] = (struct rule){ call, call, body, row };
}

static int
by_call(const void *a, const void *b)
{
	return ((const struct rule *)a)->call - ((const struct rule *)b)->call;
}

/* Of those that are refused in the same way. */
static void
neighbours_join(void)
{
	size_t kept = 0;

	for (size_t i = 1; i < nrules; i++) {
		struct rule *before = &rules[kept];

		if ((rules[i].body == refuse || rules[i].body == deny) && rules[i].body == before->body &&
		    rules[i].call == before->last + 1)
			before->last = rules[i].call;
		else
			rules[++kept] = rules[i];
	}
	nrules = kept + 1;
}

static void
rules_gather(const struct architecture *a)
{
	nrules = 0;
	for (size_t i = 0; i < N(refused); i++)
		rule_add(a, refused[i], refuse, i);
	for (size_t i = 0; i < N(absent); i++)
		rule_add(a, absent[i], deny, i);
	for (size_t i = 0; i < N(masked); i++)
		rule_add(a, masked[i].name, mask_row, i);
	rule_add(a, "socket", sockets, 0);
	rule_add(a, "ioctl", terminals, 0);
	qsort(rules, nrules, sizeof(rules[0]), by_call);
	neighbours_join();
}

#define FEW 3 /* that are looked at one after another */

/*
 * Halves them until they are few. The kernel tries the filter for every number when it is installed, for each
 * job, and runs it at each call whose arguments it looks at: as one list it took twice as long.
 */
static void
search(const struct architecture *a, const struct rule *from, size_t count)
{
	size_t half = count / 2, jump;

	if (count > FEW) {
		put(BPF_JMP | BPF_JGE | BPF_K, (uint32_t)from[half].call, 0, 1);
		jump = n;
		put(BPF_JMP | BPF_JA, 0, 0, 0);
		search(a, from, half);
		program[jump].k = (uint32_t)(n - jump - 1);
		search(a, from + half, count - half);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		bool many = from[i].last > from[i].call;

		jump = n;
		put(BPF_JMP | (many ? BPF_JGE : BPF_JEQ) | BPF_K, (uint32_t)from[i].call, 0, 0);
		if (many)
			put(BPF_JMP | BPF_JGT | BPF_K, (uint32_t)from[i].last, 1, 0);
		from[i].body(a, from[i].row);
		program[jump].jf = (uint8_t)(n - jump - 1);
	}
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
	rules_gather(a);
	search(a, rules, nrules);
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
