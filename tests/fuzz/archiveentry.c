/* Lines of entries: what one says is read back the same, and what the guard lets through stays in its tree. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/mci-blob-archive/entry.h"
#include "cmd/mci-blob-archive/guard.h"
#include "line.h"
#include "memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
check_again(const struct entry *x)
{
	AUTO_BYTES line = { 0 }, twice = { 0 };
	struct entry_piece piece;
	struct entry again = { 0 };
	struct error e;

	entry_write(&line, x);
	if (entry_read(&again, &piece, (struct span){ line.data, line.len - 1 }, &e) != ENTRY_ENTRY)
		abort();
	entry_write(&twice, &again);
	if (line.len != twice.len || memcmp(line.data, twice.data, line.len) != 0)
		abort();
	entry_free(&again);
}

/* By hand, what guard_path promises. */
static void
check_path(const char *path)
{
	if (*path == '/' || *path == '\0' || path[strlen(path) - 1] == '/' || strstr(path, "//") != NULL)
		abort();
	for (const char *part = path; part != NULL; part = strchr(part, '/')) {
		part += *part == '/';
		if (strcspn(part, "/") <= 2 && strncmp(part, "..", strcspn(part, "/")) == 0)
			abort();
	}
}

static void
take(struct guard *g, struct entry *x)
{
	char *path;
	struct error e;

	if (guard_path(x->path, &path, &e) < 0 || path == NULL)
		return;
	check_path(path);
	free(x->path);
	x->path = path;
	if (guard_entry(g, x, &e) < 0)
		return;
	if (x->kind == ENTRY_SYMLINK && *x->target == '/')
		abort();
	if (x->kind == ENTRY_FILE && (x->mode & 06000) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct guard *g = guard_new(&(struct guard_bounds){ 1000000, 100, 10, false });
	struct line_reader r = { 0 };
	struct entry x = { 0 };
	struct entry_piece piece;
	struct span line;
	struct error e;

	line_add(&r, data, n);
	while (line_next(&r, &line) == LINE_OK) {
		if (entry_read(&x, &piece, line, &e) != ENTRY_ENTRY)
			continue;
		check_again(&x);
		take(g, &x);
	}
	entry_free(&x);
	line_free(&r);
	guard_free(g);
	return 0;
}
