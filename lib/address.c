#include "address.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "bytes.h"
#include "kernel.h"
#include "memory.h"
#include "number.h"

static const struct form {
	const char *prefix;
	enum address_kind kind;
} forms[] = {
	{ "fd:", ADDRESS_FD },
	{ "fifo:", ADDRESS_FIFO },
	{ "unix:", ADDRESS_UNIX },
	{ "exec:", ADDRESS_EXEC },
	{ "inproc:", ADDRESS_INPROC },
	{ "http://", ADDRESS_HTTP },
	{ "https://", ADDRESS_HTTP },
};

/*
 * One word from *at on, as sh(1) reads it but with nothing expanded: '...' is literal, in "..." a
 * backslash quotes only itself and the quote, outside it quotes any character. 1 a word, 0 the
 * end, -1.
 */
static int
word_next(const char **at, struct bytes *word, struct error *e)
{
	const char *p = *at + strspn(*at, " \t\n");
	char quote = '\0';

	if (*p == '\0')
		return 0;
	for (; *p != '\0' && (quote != '\0' || strchr(" \t\n", *p) == NULL); p++) {
		if (quote == '\0' && (*p == '\'' || *p == '"')) {
			quote = *p;
		} else if (quote != '\0' && *p == quote) {
			quote = '\0';
		} else if (*p == '\\' && quote != '\'' &&
		    (quote == '\0' || p[1] == '"' || p[1] == '\\')) {
			if (*++p == '\0')
				return error_set(e, ERROR_INPUT, "a backslash at the end quotes nothing");
			bytes_char(word, *p);
		} else {
			bytes_char(word, *p);
		}
	}
	if (quote != '\0')
		return error_set(e, ERROR_INPUT, "a quote (%c) is not closed", quote);
	*at = p;
	return 1;
}

static int
exec_parse(struct address *a, const char *text, struct error *e)
{
	size_t n = 0;

	for (;;) {
		AUTO_BYTES word = { 0 };
		int got = word_next(&text, &word, e);

		if (got < 0)
			return error_before(e, "%s: ", a->text);
		a->argv = xrealloc(a->argv, n + 2, sizeof(char *));
		a->argv[n] = got > 0 ? bytes_give(&word) : NULL;
		if (got == 0)
			break;
		a->argv[++n] = NULL;
	}
	if (n == 0)
		return error_set(e, ERROR_INPUT, "%s: expected a command", a->text);
	return 0;
}

static int
path_parse(struct address *a, const char *path, struct error *e)
{
	size_t room = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;

	if (*path == '\0')
		return error_set(e, ERROR_INPUT, "%s: expected %s", a->text,
		    a->kind == ADDRESS_INPROC ? "a name" : "a path");
	if (a->kind == ADDRESS_UNIX && strlen(path) > room)
		return error_set(e, ERROR_LIMIT,
		    "%s: the path of a socket may have %zu bytes, this one has %zu", path, room,
		    strlen(path));
	a->path = xstrdup(path);
	return 0;
}

/* A URL goes into argument lists and messages: no secret may stand in it. */
static int
url_check(const struct address *a, const char *rest, struct error *e)
{
	size_t host = strcspn(rest, "/");

	for (const char *p = rest; *p != '\0'; p++) {
		if ((unsigned char)*p <= ' ' || *p == 127)
			return error_set(e, ERROR_INPUT, "a URL has no blanks and no control characters");
	}
	if (host > 0 && memchr(rest, '@', host) != NULL)
		return error_set(e, ERROR_INPUT, "%.*s…: a URL of a server has no name and password in it: "
		    "'mci login URL' takes a token, or MCI_TOKEN has it",
		    (int)(strstr(a->text, "//") - a->text) + 2, a->text);
	if (host == 0 || strpbrk(rest, "?#") != NULL)
		return error_set(e, ERROR_INPUT, "%s: expected http://HOST[:PORT][/PATH]", a->text);
	return 0;
}

static int
rest_parse(struct address *a, const char *rest, struct error *e)
{
	int64_t fd;

	switch (a->kind) {
	case ADDRESS_FD:
		if (number_parse(rest, strlen(rest), 0, 1 << 20, &fd, e) < 0)
			return error_before(e, "%s: expected the number of a descriptor: ", a->text);
		a->fd = (int)fd;
		return 0;
	case ADDRESS_EXEC:
		return exec_parse(a, rest, e);
	case ADDRESS_FIFO:
	case ADDRESS_UNIX:
	case ADDRESS_INPROC:
		return path_parse(a, rest, e);
	case ADDRESS_HTTP:
		return url_check(a, rest, e);
	case ADDRESS_STDIO:
	case ADDRESS_TCP:
		break;
	}
	return 0;
}

/* HOST:PORT, [IPV6]:PORT: 1, 0 when it does not look like one, -1. */
static int
tcp_parse(struct address *a, const char *text, struct error *e)
{
	const char *colon = strrchr(text, ':');
	size_t host = colon == NULL ? 0 : (size_t)(colon - text);
	bool brackets = host > 2 && text[0] == '[' && text[host - 1] == ']';
	int64_t port;

	if (host == 0 || colon[1] == '\0' || colon[1 + strspn(colon + 1, "0123456789")] != '\0' ||
	    strcspn(text, "/ ") < strlen(text) || (!brackets && memchr(text, ':', host) != NULL))
		return 0;
	if (number_parse(colon + 1, strlen(colon + 1), 0, 65535, &port, e) < 0)
		return error_before(e, "%s: expected the number of a port: ", a->text);
	a->kind = ADDRESS_TCP;
	a->path = xmemdup(text + brackets, host - 2 * brackets);
	a->port = (int)port;
	return 1;
}

static int
form_parse(struct address *a, const char *text, struct error *e)
{
	int got;

	if (strcmp(text, "-") == 0)
		return 0;
	if (text[0] == '/' || text[0] == '.') {
		a->kind = ADDRESS_UNIX;
		return rest_parse(a, text, e);
	}
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t n = strlen(forms[i].prefix);

		if (strncmp(text, forms[i].prefix, n) == 0) {
			a->kind = forms[i].kind;
			return rest_parse(a, text + n, e);
		}
	}
	got = tcp_parse(a, text, e);
	if (got != 0)
		return got < 0 ? -1 : 0;
	return error_set(e, ERROR_INPUT, "%s: no address: expected -, fd:N, fifo:PATH, unix:PATH, "
	    "/PATH, ./PATH, exec:COMMAND, inproc:NAME, HOST:PORT, http://HOST or https://HOST", text);
}

int
address_parse(struct address *a, const char *text, struct error *e)
{
	*a = (struct address){ .kind = ADDRESS_STDIO, .text = xstrdup(text), .fd = -1 };
	if (form_parse(a, text, e) == 0)
		return 0;
	address_free(a);
	return -1;
}

void
address_free(struct address *a)
{
	free(a->text);
	free(a->path);
	for (char **word = a->argv; word != NULL && *word != NULL; word++)
		free(*word);
	free(a->argv);
	*a = (struct address){ .fd = -1 };
}

bool
address_is_far(const char *text)
{
	struct address a;
	bool far;

	if (address_parse(&a, text, NULL) < 0)
		return false;
	far = a.kind == ADDRESS_HTTP || a.kind == ADDRESS_TCP;
	address_free(&a);
	return far;
}

char *
address_elsewhere(const char *text, struct error *e)
{
	AUTO_FREE char *cwd = getcwd(NULL, 0);
	AUTO_FREE char *absolute = NULL;
	struct address a, moved;
	char *result = NULL;

	if (address_parse(&a, text, e) < 0)
		return NULL;
	if ((a.kind == ADDRESS_UNIX || a.kind == ADDRESS_FIFO) && a.path[0] != '/' && cwd != NULL) {
		absolute = xformat("%s%s/%s", a.kind == ADDRESS_FIFO ? "fifo:" : "unix:", cwd, a.path);
		result = xstrdup(address_parse(&moved, absolute, NULL) == 0 ? absolute : "");
		address_free(&moved);
	} else {
		result = xstrdup(a.kind == ADDRESS_STDIO || a.kind == ADDRESS_FD ? "" : text);
	}
	address_free(&a);
	return result;
}

char *
address_store_elsewhere(const char *text, struct error *e)
{
	static const char file[] = "file:";
	const char *dir = text + sizeof(file) - 1;
	AUTO_FREE char *cwd = NULL;

	if (strncmp(text, "s3://", 5) == 0)
		return xstrdup(text);
	if (strncmp(text, file, sizeof(file) - 1) != 0)
		return address_elsewhere(text, e);
	if (*dir == '\0') {
		error_set(e, ERROR_USAGE, "'%s': expected file:DIR", text);
		return NULL;
	}
	if (*dir == '/')
		return xstrdup(text);
	cwd = getcwd(NULL, 0);
	if (cwd == NULL) {
		error_sys(e, "the current folder");
		return NULL;
	}
	return xformat("%s%s/%s", file, cwd, dir);
}

int
address_directions(int fd, int *in, int *out, struct error *e)
{
	int mode = fcntl(fd, F_GETFL);

	if (mode < 0)
		return error_sys(e, "descriptor %d", fd);
	*in = (mode & O_ACCMODE) == O_WRONLY ? -1 : fd;
	*out = (mode & O_ACCMODE) == O_RDONLY ? -1 : fd;
	return 0;
}

int
address_own(int fd, int flags)
{
	int got = kernel_own(fd, flags);

	return got >= 0 ? got : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

static bool
same_socket(int a, int b)
{
	struct stat one, two;

	return fstat(a, &one) == 0 && fstat(b, &two) == 0 && S_ISSOCK(one.st_mode) &&
	    one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}

int
address_stdio(int *in, int *out, struct error *e)
{
	AUTO_CLOSE int null = kernel.open(AT_FDCWD, "/dev/null", O_RDWR, 0);

	if (null < 0)
		return error_sys(e, "/dev/null");
	*in = address_own(0, O_RDONLY);
	*out = same_socket(0, 1) ? *in : address_own(1, O_WRONLY);
	if (*in < 0 || *out < 0)
		return error_sys(e, "standard input and output");
	dup2(null, 0);
	dup2(null, 1);
	return 0;
}
