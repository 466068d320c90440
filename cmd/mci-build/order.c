#include "order.h"
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "address.h"
#include "buildname.h"
#include "kernel.h"
#include "line.h"
#include "memory.h"
#include "message.h"
#include "scan.h"
#include "specparam.h"

/* Where this machine's services are: for mci-build the order says so, and its jobs are not to know. */
static const char *const services[] = { "MCI_EVENTS", "MCI_LOG", "MCI_STORE", "MCI_BLOB", "MCI_API",
	"MCI_SUPERVISE" };

enum kind {
	ORDER_TEXT,
	ORDER_NUMBER,  /* from 1 on */
	ORDER_PAIRS,   /* texts by names of params; their number stands in count */
	ORDER_RERUN,
};

/* The members; what is not here is somebody else's, or a newer agent's, and left alone. */
static const struct row {
	const char *name;
	enum kind kind;
	bool required;
	size_t offset, count;
	const char *choices; /* the words that it takes, split by '|'; NULL: any */
} rows[] = {
	{ "build", ORDER_TEXT, true, offsetof(struct order, build), 0, NULL },
	{ "run", ORDER_NUMBER, true, offsetof(struct order, run), 0, NULL },
	{ "trust", ORDER_TEXT, true, offsetof(struct order, trust), 0, "trusted|stranger" },
	{ "repo", ORDER_TEXT, false, offsetof(struct order, repo), 0, NULL },
	{ "rev", ORDER_TEXT, false, offsetof(struct order, rev), 0, NULL },
	{ "base", ORDER_TEXT, false, offsetof(struct order, base), 0, NULL },
	{ "event", ORDER_TEXT, false, offsetof(struct order, event), 0, NULL },
	{ "branch", ORDER_TEXT, false, offsetof(struct order, branch), 0, NULL },
	{ "tag", ORDER_TEXT, false, offsetof(struct order, tag), 0, NULL },
	{ "target", ORDER_TEXT, false, offsetof(struct order, target), 0, NULL },
	{ "specs", ORDER_TEXT, false, offsetof(struct order, specs), 0, NULL },
	{ "dir", ORDER_TEXT, true, offsetof(struct order, dir), 0, NULL },
	{ "folder", ORDER_TEXT, true, offsetof(struct order, folder), 0, NULL },
	{ "events", ORDER_TEXT, true, offsetof(struct order, events), 0, NULL },
	{ "log", ORDER_TEXT, false, offsetof(struct order, log), 0, NULL },
	{ "blob", ORDER_TEXT, false, offsetof(struct order, blob), 0, NULL },
	{ "store", ORDER_TEXT, false, offsetof(struct order, store), 0, NULL },
	{ "runner", ORDER_TEXT, false, offsetof(struct order, runner), 0, NULL },
	{ "resume", ORDER_TEXT, false, offsetof(struct order, resume), 0, "workspace|fresh|" },
	{ "jobs", ORDER_NUMBER, false, offsetof(struct order, jobs), 0, NULL },
	{ "params", ORDER_PAIRS, false, offsetof(struct order, params), offsetof(struct order, nparams),
	  NULL },
	{ "secrets", ORDER_PAIRS, false, offsetof(struct order, secrets),
	  offsetof(struct order, nsecrets), NULL },
	{ "rerun", ORDER_RERUN, false, 0, 0, NULL },
};
#define NROWS (sizeof(rows) / sizeof(rows[0]))

static const struct row rerun_rows[] = {
	{ "of", ORDER_TEXT, true, offsetof(struct order, rerun.of), 0, NULL },
	{ "from", ORDER_TEXT, false, offsetof(struct order, rerun.from), 0, NULL },
};

/* The address's descriptor, which lasts: a file would be at its end at once. */
static int
lifeline_open(const char *text, struct error *e)
{
	struct address a;
	struct stat st;
	int fd;

	if (address_parse(&a, text, e) < 0) {
		e->code = ERROR_USAGE;
		return -1;
	}
	fd = a.kind == ADDRESS_FD ? a.fd : -1;
	address_free(&a);
	if (fd < 0)
		return error_set(e, ERROR_USAGE, "'%s': expected fd:N", text);
	if (fstat(fd, &st) < 0)
		return error_sys(e, "%s", text);
	if (!S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode))
		return error_set(e, ERROR_USAGE, "%s: is no pipe, which stays open as long as the build is "
		    "to run", text);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

static bool
is_choice(const char *choices, const char *text)
{
	size_t n = strlen(text);

	for (const char *at = choices;; at = strchr(at, '|') + 1) {
		if (strncmp(at, text, n) == 0 && strchr("|", at[n]) != NULL)
			return true;
		if (strchr(at, '|') == NULL)
			return false;
	}
}

static int
text_take(char **into, const struct row *row, const struct scan_value *v, struct error *e)
{
	if (value_text_into(into, v, e) < 0)
		return -1;
	if (row->choices == NULL || is_choice(row->choices, *into))
		return 0;
	return error_set(e, ERROR_INPUT, ": expected %s, found '%.64s'", row->choices, *into);
}

/* Named as they may be where a build is started by hand. */
static int
pairs_take(struct spec_pair **into, size_t *n, const struct scan_value *v, struct error *e)
{
	if (value_pairs(into, n, v, false, e) < 0)
		return -1;
	for (size_t i = 0; i < *n; i++) {
		if (!spec_param_name_ok((*into)[i].name, strlen((*into)[i].name)))
			return error_set(e, ERROR_INPUT, ".%.64s: not a name of letters, digits, _ - and .",
			    (*into)[i].name);
	}
	return 0;
}

static int members_take(struct order *o, const struct row *table, size_t n, struct span object,
    struct error *e);

static int
value_take(struct order *o, const struct row *row, const struct scan_value *v, struct error *e)
{
	void *at = (char *)o + row->offset;

	switch (row->kind) {
	case ORDER_TEXT:
		return text_take(at, row, v, e);
	case ORDER_NUMBER:
		return scan_integer(v, 1, INT32_MAX, at, e) < 0 ? error_before(e, ": ") : 0;
	case ORDER_PAIRS:
		return pairs_take(at, (size_t *)(void *)((char *)o + row->count), v, e);
	case ORDER_RERUN:
		if (v->type != SCAN_OBJECT)
			return value_expected(v, "an object", e);
		o->rerun.failed = message_true(v->raw, "failed");
		o->rerun.no_cache = message_true(v->raw, "no-cache");
		if (members_take(o, rerun_rows, sizeof(rerun_rows) / sizeof(rerun_rows[0]), v->raw, e) < 0)
			return error_before(e, ".");
		return 0;
	}
	return 0;
}

/* Reads the members of an object that the table has; of each that is not there and is a text: "". */
static int
members_take(struct order *o, const struct row *table, size_t n, struct span object, struct error *e)
{
	struct scan_value v;

	for (const struct row *row = table; row < table + n; row++) {
		int there = message_member(object.p, object.n, row->name, &v, e);

		if (there < 0)
			return -1;
		if (there == 0 && row->required)
			return error_set(e, ERROR_INPUT, "%s: is missing", row->name);
		if (there == 1 && value_take(o, row, &v, e) < 0)
			return error_before(e, "%s", row->name);
	}
	return 0;
}

/* The rest of the kit tests a text, and not whether there is one. */
static void
texts_fill(struct order *o, const struct row *table, size_t n)
{
	for (const struct row *row = table; row < table + n; row++) {
		char **at = (char **)(void *)((char *)o + row->offset);

		if (row->kind == ORDER_TEXT && *at == NULL)
			*at = xstrdup("");
	}
}

static int
check(const struct order *o, struct error *e)
{
	const char *const folders[][2] = { { "dir", o->dir }, { "folder", o->folder } };

	if (buildname_check((struct span){ o->build, strlen(o->build) }, e) < 0)
		return error_before(e, "build: ");
	for (size_t i = 0; i < 2; i++) {
		if (folders[i][1][0] != '/')
			return error_set(e, ERROR_INPUT, "%s: '%.256s' is no absolute path", folders[i][0],
			    folders[i][1]);
	}
	return 0;
}

int
order_parse(struct order *o, struct span line, struct error *e)
{
	struct scan_value v;
	enum scan_type type;
	int64_t version;
	int there;

	if (scan_check(line.p, line.n, &type, e) < 0)
		return -1;
	there = message_member(line.p, line.n, "version", &v, e);
	if (there < 0)
		return -1;
	if (there == 0 || scan_integer(&v, 1, INT32_MAX, &version, NULL) < 0 || version != 1)
		return error_set(e, ERROR_INPUT, "version: expected 1: agent and mci-build are of two kits");
	if (members_take(o, rows, NROWS, line, e) < 0)
		return -1;
	texts_fill(o, rows, NROWS);
	texts_fill(o, rerun_rows, sizeof(rerun_rows) / sizeof(rerun_rows[0]));
	return check(o, e);
}

static int
line_get(struct order *o, struct line_reader *lines, struct error *e)
{
	struct span line;
	enum line_result got;
	ssize_t n;

	while ((got = line_next(lines, &line)) == LINE_NONE) {
		n = line_wait(lines, o->fd);
		if (n < 0)
			return error_sys(e, "read");
		if (n == 0)
			return error_set(e, ERROR_DISCONNECTED, "it ended before its line was whole");
	}
	if (got == LINE_LONG)
		return error_set(e, ERROR_LIMIT, "longer than %d bytes", LINE_LIMIT);
	return order_parse(o, line, e);
}

int
order_read(struct order *o, const char *address, struct error *e)
{
	struct line_reader lines = { 0 };
	int result;

	process_private();
	*o = (struct order){ .fd = lifeline_open(address, e) };
	if (o->fd < 0)
		return error_before(e, "--order ");
	result = line_get(o, &lines, e);
	if (lines.buffer.size > 0)
		explicit_bzero(lines.buffer.data, lines.buffer.size);
	line_free(&lines);
	if (result < 0) {
		order_free(o);
		return error_before(e, "--order %s: ", address);
	}
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		unsetenv(services[i]);
	return 0;
}

bool
order_resumes(const struct order *o)
{
	return strcmp(o->resume, "workspace") == 0;
}

/* Whatever else comes on it is of a newer agent. */
static void
came(void *arg, uint32_t events)
{
	struct order *o = arg;
	char passed_over[512];
	ssize_t n = kernel.read(o->fd, passed_over, sizeof(passed_over));

	(void)events;
	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	loop_forget(o->loop, o->fd);
	o->ended(o->arg);
}

int
order_hold(struct order *o, struct loop *loop, void (*ended)(void *arg), void *arg, struct error *e)
{
	o->loop = loop;
	o->ended = ended;
	o->arg = arg;
	return loop_watch(loop, o->fd, EPOLLIN, came, o, e);
}

static void
pairs_wipe(struct spec_pair *pairs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		explicit_bzero(pairs[i].value, strlen(pairs[i].value));
	value_pairs_free(pairs, n);
}

static void
texts_free(struct order *o, const struct row *table, size_t n)
{
	for (const struct row *row = table; row < table + n; row++) {
		if (row->kind == ORDER_TEXT)
			free(*(char **)(void *)((char *)o + row->offset));
	}
}

void
order_free(struct order *o)
{
	if (o == NULL)
		return;
	texts_free(o, rows, NROWS);
	texts_free(o, rerun_rows, sizeof(rerun_rows) / sizeof(rerun_rows[0]));
	pairs_wipe(o->params, o->nparams);
	pairs_wipe(o->secrets, o->nsecrets);
	memory_close(&o->fd);
	*o = (struct order){ .fd = -1 };
}
