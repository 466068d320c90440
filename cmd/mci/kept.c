#include "kept.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "children.h"
#include "line.h"
#include "memory.h"
#include "message.h"
#include "process.h"
#include "scan.h"

/* A member's text; the caller frees, NULL when there is none. */
static char *
text_of(struct span object, const char *key)
{
	struct scan_value v;
	struct bytes text = { 0 };

	if (message_member(object.p, object.n, key, &v, NULL) <= 0 || v.type != SCAN_STRING ||
	    scan_text(&v, &text, NULL) < 0) {
		bytes_free(&text);
		return NULL;
	}
	return bytes_give(&text);
}

static bool
is_stranger(struct span object)
{
	AUTO_FREE char *scope = text_of(object, "scope"), *trust = text_of(object, "trust");

	return (scope != NULL && strcmp(scope, "stranger") == 0) ||
	    (trust != NULL && strcmp(trust, "stranger") == 0);
}

static int
kept_add(struct kept_list *l, struct span object, const char *beginning, struct error *e)
{
	AUTO_FREE char *name = text_of(object, "name");
	char *created = text_of(object, "created");
	size_t n = strlen(beginning);

	/* a server says when it was saved */
	if (created == NULL)
		created = text_of(object, "saved");
	if (name == NULL || strncmp(name, beginning, n) != 0) {
		free(created);
		return name != NULL ? 0 :
		    error_set(e, ERROR_INPUT, "mci-blob: a name is missing in what it says");
	}
	l->list = xrealloc(l->list, l->n + 1, sizeof(*l->list));
	l->list[l->n++] = (struct kept){ xstrdup(name + n), xstrdup(name), text_of(object, "digest"),
		message_integer(object, "bytes", 0), message_integer(object, "files", 0), created,
		is_stranger(object) };
	bytes_add(&l->json, object.p, object.n);
	bytes_char(&l->json, '\n');
	return 0;
}

int
kept_read(struct kept_list *l, struct span array, const char *beginning, struct error *e)
{
	struct scan s;
	struct scan_member m;
	int got;

	if (scan_open(&s, array.p, array.n, e) < 0)
		return -1;
	while ((got = scan_next(&s, &m, e)) > 0) {
		if (kept_add(l, m.value.raw, beginning, e) < 0)
			return -1;
	}
	return got;
}

static int
lines_read(struct kept_list *l, int fd, const char *beginning, struct error *e)
{
	struct line_reader r = { 0 };
	struct span line;
	int result = 0;

	while (result == 0 && line_wait(&r, fd) > 0) {
		while (result == 0 && line_next(&r, &line) == LINE_OK)
			result = kept_add(l, line, beginning, e);
	}
	line_free(&r);
	return result;
}

int
kept_ask(struct kept_list *l, const char *address, const char *beginning, struct error *e)
{
	AUTO_FREE char *path = process_kit("mci-blob");
	const char *argv[8] = { "mci-blob", "ls", "--json" };
	size_t n = 3;
	struct process_spec p = { .path = path, .in = -1, .err = STDERR_FILENO };
	struct child *c;
	int ends[2], result, status;

	if (address != NULL) {
		argv[n++] = "--blob";
		argv[n++] = address;
	}
	argv[n++] = "--";
	argv[n++] = beginning;
	p.argv = (char *const *)(uintptr_t)argv;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_sys(e, "pipe");
	p.out = ends[1];
	c = child_start(NULL, &p, NULL, NULL, e);
	close(ends[1]);
	if (c == NULL) {
		close(ends[0]);
		return -1;
	}
	result = lines_read(l, ends[0], beginning, e);
	close(ends[0]);
	status = child_wait(c);
	/* it has said why; nothing of that name is no failure */
	if (result == 0 && !(WIFEXITED(status) && WEXITSTATUS(status) <= 1))
		return error_set(e, ERROR_SYSTEM, "the store could not be asked");
	return result;
}

void
kept_free(struct kept_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->list[i].name);
		free(l->list[i].whole);
		free(l->list[i].digest);
		free(l->list[i].created);
	}
	free(l->list);
	bytes_free(&l->json);
	*l = (struct kept_list){ 0 };
}
