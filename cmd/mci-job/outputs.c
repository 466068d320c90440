#include "outputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emit.h"
#include "kernel.h"
#include "memory.h"
#include "names.h"
#include "spec.h"
#include "textfile.h"

struct output {
	struct span name, value;
};

/* By name; of the same name the later line (further on in the text) comes last. */
static int
compare(const void *left, const void *right)
{
	const struct output *a = left, *b = right;
	size_t n = a->name.n < b->name.n ? a->name.n : b->name.n;
	int order = memcmp(a->name.p, b->name.p, n);

	if (order == 0 && a->name.n != b->name.n)
		order = a->name.n < b->name.n ? -1 : 1;
	return order != 0 ? order : a->name.p < b->name.p ? -1 : 1;
}

static bool
same_name(const struct output *a, const struct output *b)
{
	return a->name.n == b->name.n && memcmp(a->name.p, b->name.p, a->name.n) == 0;
}

/* The value behind NAME<<WORD: the lines up to one that is WORD, as they are, without the last one's end. */
static int
block_read(struct textfile_lines *lines, struct span word, struct output *o, struct error *e)
{
	size_t number = lines->number;
	const char *from = lines->rest.p;
	struct span line;

	while (textfile_line(lines, &line)) {
		if (line.n != word.n || memcmp(line.p, word.p, word.n) != 0)
			continue;
		o->value = (struct span){ from, line.p == from ? 0 : (size_t)(line.p - 1 - from) };
		return 0;
	}
	word.n = word.n > 64 ? 64 : word.n;
	return error_set(e, ERROR_INPUT, "MCI_OUTPUT line %zu: %.*s<<%.*s: no line behind it is '%.*s'",
	    number, (int)o->name.n, o->name.p, (int)word.n, word.p, (int)word.n, word.p);
}

/* NAME=VALUE or NAME<<WORD, with which more lines are taken. */
static int
pair_read(struct textfile_lines *lines, struct span line, struct output *o, struct error *e)
{
	const char *equals = memchr(line.p, '=', line.n);
	const char *block = memmem(line.p, line.n, "<<", 2), *end = line.p + line.n;
	bool is_block = block != NULL && (equals == NULL || block < equals) && end > block + 2;
	const char *behind = is_block ? block : equals;
	size_t number = lines->number;

	if (behind == NULL || !value_name_ok(line.p, (size_t)(behind - line.p)))
		return error_set(e, ERROR_INPUT,
		    "MCI_OUTPUT line %zu: expected NAME=VALUE or NAME<<WORD, found '%.*s'", number,
		    (int)(line.n > 64 ? 64 : line.n), line.p);
	o->name = (struct span){ line.p, (size_t)(behind - line.p) };
	if (!is_block)
		o->value = (struct span){ equals + 1, (size_t)(end - equals - 1) };
	else if (block_read(lines, (struct span){ block + 2, (size_t)(end - block - 2) }, o, e) < 0)
		return -1;
	if (o->value.n > 0 && memchr(o->value.p, '\0', o->value.n) != NULL)
		return error_set(e, ERROR_INPUT, "MCI_OUTPUT line %zu: %.*s: a value may not hold a NUL "
		    "byte", number, (int)o->name.n, o->name.p);
	return 0;
}

/* Every line but empty ones; outputs has room for one a line. What is wrong with the first bad line is
 * told, and the others stay. */
static int
lines_read(struct span text, struct output *outputs, size_t *n, struct error *e)
{
	struct textfile_lines lines = { .rest = text };
	struct span line;
	int result = 0;

	while (textfile_line(&lines, &line)) {
		if (line.n == 0)
			continue;
		if (pair_read(&lines, line, &outputs[*n], result < 0 ? NULL : e) == 0)
			(*n)++;
		else
			result = -1;
	}
	return result;
}

static int
parse(struct span text, struct bytes *json, struct error *e)
{
	/* a pair takes at least two bytes and its newline; the last one may lack that */
	AUTO_FREE struct output *outputs = xmalloc((text.n / 2 + 1) * sizeof(*outputs));
	size_t n = 0;
	int result = lines_read(text, outputs, &n, e);

	if (n == 0)
		return result;
	qsort(outputs, n, sizeof(*outputs), compare);
	emit_open(json);
	for (size_t i = 0; i < n; i++) {
		if (i + 1 < n && same_name(&outputs[i], &outputs[i + 1]))
			continue;
		bytes_text(json, i > 0 && json->data[json->len - 1] != '{' ? ",\"" : "\"");
		bytes_add(json, outputs[i].name.p, outputs[i].name.n);
		bytes_text(json, "\":");
		emit_string(json, outputs[i].value.p, outputs[i].value.n);
	}
	bytes_char(json, '}');
	return result < 0 ? -1 : 1;
}

static int
read_all(int fd, struct bytes *text, struct error *e)
{
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return error_sys(e, "MCI_OUTPUT");
	if (!S_ISREG(st.st_mode))
		return error_set(e, ERROR_INPUT, "MCI_OUTPUT: the job made something that is no file");
	if (st.st_size > OUTPUTS_LIMIT)
		return error_set(e, ERROR_LIMIT, "MCI_OUTPUT: %lld bytes; the limit is %d",
		    (long long)st.st_size, OUTPUTS_LIMIT);
	while ((n = kernel.read(fd, bytes_reserve(text, 4096), 4096)) > 0) {
		text->len += (size_t)n;
		if (text->len > OUTPUTS_LIMIT)
			return error_set(e, ERROR_LIMIT, "MCI_OUTPUT: more than %d bytes", OUTPUTS_LIMIT);
	}
	return n < 0 ? error_sys(e, "MCI_OUTPUT") : 0;
}

int
outputs_take(const char *path, struct mask *mask, struct bytes *json, struct error *e)
{
	AUTO_BYTES text = { 0 };
	AUTO_BYTES masked = { 0 };
	/* a FIFO left there must not hold us up */
	AUTO_CLOSE int fd = kernel.open(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return error_sys(e, "MCI_OUTPUT");
	(void)names_remove(AT_FDCWD, path, NULL);
	if (read_all(fd, &text, e) < 0)
		return -1;
	mask_text(mask, &masked, text.data, text.len);
	return parse((struct span){ masked.data, masked.len }, json, e);
}
