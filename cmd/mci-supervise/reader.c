#include "reader.h"

#include <stdarg.h>
#include <stdio.h>

int
reader_wrong(struct reader *r, size_t column, const char *format, ...)
{
	size_t line = r->line, from = 0;
	struct error e = { .code = ERROR_INPUT };
	va_list ap;

	for (size_t i = 0; i + 1 < column && i < r->raw.n; i++) {
		if (r->raw.p[i] == '\n') {
			line++;
			from = i + 1;
		}
	}
	va_start(ap, format);
	vsnprintf(e.text, sizeof(e.text), format, ap);
	va_end(ap);
	error_before(&e, "%s:%zu:%zu: ", r->place->name, line, column - from);
	r->wrong = true;
	r->complain(r->arg, &e);
	return -1;
}
