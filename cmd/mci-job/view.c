#include "view.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"

static const struct {
	const char *option, *word; /* bwrap's, and for people */
} hows[] = {
	[VIEW_READ] = { "--ro-bind", "reads" },
	[VIEW_WRITE] = { "--bind", "writes" },
	[VIEW_LINK] = { "--symlink", "link" },
	[VIEW_EMPTY] = { "--tmpfs", "empty" },
	[VIEW_PROC] = { "--proc", "own" },
	[VIEW_DEV] = { "--dev", "own" },
	[VIEW_LOCKED] = { "--remount-ro", "locked" },
};

/* Where programs and what they need are found. What else a machine has is nobody's business: homes, /srv,
 * /mnt, and of /var and /run all but this. A name that is a link here is one there. */
static const char *const machine[] = {
	"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/nix/store",
	"/gnu/store", "/var/lib/dpkg", "/var/lib/rpm", "/sys/devices/system/cpu",
};
/* What of that is covered: mci's own settings may hold addresses and names of secrets. */
static const char *const covered[] = { "/etc/mci" };

static void
add(struct view *v, enum view_how how, const char *from, const char *at,
    enum view_right right)
{
	v->rows = xrealloc(v->rows, v->n + 1, sizeof(*v->rows));
	v->rows[v->n++] = (struct view_row){ how, from == NULL ? NULL : xstrdup(from), xstrdup(at), right };
}

void
view_add(struct view *v, enum view_how how, const char *from, const char *at)
{
	add(v, how, from, at, VIEW_OPEN);
}

void
view_hand(struct view *v, enum view_how how, enum view_right right, const char *from, const char *at)
{
	add(v, how, from, at, right);
}

/* The same path as here: a link, or what can be read there. */
static void
same(struct view *v, const char *path)
{
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n > 0) {
		target[n] = '\0';
		view_add(v, VIEW_LINK, target, path);
	} else if (access(path, F_OK) == 0) {
		view_add(v, VIEW_READ, path, path);
	}
}

/* Names are often looked up as a file says that stands elsewhere (resolvconf, systemd-resolved). */
static void
names_file(struct view *v)
{
	char real[PATH_MAX];

	if (realpath("/etc/resolv.conf", real) != NULL && !view_shows(v, real))
		view_add(v, VIEW_READ, real, real);
}

void
view_machine(struct view *v)
{
	struct stat st;

	for (size_t i = 0; i < sizeof(machine) / sizeof(machine[0]); i++)
		same(v, machine[i]);
	for (size_t i = 0; i < sizeof(covered) / sizeof(covered[0]); i++) {
		if (lstat(covered[i], &st) == 0 && S_ISDIR(st.st_mode))
			view_add(v, VIEW_EMPTY, NULL, covered[i]);
	}
	view_add(v, VIEW_PROC, NULL, "/proc");
	view_add(v, VIEW_DEV, NULL, "/dev");
	names_file(v);
}

/* Whether path is at, or below it. */
static bool
below(const char *path, const char *at)
{
	size_t n = strlen(at);

	return strncmp(path, at, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

bool
view_shows(const struct view *v, const char *path)
{
	for (size_t i = v->n; i-- > 0;) {
		const struct view_row *row = &v->rows[i];

		if (row->how == VIEW_LOCKED || !below(path, row->at))
			continue;
		return row->how == VIEW_LINK || (row->how <= VIEW_WRITE && strcmp(row->from, row->at) == 0);
	}
	return false;
}

static void
word(struct bytes *into, const char *text)
{
	bytes_add(into, text, strlen(text) + 1);
}

void
view_options(const struct view *v, struct bytes *into)
{
	for (size_t i = 0; i < v->n; i++) {
		const struct view_row *row = &v->rows[i];

		word(into, hows[row->how].option);
		if (row->from != NULL)
			word(into, row->from);
		word(into, row->at);
	}
}

void
view_tell(const struct view *v, struct bytes *into)
{
	for (size_t i = 0; i < v->n; i++) {
		const struct view_row *row = &v->rows[i];

		bytes_format(into, "%s\t%s", hows[row->how].word, row->at);
		if (row->from != NULL && strcmp(row->from, row->at) != 0)
			bytes_format(into, "\t%s", row->from);
		bytes_char(into, '\n');
	}
}

void
view_free(struct view *v)
{
	for (size_t i = 0; i < v->n; i++) {
		free(v->rows[i].from);
		free(v->rows[i].at);
	}
	free(v->rows);
	*v = (struct view){ 0 };
}
