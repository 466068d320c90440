#include "profile.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "textfile.h"

static const struct {
	const char *parent, *key; /* parent: of an indented line, else NULL */
	size_t offset;
} keys[] = {
	{ NULL, "aws_access_key_id", offsetof(struct profile, id) },
	{ NULL, "aws_secret_access_key", offsetof(struct profile, secret) },
	{ NULL, "aws_session_token", offsetof(struct profile, token) },
	{ NULL, "region", offsetof(struct profile, region) },
	{ NULL, "endpoint_url", offsetof(struct profile, endpoint) },
	{ "s3", "endpoint_url", offsetof(struct profile, s3_endpoint) },
	{ NULL, "services", offsetof(struct profile, services) },
	{ NULL, "ca_bundle", offsetof(struct profile, ca) },
	{ NULL, "max_attempts", offsetof(struct profile, attempts) },
};

struct reading {
	struct profile *profile;
	const char *wanted; /* the name of a section */
	bool inside;
	char parent[32]; /* the key that indented lines are below; "" for none */
};

static struct span
trim(struct span s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t')) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

static int
header(struct reading *r, struct span line, struct error *e)
{
	const char *close = memchr(line.p, ']', line.n);
	AUTO_BYTES words = { 0 };
	bool gap = false;

	r->parent[0] = '\0';
	if (close == NULL)
		return error_set(e, ERROR_INPUT, "a section without its ']'");
	for (const char *p = line.p + 1; p < close; p++) {
		if (*p == ' ' || *p == '\t') {
			gap = words.len > 0;
			continue;
		}
		if (gap)
			bytes_char(&words, ' ');
		gap = false;
		bytes_char(&words, *p);
	}
	r->inside = strcmp(bytes_string(&words), r->wanted) == 0;
	r->profile->found = r->profile->found || r->inside;
	return 0;
}

static void
set(struct reading *r, const char *parent, struct span key, struct span value)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		char **field = (char **)((char *)r->profile + keys[i].offset);

		if ((keys[i].parent == NULL) != (parent == NULL) || !span_is(key, keys[i].key) ||
		    (parent != NULL && strcmp(parent, keys[i].parent) != 0))
			continue;
		if (*field == NULL && value.n > 0 && memchr(value.p, '\0', value.n) == NULL)
			*field = xmemdup(value.p, value.n);
	}
}

static int
pair(struct reading *r, struct span line, bool indented, struct error *e)
{
	const char *equals = memchr(line.p, '=', line.n);
	struct span key, value;

	if (equals == NULL && indented)
		return 0; /* the rest of a value, of which none is ours */
	if (equals == NULL)
		return error_set(e, ERROR_INPUT, "expected KEY = VALUE");
	key = trim((struct span){ line.p, (size_t)(equals - line.p) });
	value = trim((struct span){ equals + 1, line.n - (size_t)(equals + 1 - line.p) });
	if (!indented) {
		size_t n = value.n == 0 && key.n < sizeof(r->parent) ? key.n : 0;

		memcpy(r->parent, key.p, n);
		r->parent[n] = '\0';
	}
	if (r->inside)
		set(r, indented ? r->parent : NULL, key, value);
	return 0;
}

static int
read_section(struct profile *p, const char *wanted, struct span text, const char *name, struct error *e)
{
	struct reading r = { .profile = p, .wanted = wanted };
	struct textfile_lines lines = { .rest = text };
	struct span line;

	while (textfile_line(&lines, &line)) {
		bool indented = line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t');
		int done;

		line = trim(line);
		if (line.n == 0 || line.p[0] == '#' || line.p[0] == ';')
			continue;
		done = line.p[0] == '[' ? header(&r, line, e) : pair(&r, line, indented, e);
		if (done < 0)
			return error_before(e, "%s:%zu: ", name, lines.number);
	}
	return 0;
}

int
profile_read(struct profile *p, const char *profile, struct span text, bool config, const char *name,
    struct error *e)
{
	AUTO_FREE char *section =
	    config && strcmp(profile, "default") != 0 ? xformat("profile %s", profile) : xstrdup(profile);
	struct profile services = { 0 };
	int done = read_section(p, section, text, name, e);

	/* what it says of s3 itself would be below another key: only a section of services has it */
	if (done == 0 && config && p->services != NULL && p->s3_endpoint == NULL) {
		AUTO_FREE char *named = xformat("services %s", p->services);

		done = read_section(&services, named, text, name, e);
		p->s3_endpoint = services.s3_endpoint;
		services.s3_endpoint = NULL;
	}
	profile_free(&services);
	return done;
}

void
profile_free(struct profile *p)
{
	if (p->secret != NULL)
		explicit_bzero(p->secret, strlen(p->secret));
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		free(*(char **)((char *)p + keys[i].offset));
	*p = (struct profile){ 0 };
}
