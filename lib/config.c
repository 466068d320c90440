#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "kernel.h"
#include "memory.h"

/* A file of settings is written by hand; what is longer is not one. */
#define LONGEST ((size_t)1 << 20)

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct span
trim(struct span s)
{
	while (s.n > 0 && is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

/* A comment begins the line or follows a blank, so that a value may hold "#fff". */
static struct span
without_comment(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '#' && (i == 0 || is_blank(s.p[i - 1])))
			s.n = i;
	}
	return trim(s);
}

static size_t
word_length(struct span s)
{
	size_t n = 0;

	while (n < s.n && ((s.p[n] >= 'a' && s.p[n] <= 'z') ||
	    (n > 0 && ((s.p[n] >= '0' && s.p[n] <= '9') || s.p[n] == '-'))))
		n++;
	return n;
}

/* Whether s is "word.word". */
static bool
is_key(struct span s)
{
	size_t first = word_length(s), second;
	struct span rest;

	if (first == 0 || first >= s.n || s.p[first] != '.')
		return false;
	rest = (struct span){ s.p + first + 1, s.n - first - 1 };
	second = word_length(rest);
	return second > 0 && second == rest.n;
}

static void
add(struct config *c, struct span key, struct span value, const char *file, unsigned line,
    bool project)
{
	if ((c->n & (c->n - 1)) == 0)
		c->entries = xrealloc(c->entries, c->n == 0 ? 1 : c->n * 2, sizeof(*c->entries));
	c->entries[c->n++] = (struct config_entry){
		.key = xmemdup(key.p, key.n),
		.value = xmemdup(value.p, value.n),
		.file = xstrdup(file),
		.line = line,
		.project = project,
	};
}

static int
parse_line(struct config *c, struct span text, const char *file, unsigned line, bool project,
    struct error *e)
{
	struct span s = without_comment(text), key, value;
	const char *equals;

	if (s.n == 0)
		return 0;
	if (memchr(s.p, '\0', s.n) != NULL)
		return error_set(e, ERROR_INPUT, "%s:%u: a NUL byte", file, line);
	equals = memchr(s.p, '=', s.n);
	if (equals == NULL)
		return error_set(e, ERROR_INPUT, "%s:%u: expected 'program.option = value'", file,
		    line);
	key = trim((struct span){ s.p, (size_t)(equals - s.p) });
	value = trim((struct span){ equals + 1, (size_t)(s.p + s.n - equals - 1) });
	if (!is_key(key))
		return error_set(e, ERROR_INPUT, "%s:%u: '%.*s' is not a key such as build.jobs", file,
		    line, (int)(key.n > 80 ? 80 : key.n), key.p);
	if (value.n == 0)
		return error_set(e, ERROR_INPUT, "%s:%u: %.*s has no value", file, line,
		    (int)(key.n > 80 ? 80 : key.n), key.p);
	add(c, key, value, file, line, project);
	return 0;
}

/* Later lines win over earlier ones, so a file's entries stand in reverse. */
static void
reverse(struct config_entry *entries, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		struct config_entry other = entries[i];

		entries[i] = entries[n - 1 - i];
		entries[n - 1 - i] = other;
	}
}

static int
parse(struct config *c, struct span text, const char *file, bool project, struct error *e)
{
	size_t before = c->n;
	unsigned line = 0;

	while (text.n > 0) {
		const char *end = memchr(text.p, '\n', text.n);
		size_t n = end == NULL ? text.n : (size_t)(end - text.p);

		if (parse_line(c, (struct span){ text.p, n }, file, ++line, project, e) < 0)
			return -1;
		n += end != NULL;
		text.p += n;
		text.n -= n;
	}
	if (c->n > before)
		reverse(c->entries + before, c->n - before);
	return 0;
}

/* 1 when it was read, 0 when it is not there. */
static int
read_file(struct bytes *into, const char *file, bool project, struct error *e)
{
	/* somebody else's may be a FIFO, which would hold us up; one's own may be a link to /dev/null */
	AUTO_CLOSE int fd = project ? kernel_open_file(AT_FDCWD, file) :
	    kernel.open(AT_FDCWD, file, O_RDONLY, 0);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0)
		return error_sys(e, "open %s", file);
	for (;;) {
		ssize_t n = kernel.read(fd, bytes_reserve(into, 4096), 4096);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_sys(e, "read %s", file);
		if (n == 0)
			return 1;
		into->len += (size_t)n;
		if (into->len > LONGEST)
			return error_set(e, ERROR_LIMIT, "%s: longer than 1 MiB", file);
	}
}

static int
load_file(struct config *c, const char *file, bool project, struct error *e)
{
	AUTO_BYTES text = { 0 };
	int found = read_file(&text, file, project, e);

	if (found <= 0)
		return found;
	return parse(c, (struct span){ text.data, text.len }, file, project, e);
}

char *
config_user_file(void)
{
	const char *base = getenv("XDG_CONFIG_HOME");

	if (base != NULL && base[0] == '/')
		return xformat("%s/mci/conf", base);
	base = getenv("HOME");
	return base == NULL || base[0] != '/' ? NULL : xformat("%s/.config/mci/conf", base);
}

int
config_load(struct config *c, const char *project, struct error *e)
{
	AUTO_FREE char *own = project == NULL ? NULL : xformat("%s/.mci/conf", project);
	AUTO_FREE char *user = config_user_file();

	*c = (struct config){ 0 };
	if ((own != NULL && load_file(c, own, true, e) < 0) ||
	    (user != NULL && load_file(c, user, false, e) < 0) ||
	    load_file(c, "/etc/mci/conf", false, e) < 0) {
		config_free(c);
		return -1;
	}
	return 0;
}

void
config_free(struct config *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->entries[i].key);
		free(c->entries[i].value);
		free(c->entries[i].file);
	}
	free(c->entries);
	*c = (struct config){ 0 };
}
