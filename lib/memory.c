#include "memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *
checked(void *p)
{
	static const char text[] = "mci: out of memory\n";

	if (p == NULL) {
		ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);
		(void)ignored;
		_exit(125);
	}
	return p;
}

void *
xmalloc(size_t n)
{
	return checked(calloc(1, n == 0 ? 1 : n));
}

void *
xrealloc(void *old, size_t count, size_t size)
{
	size_t n;

	if (__builtin_mul_overflow(count, size, &n))
		return checked(NULL);
	return checked(realloc(old, n == 0 ? 1 : n));
}

char *
xstrdup(const char *text)
{
	return checked(strdup(text));
}

char *
xmemdup(const void *bytes, size_t n)
{
	char *copy = checked(malloc(n + 1));

	if (n > 0)
		memcpy(copy, bytes, n);
	copy[n] = '\0';
	return copy;
}

char *
xformat(const char *format, ...)
{
	va_list ap;
	char *text = NULL;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		text = NULL;
	va_end(ap);
	return checked(text);
}

void
memory_free(void *pointer_to_pointer)
{
	free(*(void **)pointer_to_pointer);
}

void
memory_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}
