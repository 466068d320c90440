#include "master.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "address.h"
#include "children.h"
#include "kernel.h"
#include "memory.h"
#include "names.h"

/* More than a key and a line end is no key. */
#define LIMIT 4096

static int
read_key(int fd, const char *name, struct seal_key *key, struct error *e)
{
	AUTO_CLEAR text = { 0 };
	ssize_t n;

	bytes_reserve(&text, LIMIT);
	while ((n = kernel_read_some(fd, text.data + text.len, LIMIT - text.len)) > 0)
		text.len += (size_t)n;
	if (n < 0)
		return error_sys(e, "%s", name);
	if (seal_key_read(key, (struct span){ text.data, text.len }, e) == 0)
		return 0;
	return error_before(e, "the master key from %s: ", name);
}

static char *
path_of(const struct master *m, const char *name)
{
	return xformat("%s/%s", m->folder, name);
}

/* 1, or 0 when there is no such file. Others are not to be able to read it. */
static int
read_file(const char *path, struct seal_key *key, struct error *e)
{
	AUTO_CLOSE int fd = kernel_open_file(AT_FDCWD, path);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_sys(e, "%s", path);
	if ((st.st_mode & 077) != 0)
		return error_set(e, ERROR_REFUSED, "%s: others may read it (mode %04o): chmod 600",
		    path, st.st_mode & 07777U);
	return read_key(fd, path, key, e) < 0 ? -1 : 1;
}

static int
write_file(const struct master *m, const struct seal_key *key, const char *name, struct error *e)
{
	AUTO_FREE char *fresh = xformat("%s.part", name);
	AUTO_CLOSE int dir = kernel_open_file(AT_FDCWD, m->folder);
	AUTO_CLEAR text = { 0 };
	AUTO_CLOSE int fd = -1;

	if (dir < 0)
		return error_sys(e, "%s", m->folder);
	if (names_remove(dir, fresh, e) < 0)
		return -1;
	fd = kernel.open(dir, fresh, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		return error_sys(e, "%s/%s", m->folder, fresh);
	seal_key_text(key, &text);
	bytes_char(&text, '\n');
	if (kernel_write_all(fd, text.data, text.len) < 0) {
		error_sys(e, "%s/%s", m->folder, fresh);
		names_remove(dir, fresh, NULL);
		return -1;
	}
	return names_publish(fd, dir, fresh, name, e);
}

/* What a command prints is read to its end; how it ended counts as well. */
static int
read_command(char *const *argv, const char *name, struct seal_key *key, struct error *e)
{
	struct process_spec p = { .path = argv[0], .argv = argv, .in = -1, .err = STDERR_FILENO };
	struct child *c;
	int pipe[2], result;

	if (pipe2(pipe, O_CLOEXEC) < 0)
		return error_sys(e, "pipe");
	p.out = pipe[1];
	c = child_start(NULL, &p, NULL, NULL, e);
	close(pipe[1]);
	if (c == NULL) {
		close(pipe[0]);
		return error_before(e, "the master key: ");
	}
	result = read_key(pipe[0], name, key, e);
	close(pipe[0]);
	if (child_wait(c) != 0)
		return error_set(e, ERROR_REFUSED, "the master key: '%s' failed", name);
	return result;
}

static int
read_source(struct master *m, struct error *e)
{
	struct address a;
	int result;

	if (strncmp(m->source, "fd:", 3) != 0 && strncmp(m->source, "exec:", 5) != 0) {
		result = read_file(m->source, &m->key, e);
		return result != 0 ?
		    result :
		    error_set(e, ERROR_NOT_FOUND, "%s: there is no such file", m->source);
	}
	if (address_parse(&a, m->source, e) < 0)
		return -1;
	if (a.kind == ADDRESS_FD) {
		result = read_key(a.fd, m->source, &m->key, e);
		close(a.fd);
	} else {
		result = read_command(a.argv, m->source, &m->key, e);
	}
	address_free(&a);
	return result;
}

static bool
is_named(const struct seal_key *key, const char *name)
{
	char own[SEAL_NAME];

	seal_key_name(key, own);
	return strcmp(own, name) == 0;
}

/* The file's key does not fit: a rotation had sealed with the next one when it was cut off. */
static int
finish_rotation(struct master *m, const char *sealed, struct error *e)
{
	AUTO_FREE char *next = path_of(m, MASTER_NEXT);

	if (read_file(next, &m->key, NULL) == 1 && is_named(&m->key, sealed))
		return master_replace(m, e);
	return error_set(e, ERROR_REFUSED,
	    "%s/" MASTER_FILE " is not the master key that the secrets are sealed "
	    "with (%s): put that one in its place",
	    m->folder, sealed);
}

static int
read_folder(struct master *m, const char *sealed, struct error *e)
{
	AUTO_FREE char *path = path_of(m, MASTER_FILE);
	int there = read_file(path, &m->key, e);

	if (there < 0)
		return -1;
	if (there == 0 && sealed[0] == '\0') {
		seal_key_new(&m->key);
		return write_file(m, &m->key, MASTER_FILE, e);
	}
	if (there == 0 || (sealed[0] != '\0' && !is_named(&m->key, sealed)))
		return finish_rotation(m, sealed, e);
	return 0;
}

int
master_open(
    struct master *m, const char *folder, const char *source, const char *sealed, struct error *e)
{
	*m = (struct master){ .folder = xstrdup(folder) };
	if (source == NULL)
		return read_folder(m, sealed, e);
	m->source = xstrdup(source);
	if (read_source(m, e) < 0)
		return -1;
	if (sealed[0] == '\0' || is_named(&m->key, sealed))
		return 0;
	return error_set(e, ERROR_REFUSED,
	    "the key from %s is not the master key that the secrets are sealed with "
	    "(%s)",
	    source, sealed);
}

int
master_next(const struct master *m, const struct seal_key *key, struct error *e)
{
	if (m->source != NULL)
		return error_set(e, ERROR_REFUSED,
		    "the master key comes from %s: what gives it has to change it, "
		    "with the one before as --old-master-key",
		    m->source);
	return write_file(m, key, MASTER_NEXT, e);
}

int
master_replace(struct master *m, struct error *e)
{
	AUTO_FREE char *next = path_of(m, MASTER_NEXT);

	if (write_file(m, &m->key, MASTER_FILE, e) < 0)
		return -1;
	return names_remove(AT_FDCWD, next, e);
}

char *
master_describe(const struct master *m)
{
	return m->source != NULL ?
	    xformat("from %s, in no backup", m->source) :
	    xformat("%s/" MASTER_FILE ", in no backup: keep a copy of it elsewhere", m->folder);
}

void
master_close(struct master *m)
{
	seal_key_clear(&m->key);
	free(m->folder);
	free(m->source);
}
