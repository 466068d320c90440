#include "list.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emit.h"
#include "folder.h"
#include "kernel.h"
#include "line.h"
#include "memory.h"
#include "message.h"
#include "scan.h"

#define PIECE ((size_t)256 * 1024)

static void
hex_of(const unsigned char *digest, char hex[LIST_DIGEST + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < LIST_DIGEST / 2; i++) {
		hex[2 * i] = digits[digest[i] >> 4];
		hex[2 * i + 1] = digits[digest[i] & 15];
	}
	hex[LIST_DIGEST] = '\0';
}

void
list_digest(const void *p, size_t n, char hex[LIST_DIGEST + 1])
{
	unsigned char digest[EVP_MAX_MD_SIZE];

	EVP_Digest(p, n, digest, NULL, EVP_sha256(), NULL);
	hex_of(digest, hex);
}

/* ---- facts */

static int
fact_add(struct bytes *list, struct span line, struct span key, struct error *e)
{
	AUTO_BYTES name = { 0 };
	AUTO_BYTES value = { 0 };
	unsigned char digest[EVP_MAX_MD_SIZE];
	char hex[LIST_DIGEST + 1];
	struct scan_value v;

	if (message_member(line.p, line.n, "fact", &v, e) <= 0 || scan_text(&v, &name, e) < 0 ||
	    message_member(line.p, line.n, "value", &v, e) <= 0 || scan_text(&v, &value, e) < 0)
		return error_set(e, ERROR_INPUT, "standard input: expected {\"fact\":NAME,\"value\":TEXT}");
	bytes_string(&value);
	if (!message_true(line, "secret")) {
		list_digest(value.data, value.len, hex);
	} else if (key.n == 0) {
		return error_set(e, ERROR_USAGE, "%s is a secret: --key FILE is needed", bytes_string(&name));
	} else {
		HMAC(EVP_sha256(), key.p, (int)key.n, (const unsigned char *)value.data, value.len, digest,
		    NULL);
		hex_of(digest, hex);
	}
	emit_open(list);
	emit_text(list, "fact", bytes_string(&name));
	emit_text(list, "digest", hex);
	emit_line(list);
	return 0;
}

int
list_facts(struct bytes *list, int fd, struct span key, struct error *e)
{
	struct line_reader r = { 0 };
	struct span line;
	int result = 0;

	while (result == 0 && line_wait(&r, fd) > 0) {
		while (result == 0 && line_next(&r, &line) == LINE_OK)
			result = fact_add(list, line, key, e);
	}
	line_free(&r);
	return result;
}

/* ---- files */

/* The folders in front of a copy. */
static int
place_make(const char *into, const char *path, char **full, struct error *e)
{
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *folder = slash == NULL ? xstrdup(into) :
	    xformat("%s/%.*s", into, (int)(slash - path), path);

	*full = xformat("%s/%s", into, path);
	return folder_make(folder, e);
}

static int
link_digest(const char *full, const char *into, const char *path, char hex[LIST_DIGEST + 1], struct error *e)
{
	AUTO_FREE char *copy = NULL;
	char target[4096];
	ssize_t n = readlink(full, target, sizeof(target) - 1);

	if (n < 0)
		return error_sys(e, "%s", path);
	target[n] = '\0';
	list_digest(target, (size_t)n, hex);
	if (into == NULL)
		return 0;
	if (place_make(into, path, &copy, e) < 0)
		return -1;
	return symlink(target, copy) < 0 ? error_sys(e, "%s", copy) : 0;
}

/* The bytes go by once: what is digested is what is copied, whatever happens to the file meanwhile. */
static int
bytes_digest(int from, int to, const char *path, char hex[LIST_DIGEST + 1], int64_t *bytes, struct error *e)
{
	static char piece[PIECE];
	unsigned char digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	int result = 0;
	ssize_t n;

	EVP_DigestInit_ex(c, EVP_sha256(), NULL);
	while ((n = kernel.read(from, piece, sizeof(piece))) > 0) {
		EVP_DigestUpdate(c, piece, (size_t)n);
		*bytes += n;
		if (to >= 0 && kernel_write_all(to, piece, (size_t)n) < 0) {
			result = error_sys(e, "the copy of %s", path);
			break;
		}
	}
	if (n < 0)
		result = error_sys(e, "%s", path);
	EVP_DigestFinal_ex(c, digest, NULL);
	EVP_MD_CTX_free(c);
	hex_of(digest, hex);
	return result;
}

static int
file_digest(const char *full, const char *into, const char *path, const struct stat *st,
    char hex[LIST_DIGEST + 1], int64_t *bytes, struct error *e)
{
	AUTO_CLOSE int from = kernel.open(AT_FDCWD, full, O_RDONLY | O_NOFOLLOW, 0);
	AUTO_CLOSE int to = -1;
	AUTO_FREE char *copy = NULL;
	const struct timespec times[2] = { st->st_atim, st->st_mtim };

	if (from < 0)
		return error_sys(e, "%s", path);
	if (into != NULL && place_make(into, path, &copy, e) < 0)
		return -1;
	if (copy != NULL) {
		/* other rights make no other digest, so they are not seen either */
		to = kernel.open(AT_FDCWD, copy, O_WRONLY | O_CREAT | O_EXCL,
		    st->st_mode & S_IXUSR ? 0777 : 0666);
		if (to < 0)
			return error_sys(e, "%s", copy);
	}
	if (bytes_digest(from, to, path, hex, bytes, e) < 0)
		return -1;
	/* what make looks at */
	if (to >= 0)
		(void)futimens(to, times);
	return 0;
}

int
list_file(struct bytes *list, const char *dir, const char *path, const char *into, int64_t *bytes,
    struct error *e)
{
	AUTO_FREE char *full = xformat("%s/%s", dir, path);
	char hex[LIST_DIGEST + 1];
	struct stat st;
	bool link;

	if (lstat(full, &st) < 0)
		return error_sys(e, "%s", path);
	link = S_ISLNK(st.st_mode);
	if ((link ? link_digest(full, into, path, hex, e) :
	    file_digest(full, into, path, &st, hex, bytes, e)) < 0)
		return -1;
	emit_open(list);
	emit_text(list, "file", path);
	emit_text(list, "is", link ? "link" : st.st_mode & S_IXUSR ? "program" : "file");
	emit_text(list, "digest", hex);
	emit_line(list);
	return 0;
}

/* ---- what changed */

struct entry {
	struct span line, name; /* the name as it stands in JSON, with what it is a name of */
};

struct entries {
	struct entry *list;
	size_t n;
};

static int
by_line(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	size_t n = x->name.n < y->name.n ? x->name.n : y->name.n;
	int order = memcmp(x->name.p, y->name.p, n);

	return order != 0 ? order : (x->name.n > y->name.n) - (x->name.n < y->name.n);
}

/* Each line begins with {"file":"..." or {"fact":"...": up to its second comma outside of quotes that is its
 * name. */
static void
entries_read(struct entries *all, struct span text)
{
	const char *end = text.p + text.n;

	for (const char *at = text.p; at < end;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((newline == NULL ? end : newline) - at);
		struct scan s;
		struct scan_member m;

		if (scan_open(&s, at, n, NULL) == 0 && scan_next(&s, &m, NULL) > 0) {
			all->list = xrealloc(all->list, all->n + 1, sizeof(*all->list));
			all->list[all->n++] = (struct entry){ { at, n },
				{ m.from, (size_t)(m.value.raw.p + m.value.raw.n - m.from) } };
		}
		at += n + 1;
	}
	if (all->n > 0)
		qsort(all->list, all->n, sizeof(*all->list), by_line);
}

/* The name alone, as a JSON text. */
static void
changed_add(struct bytes *changed, const struct entry *e, const char *how)
{
	AUTO_BYTES text = { 0 };
	struct scan_value v = { SCAN_STRING, { NULL, 0 } };
	const char *quote = memchr(e->name.p, ':', e->name.n);

	v.raw = (struct span){ quote + 1, (size_t)(e->name.p + e->name.n - quote - 1) };
	(void)scan_text(&v, &text, NULL);
	bytes_text(&text, how);
	if (changed->len > 0)
		bytes_char(changed, ',');
	emit_string(changed, text.data, text.len);
}

void
list_compare(struct bytes *changed, struct span list, struct span last, size_t max)
{
	struct entries is = { 0 }, was = { 0 };
	size_t i = 0, k = 0, n = 0, before = 0;

	entries_read(&is, list);
	entries_read(&was, last);
	for (; (i < is.n || k < was.n) && n < max; n += changed->len > before) {
		int order = i == is.n ? 1 : k == was.n ? -1 : by_line(&is.list[i], &was.list[k]);

		before = changed->len;
		if (order < 0)
			changed_add(changed, &is.list[i], " (new)");
		else if (order > 0)
			changed_add(changed, &was.list[k], " (gone)");
		else if (is.list[i].line.n != was.list[k].line.n ||
		    memcmp(is.list[i].line.p, was.list[k].line.p, is.list[i].line.n) != 0)
			changed_add(changed, &is.list[i], "");
		i += order <= 0;
		k += order >= 0;
	}
	free(is.list);
	free(was.list);
}
