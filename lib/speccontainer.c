#include "speccontainer.h"

#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "emit.h"
#include "memory.h"
#include "specid.h"

#define PORTS 100    /* of one job or service */
#define MOUNTS 100   /* of one job */
#define SERVICES 20  /* the same */

/* A member of an object, as it is read into a struct and written again. */
struct member {
	const char *name;
	const struct value_type *type;
	size_t offset, count; /* count: of the number beside it, or 0 */
};

static size_t *
count_of(const struct member *m, void *object)
{
	return m->count == 0 ? NULL : (size_t *)(void *)((char *)object + m->count);
}

static void *
field_of(const struct member *m, void *object)
{
	return (char *)object + m->offset;
}

static int
unknown(const struct member *members, size_t n, struct span key, struct error *e)
{
	const char *names[16];

	for (size_t i = 0; i < n; i++)
		names[i] = members[i].name;
	return value_unknown(key, names, n, e);
}

static int
object_read(void *object, const struct member *members, size_t n, const struct scan_value *v,
    struct error *e)
{
	struct scan s;
	struct scan_member m;
	unsigned seen = 0;
	int got;

	scan_open(&s, v->raw.p, v->raw.n, e);
	while ((got = scan_next(&s, &m, e)) > 0) {
		size_t i = 0, none = 0;

		while (i < n && !span_is(m.key, members[i].name))
			i++;
		/* a key that comes twice is refused as one that is not known is */
		if (i == n || seen >> i & 1)
			return unknown(members, n, m.key, e);
		seen |= 1u << i;
		if (members[i].type->read(field_of(&members[i], object),
		    members[i].count == 0 ? &none : count_of(&members[i], object), &m.value, 0, e) < 0)
			return error_before(e, ".%s", members[i].name);
	}
	return got;
}

static void
object_write(struct bytes *b, const void *object, const struct member *members, size_t n)
{
	void *whole = (void *)(uintptr_t)object;

	emit_open(b);
	for (size_t i = 0; i < n; i++) {
		const size_t *count = count_of(&members[i], whole);

		members[i].type->write(b, members[i].name, field_of(&members[i], whole),
		    count == NULL ? 0 : *count);
	}
	bytes_char(b, '}');
}

static void
object_each(void *object, const struct member *members, size_t n, bool copy)
{
	for (size_t i = 0; i < n; i++) {
		const size_t *count = count_of(&members[i], object);
		void (*act)(void *at, size_t n) = copy ? members[i].type->copy : members[i].type->free;

		if (act != NULL)
			act(field_of(&members[i], object), count == NULL ? 0 : *count);
	}
}

/* The elements of a list, each of size bytes, read one by one; a lone value that is no list counts as one. */
static int
list_read(void *at, size_t *n, size_t size, size_t most, const struct scan_value *v,
    int (*read)(void *element, const struct scan_value *v, struct error *e), struct error *e)
{
	char **list = at;
	struct scan s;
	struct scan_member m;
	int got;

	scan_open(&s, v->raw.p, v->raw.n, e);
	while ((got = scan_next(&s, &m, e)) > 0) {
		if (*n == most)
			return error_set(e, ERROR_LIMIT, ": more than %zu entries", most);
		*list = xrealloc(*list, *n + 1, size);
		memset(*list + *n * size, 0, size);
		if (read(*list + (*n)++ * size, &m.value, e) < 0)
			return error_before(e, "[%zu]", *n - 1);
	}
	return got;
}

static int
words_read(void *at, size_t *n, const struct scan_value *v, unsigned how, struct error *e)
{
	(void)how;
	return value_list(at, n, v, true, e);
}

static void
words_write(struct bytes *b, const char *key, const void *at, size_t n)
{
	value_type_texts.write(b, key, at, n);
}

static void
words_copy(void *at, size_t n)
{
	value_type_texts.copy(at, n);
}

static void
words_free(void *at, size_t n)
{
	value_type_texts.free(at, n);
}

const struct value_type value_type_words = { "list", words_read, words_write, words_copy, words_free };

static int
port_read(void *at, const struct scan_value *v, struct error *e)
{
	int64_t port;

	if (v->type != SCAN_NUMBER)
		return value_expected(v, "the number of a port", e);
	if (scan_integer(v, 1, 65535, &port, e) < 0)
		return error_before(e, ": ");
	*(int *)at = (int)port;
	return 0;
}

static int
ports_read(void *at, size_t *n, const struct scan_value *v, unsigned how, struct error *e)
{
	int **ports = at;

	(void)how;
	if (v->type == SCAN_NUMBER) {
		*ports = xmalloc(sizeof(int));
		*n = 1;
		return port_read(*ports, v, e);
	}
	if (v->type != SCAN_ARRAY)
		return value_expected(v, "a list of port numbers", e);
	if (list_read(at, n, sizeof(int), PORTS, v, port_read, e) < 0)
		return -1;
	for (size_t i = 0; i < *n; i++) {
		for (size_t j = 0; j < i; j++) {
			if ((*ports)[i] == (*ports)[j])
				return error_set(e, ERROR_INPUT, "[%zu]: %d comes twice", i, (*ports)[i]);
		}
	}
	return 0;
}

static void
ports_write(struct bytes *b, const char *key, const void *at, size_t n)
{
	const int *ports = *(int *const *)at;

	if (n == 0)
		return;
	emit_key(b, key);
	for (size_t i = 0; i < n; i++)
		bytes_format(b, "%c%d", i == 0 ? '[' : ',', ports[i]);
	bytes_char(b, ']');
}

static void
ports_copy(void *at, size_t n)
{
	int **ports = at;

	if (n > 0)
		*ports = (int *)(void *)xmemdup(*ports, n * sizeof(int));
}

static void
ports_free(void *at, size_t n)
{
	(void)n;
	free(*(int **)at);
}

const struct value_type value_type_ports = { "list of ports", ports_read, ports_write, ports_copy,
	ports_free };

static const struct member mount_members[] = {
	{ "from", &value_type_text, offsetof(struct spec_mount, from), 0 },
	{ "to", &value_type_text, offsetof(struct spec_mount, to), 0 },
	{ "readonly", &value_type_flag, offsetof(struct spec_mount, readonly), 0 },
};
#define NMOUNT (sizeof(mount_members) / sizeof(mount_members[0]))

static int
mount_check(const struct spec_mount *m, struct error *e)
{
	if (m->from == NULL || m->to == NULL)
		return error_set(e, ERROR_INPUT, ".%s: missing", m->from == NULL ? "from" : "to");
	if (!value_path_inside(m->from) || strchr(m->from, ':') != NULL)
		return error_set(e, ERROR_INPUT, ": '%.200s' is not a path below the build's folder, "
		    "which alone can be mounted", m->from);
	if (m->to[0] != '/' || strchr(m->to, ':') != NULL)
		return error_set(e, ERROR_INPUT, ": '%.200s' is not an absolute path in the container",
		    m->to);
	return 0;
}

/* FROM:TO or FROM:TO:ro. */
static int
mount_text(struct spec_mount *m, const struct scan_value *v, struct error *e)
{
	AUTO_FREE char *text = value_text(v, e);
	char *to = text == NULL ? NULL : strchr(text, ':'), *how;

	if (text == NULL)
		return -1;
	if (to == NULL)
		return error_set(e, ERROR_INPUT, ": '%.200s' is not FROM:TO", text);
	*to++ = '\0';
	how = strchr(to, ':');
	if (how != NULL)
		*how++ = '\0';
	if (how != NULL && strcmp(how, "ro") != 0 && strcmp(how, "rw") != 0)
		return error_set(e, ERROR_INPUT, ": behind FROM:TO there can be ro, not '%.64s'", how);
	m->from = xstrdup(text);
	m->to = xstrdup(to);
	m->readonly = how != NULL && how[1] == 'o';
	return 0;
}

static int
mount_pair(struct spec_mount *m, const struct scan_value *v, struct error *e)
{
	char **words = NULL;
	size_t n = 0;
	int got = value_list(&words, &n, v, false, e);

	if (got == 0 && n != 2)
		got = error_set(e, ERROR_INPUT, ": expected [FROM, TO]");
	if (got == 0) {
		m->from = xstrdup(words[0]);
		m->to = xstrdup(words[1]);
	}
	value_list_free(words, n);
	return got;
}

static int
mount_read(void *at, const struct scan_value *v, struct error *e)
{
	struct spec_mount *m = at;
	int got = v->type == SCAN_STRING ? mount_text(m, v, e) : v->type == SCAN_ARRAY ? mount_pair(m, v, e) :
	    v->type == SCAN_OBJECT ? object_read(m, mount_members, NMOUNT, v, e) :
	    value_expected(v, "FROM:TO, [FROM, TO] or an object", e);

	return got < 0 ? -1 : mount_check(m, e);
}

static int
mounts_read(void *at, size_t *n, const struct scan_value *v, unsigned how, struct error *e)
{
	(void)how;
	if (v->type != SCAN_ARRAY)
		return value_expected(v, "a list of mounts", e);
	return list_read(at, n, sizeof(struct spec_mount), MOUNTS, v, mount_read, e);
}

static void
mounts_write(struct bytes *b, const char *key, const void *at, size_t n)
{
	const struct spec_mount *mounts = *(struct spec_mount *const *)at;

	if (n == 0)
		return;
	emit_key(b, key);
	for (size_t i = 0; i < n; i++) {
		bytes_char(b, i == 0 ? '[' : ',');
		object_write(b, &mounts[i], mount_members, NMOUNT);
	}
	bytes_char(b, ']');
}

static void
mounts_copy(void *at, size_t n)
{
	struct spec_mount **mounts = at;

	if (n == 0)
		return;
	*mounts = (struct spec_mount *)(void *)xmemdup(*mounts, n * sizeof(**mounts));
	for (size_t i = 0; i < n; i++)
		object_each(&(*mounts)[i], mount_members, NMOUNT, true);
}

static void
mounts_free(void *at, size_t n)
{
	struct spec_mount *mounts = *(struct spec_mount **)at;

	for (size_t i = 0; i < n; i++)
		object_each(&mounts[i], mount_members, NMOUNT, false);
	free(mounts);
}

const struct value_type value_type_mounts = { "list of mounts", mounts_read, mounts_write, mounts_copy,
	mounts_free };

static int
one_port_read(void *at, size_t *n, const struct scan_value *v, unsigned how, struct error *e)
{
	(void)n;
	(void)how;
	return port_read(at, v, e);
}

static void
one_port_write(struct bytes *b, const char *key, const void *at, size_t n)
{
	(void)n;
	if (*(const int *)at != 0)
		emit_integer(b, key, *(const int *)at);
}

static const struct value_type type_port = { "port", one_port_read, one_port_write, NULL, NULL };

static const struct member ready_members[] = {
	{ "command", &value_type_text, offsetof(struct spec_ready, command), 0 },
	{ "port", &type_port, offsetof(struct spec_ready, port), 0 },
	{ "log", &value_type_text, offsetof(struct spec_ready, log), 0 },
	{ "within", &value_type_duration, offsetof(struct spec_ready, within), 0 },
};
#define NREADY (sizeof(ready_members) / sizeof(ready_members[0]))

/* A lone text is a command. */
static int
ready_read(void *at, size_t *n, const struct scan_value *v, unsigned how, struct error *e)
{
	struct spec_ready *r = at;

	(void)n;
	(void)how;
	if (v->type == SCAN_STRING)
		return value_text_into(&r->command, v, e);
	if (v->type != SCAN_OBJECT)
		return value_expected(v, "a command, or an object with command, port or log", e);
	return object_read(r, ready_members, NREADY, v, e);
}

static void
ready_write(struct bytes *b, const char *key, const void *at, size_t n)
{
	const struct spec_ready *r = at;

	(void)n;
	if (r->command == NULL && r->port == 0 && r->log == NULL && r->within == 0)
		return;
	emit_key(b, key);
	object_write(b, r, ready_members, NREADY);
}

static void
ready_copy(void *at, size_t n)
{
	(void)n;
	object_each(at, ready_members, NREADY, true);
}

static void
ready_free(void *at, size_t n)
{
	(void)n;
	object_each(at, ready_members, NREADY, false);
}

static const struct value_type type_ready = { "condition", ready_read, ready_write, ready_copy, ready_free };

static const struct member service_members[] = {
	{ "id", &value_type_text, offsetof(struct spec_server, id), 0 },
	{ "image", &value_type_text, offsetof(struct spec_server, image), 0 },
	{ "script", &value_type_words, offsetof(struct spec_server, script),
	    offsetof(struct spec_server, nscript) },
	{ "env", &value_type_variables, offsetof(struct spec_server, env),
	    offsetof(struct spec_server, nenv) },
	{ "ready", &type_ready, offsetof(struct spec_server, ready), 0 },
	{ "expose", &value_type_ports, offsetof(struct spec_server, expose),
	    offsetof(struct spec_server, nexpose) },
};
#define NSERVICE (sizeof(service_members) / sizeof(service_members[0]))

static int
service_check(const struct spec_server *s, struct error *e)
{
	if (s->id == NULL)
		return error_set(e, ERROR_INPUT, ".id: missing");
	/* it names variables and a log: a job id without what neither may have */
	if (!spec_id_ok(s->id, strlen(s->id)) || strpbrk(s->id, ",+") != NULL)
		return error_set(e, ERROR_INPUT, ".id: '%.64s' is not a name of A-Z a-z 0-9 . _ - beginning "
		    "with a letter or digit", s->id);
	if (s->image == NULL && s->nscript == 0)
		return error_set(e, ERROR_INPUT, ": needs an image or a script");
	return 0;
}

static int
service_read(void *at, const struct scan_value *v, struct error *e)
{
	if (v->type != SCAN_OBJECT)
		return value_expected(v, "an object with id and image or script", e);
	if (object_read(at, service_members, NSERVICE, v, e) < 0)
		return -1;
	return service_check(at, e);
}

static int
services_read(void *at, size_t *n, const struct scan_value *v, unsigned how, struct error *e)
{
	struct spec_server *const *list = at;

	(void)how;
	if (v->type != SCAN_ARRAY)
		return value_expected(v, "a list of services", e);
	if (list_read(at, n, sizeof(struct spec_server), SERVICES, v, service_read, e) < 0)
		return -1;
	for (size_t i = 0; i < *n; i++) {
		for (size_t j = 0; j < i; j++) {
			if (strcasecmp((*list)[i].id, (*list)[j].id) == 0)
				return error_set(e, ERROR_INPUT, "[%zu].id: '%s' comes twice", i,
				    (*list)[i].id);
		}
	}
	return 0;
}

static void
services_write(struct bytes *b, const char *key, const void *at, size_t n)
{
	const struct spec_server *services = *(struct spec_server *const *)at;

	if (n == 0)
		return;
	emit_key(b, key);
	for (size_t i = 0; i < n; i++) {
		bytes_char(b, i == 0 ? '[' : ',');
		object_write(b, &services[i], service_members, NSERVICE);
	}
	bytes_char(b, ']');
}

static void
services_copy(void *at, size_t n)
{
	struct spec_server **services = at;

	if (n == 0)
		return;
	*services = (struct spec_server *)(void *)xmemdup(*services, n * sizeof(**services));
	for (size_t i = 0; i < n; i++)
		object_each(&(*services)[i], service_members, NSERVICE, true);
}

static void
services_free(void *at, size_t n)
{
	struct spec_server *services = *(struct spec_server **)at;

	for (size_t i = 0; i < n; i++)
		object_each(&services[i], service_members, NSERVICE, false);
	free(services);
}

const struct value_type value_type_services = { "list of services", services_read, services_write,
	services_copy, services_free };
