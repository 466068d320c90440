#include "head.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes.h"
#include "kernel.h"
#include "memory.h"

#define REF_LIMIT 4096
#define PACKED_LIMIT ((size_t)1024 * 1024)

/* The folder .git of the repository that dir lies in, or -1. */
static int
repository_open(const char *dir)
{
	AUTO_FREE char *at = xstrdup(dir);
	struct stat st, top;

	if (stat(dir, &top) < 0)
		return -1;
	for (;;) {
		AUTO_FREE char *path = xformat("%s/.git", at);
		char *slash = strrchr(at, '/');

		if (lstat(path, &st) == 0)
			return S_ISDIR(st.st_mode) && st.st_uid == geteuid() && st.st_dev == top.st_dev ?
			    kernel.open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0) : -1;
		if (errno != ENOENT || slash == NULL || slash == at)
			return -1;
		*slash = '\0';
	}
}

/* Appends a small file: 1, 0 when there is none, -1. */
static int
file_read(struct bytes *into, int dir, const char *path, size_t limit)
{
	AUTO_CLOSE int fd = kernel.open(dir, path, O_RDONLY | O_NONBLOCK, 0);
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -1;
	while ((n = kernel.read(fd, bytes_reserve(into, 4096), 4096)) > 0) {
		into->len += (size_t)n;
		if (into->len > limit)
			return -1;
	}
	return n < 0 ? -1 : 1;
}

/* How long the name of an object is at p: 40 or 64 of hex, else 0. */
static size_t
object_length(const char *p)
{
	size_t n = strspn(p, "0123456789abcdef");

	return n == 40 || n == 64 ? n : 0;
}

static bool
has_loose_tags(int dir)
{
	int fd = kernel.open(dir, "refs/tags", O_RDONLY | O_DIRECTORY, 0);
	DIR *tags = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	bool any = false;

	if (tags == NULL) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (!any && (entry = readdir(tags)) != NULL)
		any = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(tags);
	return any;
}

/* The next line, cut at its newline; NULL at the end. */
static char *
line_next(char **text)
{
	char *line = *text, *end;

	if (*line == '\0')
		return NULL;
	end = line + strcspn(line, "\n");
	*text = end + (*end != '\0');
	*end = '\0';
	return line;
}

/* Looks the branch up, "HASH refs/heads/NAME", when no file of its own has told the commit. */
static void
packed_commit(struct head *h, const char *packed, const char *ref)
{
	AUTO_FREE char *copy = xstrdup(packed);
	char *at = copy, *line;

	while (h->commit == NULL && (line = line_next(&at)) != NULL) {
		size_t n = object_length(line);

		if (n > 0 && line[n] == ' ' && strcmp(line + n + 1, ref) == 0)
			h->commit = xmemdup(line, n);
	}
}

/* The first tag of the commit: of one with an object of its own a line "^COMMIT" follows. False: the file
 * does not say so of all. */
static bool
packed_tag(struct head *h, char *packed)
{
	static const char tags[] = " refs/tags/";
	bool peeled = strncmp(packed, "# pack-refs with:", 17) == 0 &&
	    memmem(packed, strcspn(packed, "\n"), " fully-peeled", 13) != NULL;
	const char *name = NULL, *object = NULL;
	char *line;

	while ((line = line_next(&packed)) != NULL) {
		size_t n = object_length(line);
		const char *commit = line[0] == '^' ? line + 1 : object;

		if (name != NULL && h->tag == NULL && h->commit != NULL &&
		    strncmp(commit, h->commit, strlen(h->commit)) == 0)
			h->tag = xstrdup(name);
		name = object = NULL;
		if (n == 0 || strncmp(line + n, tags, sizeof(tags) - 1) != 0)
			continue;
		if (!peeled)
			return false;
		object = line;
		name = line + n + sizeof(tags) - 1;
	}
	if (name != NULL && h->tag == NULL && h->commit != NULL &&
	    strncmp(object, h->commit, strlen(h->commit)) == 0)
		h->tag = xstrdup(name);
	return true;
}

/* HEAD, and the branch that it names. *ref is its whole name, in text. */
static bool
head_file(struct head *h, int dir, struct bytes *text, const char **ref)
{
	static const char symbolic[] = "ref: refs/heads/";
	AUTO_BYTES own = { 0 };
	int got;

	*ref = NULL;
	if (file_read(text, dir, "HEAD", REF_LIMIT) <= 0)
		return false;
	bytes_string(text); /* ends it */
	text->data[strcspn(text->data, "\n")] = '\0';
	if (object_length(text->data) > 0) {
		h->commit = xstrdup(text->data);
		return true;
	}
	if (strncmp(text->data, symbolic, sizeof(symbolic) - 1) != 0 || strstr(text->data, "/.") != NULL)
		return false;
	*ref = text->data + sizeof("ref: ") - 1;
	h->branch = xstrdup(text->data + sizeof(symbolic) - 1);
	got = file_read(&own, dir, *ref, REF_LIMIT);
	if (got > 0 && object_length(bytes_string(&own)) > 0)
		h->commit = xmemdup(own.data, object_length(own.data));
	return got == 0 || h->commit != NULL;
}

static bool
read_all(struct head *h, int dir)
{
	AUTO_BYTES text = { 0 };
	AUTO_BYTES packed = { 0 };
	const char *ref;

	if (!head_file(h, dir, &text, &ref) || has_loose_tags(dir) ||
	    file_read(&packed, dir, "packed-refs", PACKED_LIMIT) < 0)
		return false;
	bytes_string(&packed);
	if (h->commit == NULL && ref != NULL)
		packed_commit(h, packed.data, ref);
	return packed_tag(h, packed.data);
}

bool
head_read(struct head *h, const char *dir)
{
	static const char *const variables[] = { "GIT_DIR", "GIT_COMMON_DIR", "GIT_WORK_TREE",
		"GIT_CEILING_DIRECTORIES", "GIT_NAMESPACE" };
	AUTO_CLOSE int fd = -1;

	*h = (struct head){ NULL, NULL, NULL };
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		if (getenv(variables[i]) != NULL)
			return false;
	}
	fd = repository_open(dir);
	if (fd >= 0 && read_all(h, fd))
		return true;
	head_free(h);
	return false;
}

void
head_free(struct head *h)
{
	free(h->branch);
	free(h->commit);
	free(h->tag);
	*h = (struct head){ NULL, NULL, NULL };
}
