#include "refname.h"

#include <string.h>

/* A part between slashes: rules 1, 3 and 7 of git-check-ref-format(1). */
static const char *
part_wrong(const char *part, size_t n)
{
	if (n == 0)
		return "a part of it is empty";
	if (part[0] == '.')
		return "a part of it begins with a dot";
	if (n >= 5 && memcmp(part + n - 5, ".lock", 5) == 0)
		return "a part of it ends in .lock";
	return part[n - 1] == '.' ? "a part of it ends with a dot" : NULL;
}

/* Rules 4, 5, 8 and 10. */
static const char *
bytes_wrong(const char *name)
{
	if (strpbrk(name, " ~^:?*[\\\177") != NULL)
		return "it holds a byte that names of refs may not";
	for (const char *p = name; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ')
			return "it holds a control character";
	}
	if (strstr(name, "..") != NULL)
		return "it holds two dots";
	return strstr(name, "@{") != NULL ? "it holds @{" : NULL;
}

static const char *
wrong(const char *name)
{
	const char *why = bytes_wrong(name);

	if (strlen(name) > REFNAME_LIMIT)
		return "it is too long";
	if (strncmp(name, "refs/", 5) != 0)
		return "a whole name begins with refs/";
	for (const char *part = name; why == NULL; part++) {
		size_t n = strcspn(part, "/");

		why = part_wrong(part, n);
		part += n;
		if (*part == '\0')
			break;
	}
	return why;
}

int
refname_check(const char *name, struct error *e)
{
	const char *why = wrong(name);

	/* what is wrong with it may be what it does to whoever sees it */
	return why == NULL ? 0 : error_set(e, ERROR_INPUT, "ref: no name of a ref: %s", why);
}

const char *
refname_below(const char *name, const char *folder)
{
	size_t n = strlen(folder);

	return strncmp(name, folder, n) == 0 ? name + n : NULL;
}

bool
refname_is_object(const char *text)
{
	size_t n = strlen(text);

	return (n == 40 || n == 64) && strspn(text, "0123456789abcdef") == n;
}

bool
refname_is_nothing(const char *text)
{
	return refname_is_object(text) && strspn(text, "0") == strlen(text);
}
