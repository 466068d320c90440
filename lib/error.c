#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int
error_set(struct error *e, enum error_code code, const char *format, ...)
{
	va_list ap;

	if (e == NULL)
		return -1;
	e->code = code;
	e->sys = 0;
	va_start(ap, format);
	vsnprintf(e->text, sizeof(e->text), format, ap);
	va_end(ap);
	return -1;
}

int
error_sys(struct error *e, const char *format, ...)
{
	int sys = errno;
	va_list ap;
	size_t n;

	if (e == NULL)
		return -1;
	e->code = ERROR_SYSTEM;
	e->sys = sys;
	va_start(ap, format);
	vsnprintf(e->text, sizeof(e->text), format, ap);
	va_end(ap);
	n = strlen(e->text);
	snprintf(e->text + n, sizeof(e->text) - n, ": %s", strerror(sys));
	errno = sys;
	return -1;
}

int
error_before(struct error *e, const char *format, ...)
{
	char old[sizeof(e->text)];
	va_list ap;
	size_t n;

	if (e == NULL)
		return -1;
	memcpy(old, e->text, sizeof(old));
	va_start(ap, format);
	vsnprintf(e->text, sizeof(e->text), format, ap);
	va_end(ap);
	n = strlen(e->text);
	snprintf(e->text + n, sizeof(e->text) - n, "%s", old);
	return -1;
}

int
error_status(const struct error *e)
{
	switch (e->code) {
	case ERROR_NOT_FOUND:
	case ERROR_REFUSED:
	case ERROR_FENCED:
		return 1;
	case ERROR_INPUT:
	case ERROR_USAGE:
		return 2;
	case ERROR_BUSY:
	case ERROR_DISCONNECTED:
		return 75;
	default:
		return 125;
	}
}
