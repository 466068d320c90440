#include "login.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "address.h"
#include "config.h"
#include "emit.h"
#include "folder.h"
#include "kernel.h"
#include "memory.h"
#include "names.h"
#include "scan.h"
#include "textfile.h"

/* Beside the user's configuration. */
static char *
file_path(struct error *e)
{
	AUTO_FREE char *conf = config_user_file();

	if (conf == NULL) {
		error_set(e, ERROR_USAGE, "neither XDG_CONFIG_HOME nor HOME says where logins are kept");
		return NULL;
	}
	return xformat("%.*s/login", (int)(strrchr(conf, '/') - conf), conf);
}

/* ---- the file */

static int
member_take(struct login *one, const struct scan_member *m, struct error *e)
{
	const struct { const char *key; char **into; } texts[] = {
		{ "url", &one->url }, { "name", &one->name }, { "token", &one->token },
	};

	if (span_is(m->key, "current"))
		one->current = m->value.type == SCAN_TRUE;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		AUTO_BYTES text = { 0 };

		if (!span_is(m->key, texts[i].key))
			continue;
		if (m->value.type != SCAN_STRING || scan_text(&m->value, &text, e) < 0)
			return error_set(e, ERROR_INPUT, "%s: expected a string", texts[i].key);
		free(*texts[i].into);
		*texts[i].into = bytes_give(&text);
	}
	return 0;
}

static void
login_free(struct login *one)
{
	free(one->url);
	free(one->name);
	free(one->token);
}

static int
line_take(struct logins *l, struct span line, struct error *e)
{
	struct login one = { 0 };
	struct scan s;
	struct scan_member m;
	int got;

	if (scan_open(&s, line.p, line.n, e) < 0)
		return -1;
	while ((got = scan_next(&s, &m, e)) > 0) {
		if ((got = member_take(&one, &m, e)) < 0)
			break;
	}
	if (got == 0 && (one.url == NULL || one.name == NULL || one.token == NULL))
		got = error_set(e, ERROR_INPUT, "expected url, name and token");
	if (got < 0) {
		login_free(&one);
		return -1;
	}
	l->items = xrealloc(l->items, l->n + 1, sizeof(one));
	l->items[l->n++] = one;
	return 0;
}

static int
lines_take(struct logins *l, const char *path, struct span text, struct error *e)
{
	struct textfile_lines lines = { .rest = text };
	struct span line;

	while (textfile_line(&lines, &line)) {
		if (line.n > 0 && line_take(l, line, e) < 0)
			return error_before(e, "%s:%zu: ", path, lines.number);
	}
	return 0;
}

int
logins_read(struct logins *l, struct error *e)
{
	AUTO_FREE char *path = file_path(e);
	AUTO_BYTES text = { 0 };
	struct stat st;

	*l = (struct logins){ 0 };
	if (path == NULL)
		return -1;
	if (stat(path, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : error_sys(e, "%s", path);
	if ((st.st_mode & 077) != 0)
		return error_set(e, ERROR_REFUSED, "%s: others can read the tokens in it: chmod 600", path);
	if (textfile_read(&text, path, LOGIN_FILE, e) < 0)
		return -1;
	if (lines_take(l, path, (struct span){ text.data, text.len }, e) == 0)
		return 0;
	logins_free(l);
	return -1;
}

int
logins_write(const struct logins *l, struct error *e)
{
	AUTO_FREE char *path = file_path(e);
	AUTO_FREE char *folder = path == NULL ? NULL : xmemdup(path, (size_t)(strrchr(path, '/') - path));
	AUTO_BYTES text = { 0 };
	AUTO_CLOSE int dir = -1;

	if (path == NULL || folder_make(folder, e) < 0)
		return -1;
	dir = kernel.open(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY, 0);
	if (dir < 0)
		return error_sys(e, "%s", folder);
	for (size_t i = 0; i < l->n; i++) {
		emit_open(&text);
		emit_text(&text, "url", l->items[i].url);
		emit_text(&text, "name", l->items[i].name);
		emit_text(&text, "token", l->items[i].token);
		if (l->items[i].current)
			emit_bool(&text, "current", true);
		emit_line(&text);
	}
	return names_write(dir, strrchr(path, '/') + 1, text.data, text.len, e) < 0 ?
	    error_before(e, "%s: ", path) : 0;
}

/* ---- the list */

struct login *
logins_find(const struct logins *l, const char *text)
{
	for (size_t i = 0; i < l->n; i++) {
		if (strcmp(l->items[i].url, text) == 0 || strcmp(l->items[i].name, text) == 0)
			return &l->items[i];
	}
	return NULL;
}

/* "https://ci.example/mci" is ci.example */
static char *
host_of(const char *url)
{
	const char *host = strstr(url, "//") + 2;

	return xmemdup(host, strcspn(host, "/"));
}

void
logins_add(struct logins *l, const char *url, const char *name, const char *token)
{
	struct login *one = NULL;

	for (size_t i = 0; i < l->n; i++) {
		l->items[i].current = false;
		if (strcmp(l->items[i].url, url) == 0)
			one = &l->items[i];
	}
	if (one == NULL) {
		l->items = xrealloc(l->items, l->n + 1, sizeof(*one));
		one = &l->items[l->n++];
		*one = (struct login){ .url = xstrdup(url), .name = host_of(url) };
	}
	if (name != NULL) {
		free(one->name);
		one->name = xstrdup(name);
	}
	free(one->token);
	one->token = xstrdup(token);
	one->current = true;
}

void
logins_remove(struct logins *l, struct login *one)
{
	size_t at = (size_t)(one - l->items);

	login_free(one);
	memmove(one, one + 1, (l->n - at - 1) * sizeof(*one));
	l->n--;
}

void
logins_free(struct logins *l)
{
	for (size_t i = 0; i < l->n; i++)
		login_free(&l->items[i]);
	free(l->items);
	*l = (struct logins){ 0 };
}

/* ---- one server */

char *
login_url(const char *text, struct error *e)
{
	bool schemed = strstr(text, "://") != NULL;
	AUTO_FREE char *url = schemed ? xstrdup(text) : xformat("http://%s", text);
	struct address a;
	size_t n = strlen(url);
	bool http;

	if (address_parse(&a, url, e) < 0)
		return NULL;
	http = a.kind == ADDRESS_HTTP;
	address_free(&a);
	if (!http) {
		error_set(e, ERROR_INPUT, "%s: expected http://HOST[:PORT][/PATH] or https://…", text);
		return NULL;
	}
	while (url[n - 1] == '/')
		n--;
	return xmemdup(url, n);
}

int
login_token_check(const char *text, struct error *e)
{
	size_t n = strlen(text);

	if (n == 0 || n > LOGIN_TOKEN)
		return error_set(e, ERROR_INPUT, "a token has 1 to %d bytes", LOGIN_TOKEN);
	for (size_t i = 0; i < n; i++) {
		if (text[i] <= ' ' || text[i] > '~')
			return error_set(e, ERROR_INPUT,
			    "a token is visible ASCII: byte %zu of this one is not", i + 1);
	}
	return 0;
}

int
login_token(struct bytes *into, const char *url, struct error *e)
{
	const char *given = getenv("MCI_TOKEN");
	struct logins all;
	const struct login *one;

	if (given != NULL && *given != '\0') {
		if (login_token_check(given, e) < 0)
			return error_before(e, "MCI_TOKEN: ");
		bytes_text(into, given);
		return 1;
	}
	/* who has no place for logins has none */
	if (logins_read(&all, e) < 0)
		return e != NULL && e->code == ERROR_USAGE ? 0 : -1;
	one = logins_find(&all, url);
	if (one != NULL)
		bytes_text(into, one->token);
	logins_free(&all);
	return one != NULL;
}

int
login_current(char **url, struct error *e)
{
	struct logins all;

	*url = NULL;
	if (logins_read(&all, e) < 0)
		return e != NULL && e->code == ERROR_USAGE ? 0 : -1;
	for (size_t i = 0; i < all.n && *url == NULL; i++) {
		if (all.items[i].current)
			*url = xstrdup(all.items[i].url);
	}
	logins_free(&all);
	return 0;
}
