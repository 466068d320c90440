#include "handed.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "number.h"

static int64_t
variable(const char *name)
{
	const char *text = getenv(name);
	int64_t number;

	return text == NULL || number_parse(text, strlen(text), 0, INT32_MAX, &number, NULL) < 0 ?
	    0 :
	    number;
}

void
handed_take(struct handed *h)
{
	const char *names = getenv("LISTEN_FDNAMES");

	*h = (struct handed){ 0 };
	if (variable("LISTEN_PID") == getpid())
		h->n = (size_t)variable("LISTEN_FDS");
	if (h->n > 0 && names != NULL)
		h->names = xstrdup(names);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
}

char *
handed_name(const struct handed *h, size_t place)
{
	const char *at = h->names == NULL ? "" : h->names;

	for (; place > 0; place--) {
		at += strcspn(at, ":");
		at += *at == ':';
	}
	return xmemdup(at, strcspn(at, ":"));
}

void
handed_close(struct handed *h)
{
	free(h->names);
	*h = (struct handed){ 0 };
}
