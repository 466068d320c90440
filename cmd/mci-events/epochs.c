#include "epochs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emit.h"
#include "kernel.h"
#include "line.h"
#include "memory.h"
#include "message.h"
#include "names.h"

#define FILE_NAME "epochs"

static void
add(struct epochs *x, uint64_t number, uint64_t first)
{
	x->list = xrealloc(x->list, x->n + 1, sizeof(*x->list));
	x->list[x->n++] = (struct epoch){ number, first };
}

static int
take_line(struct epochs *x, struct span line, struct error *e)
{
	int64_t number, first;

	if (message_whole(line, "epoch", 1, &number, e) < 0 ||
	    message_whole(line, "first", 1, &first, e) < 0)
		return -1;
	add(x, (uint64_t)number, (uint64_t)first);
	return 0;
}

int
epochs_read(struct epochs *x, int dir, struct error *e)
{
	AUTO_CLOSE int fd = kernel_open_file(dir, FILE_NAME);
	struct line_reader r = { 0 };
	struct span line;
	int result = 0;

	*x = (struct epochs){ 0 };
	if (fd < 0)
		return errno == ENOENT ? 0 : error_sys(e, "open %s", FILE_NAME);
	while (result == 0 && line_read(&r, fd) > 0) {
		while (result == 0 && line_next(&r, &line) == LINE_OK)
			result = take_line(x, line, e);
	}
	if (result < 0)
		error_before(e, "%s:%llu: ", FILE_NAME, (unsigned long long)r.number);
	line_free(&r);
	return result;
}

static void
write_line(struct bytes *b, const struct epoch *one)
{
	emit_open(b);
	emit_integer(b, "epoch", (int64_t)one->number);
	emit_integer(b, "first", (int64_t)one->first);
}

void
epochs_begin(struct epochs *x, uint64_t first, int64_t cut)
{
	add(x, epochs_now(x) + 1, first);
	x->cut = cut;
}

int
epochs_write(const struct epochs *x, int dir, struct error *e)
{
	AUTO_BYTES text = { 0 };
	size_t from = x->n > EPOCHS_KEPT ? x->n - EPOCHS_KEPT : 0;

	for (size_t i = from; i < x->n; i++) {
		write_line(&text, &x->list[i]);
		if (i == x->n - 1) {
			emit_time(&text, "time", kernel.wall());
			emit_integer(&text, "cut", x->cut);
		}
		emit_line(&text);
	}
	return names_write(dir, FILE_NAME, text.data, text.len, e);
}

uint64_t
epochs_now(const struct epochs *x)
{
	return x->n == 0 ? 0 : x->list[x->n - 1].number;
}

uint64_t
epochs_valid_to(const struct epochs *x, uint64_t number)
{
	uint64_t to = UINT64_MAX;

	for (size_t i = x->n; i > 0 && x->list[i - 1].number > number; i--) {
		if (x->list[i - 1].first < to)
			to = x->list[i - 1].first;
	}
	return to;
}

uint64_t
epochs_clamp(const struct epochs *x, uint64_t number, uint64_t offset)
{
	uint64_t to = epochs_valid_to(x, number);

	return offset < to ? offset : to - 1;
}

void
epochs_free(struct epochs *x)
{
	free(x->list);
	*x = (struct epochs){ 0 };
}
