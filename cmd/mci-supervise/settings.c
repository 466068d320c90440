#include "settings.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "address.h"
#include "duration.h"
#include "memory.h"
#include "nearest.h"
#include "number.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* A setting with its words; the first one is its name. 0, or -1 and it was said. */
typedef int setting_add(struct reader *r, const struct words *w);

static void
add_text(char ***list, size_t *n, const char *text)
{
	*list = xrealloc(*list, *n + 1, sizeof(**list));
	(*list)[(*n)++] = xstrdup(text);
}

/* ---- what is held */

static bool
held_already(const struct reader *r, const char *address)
{
	for (size_t i = 0; i < r->wiring->n; i++) {
		const struct wiring_part *p = r->wiring->parts[i];

		for (size_t k = 0; k < p->nends; k++) {
			if (strcmp(p->ends[k].address, address) == 0)
				return true;
		}
	}
	return false;
}

static bool
served_already(const struct reader *r, const char *service)
{
	for (size_t i = 0; i < r->wiring->n; i++) {
		const struct wiring_part *p = r->wiring->parts[i];

		for (size_t k = 0; k < p->nends; k++) {
			if (p->ends[k].service != NULL && strcmp(p->ends[k].service, service) == 0)
				return true;
		}
	}
	return false;
}

static int
read_mode(struct reader *r, const struct word *word, mode_t *mode)
{
	char *end;
	unsigned long bits = strtoul(word->text, &end, 8);

	if (*end != '\0' || bits > 0777 || bits == 0)
		return reader_wrong(r, word->column,
		    "expected an octal mode such as 0660, found '%.40s'", word->text);
	*mode = (mode_t)bits;
	return 0;
}

/* An address in the words from at on: ADDRESS [mode MODE]. */
static int
add_end(
    struct reader *r, const struct words *w, size_t at, const char *service, enum address_kind kind)
{
	const struct word *word = &w->items[at];
	const char *prefix = kind == ADDRESS_FIFO ? "fifo:" : "unix:";
	AUTO_FREE char *text = strchr(word->text, ':') != NULL && word->text[0] != '/' ?
	    xstrdup(word->text) :
	    xformat("%s%s", prefix, word->text);
	struct address a;
	struct error e;
	mode_t mode = 0;
	bool tcp;

	if (address_parse(&a, text, &e) < 0)
		return reader_wrong(r, word->column, "%s", e.text);
	tcp = kind == ADDRESS_UNIX && a.kind == ADDRESS_TCP;
	if (!tcp && (a.kind != kind || a.path[0] != '/')) {
		address_free(&a);
		return reader_wrong(r, word->column, "expected %s/PATH%s, found '%.80s'", prefix,
		    kind == ADDRESS_UNIX ? " or HOST:PORT" : "", word->text);
	}
	address_free(&a);
	if (held_already(r, text))
		return reader_wrong(r, word->column, "%s is another part's already", text);
	if (w->n == at + 3 && !tcp && strcmp(w->items[at + 1].text, "mode") == 0) {
		if (read_mode(r, &w->items[at + 2], &mode) < 0)
			return -1;
	} else if (w->n > at + 1) {
		return reader_wrong(
		    r, w->items[at + 1].column, tcp ?
		    "expected nothing more" : "expected 'mode MODE' or nothing more");
	}
	r->part->ends = xrealloc(r->part->ends, r->part->nends + 1, sizeof(*r->part->ends));
	r->part->ends[r->part->nends++] = (struct wiring_end){ .address = xstrdup(text),
		.service = service == NULL ? NULL : xstrdup(service),
		.mode = mode };
	return 0;
}

static bool
service_ok(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789");

	return n > 0 && n <= 32 && name[n] == '\0' && (name[0] < '0' || name[0] > '9');
}

static int
add_serves(struct reader *r, const struct words *w)
{
	const struct word *name = &w->items[1];

	if (w->n < 4 || strcmp(w->items[2].text, "at") != 0)
		return reader_wrong(r, name->column, "expected: serves NAME at ADDRESS");
	if (!service_ok(name->text))
		return reader_wrong(r, name->column,
		    "'%.40s' is no name of a service: small letters and digits", name->text);
	if (strcmp(name->text, "supervise") == 0 || served_already(r, name->text))
		return reader_wrong(
		    r, name->column, "the service %s is another's already", name->text);
	return add_end(r, w, 3, name->text, ADDRESS_UNIX);
}

static int
add_socket(struct reader *r, const struct words *w)
{
	return add_end(r, w, 1, NULL, ADDRESS_UNIX);
}

static int
add_fifo(struct reader *r, const struct words *w)
{
	return add_end(r, w, 1, NULL, ADDRESS_FIFO);
}

/* ---- its life */

static int
add_after(struct reader *r, const struct words *w)
{
	for (size_t i = 1; i < w->n; i++)
		add_text(&r->part->after, &r->part->nafter, w->items[i].text);
	return 0;
}

static int
set_once(struct reader *r, const struct words *w)
{
	(void)w;
	r->part->once = true;
	return 0;
}

static int
set_duration(struct reader *r, const struct words *w, int64_t *into)
{
	const struct word *word = &w->items[1];
	struct error e;

	return duration_parse(word->text, strlen(word->text), into, &e) < 0 ?
	    reader_wrong(r, word->column, "%s", e.text) :
	    0;
}

static int
set_grace(struct reader *r, const struct words *w)
{
	return set_duration(r, w, &r->part->grace);
}

static int
set_pause(struct reader *r, const struct words *w)
{
	return set_duration(r, w, &r->part->pause);
}

static int
set_retries(struct reader *r, const struct words *w)
{
	const struct word *word = &w->items[1];
	struct error e;

	if (strcmp(word->text, "forever") == 0) {
		r->part->retries = INT64_MAX;
		return 0;
	}
	return number_parse(word->text, strlen(word->text), 0, 1000000, &r->part->retries, &e) < 0 ?
	    reader_wrong(r, word->column, "%s, or 'forever'", e.text) :
	    0;
}

static int
set_drain(struct reader *r, const struct words *w)
{
	static const struct {
		const char *name;
		int number;
	} signals[] = { { "HUP", SIGHUP }, { "INT", SIGINT }, { "QUIT", SIGQUIT },
		{ "TERM", SIGTERM }, { "USR1", SIGUSR1 }, { "USR2", SIGUSR2 } };

	for (size_t i = 0; i < COUNT(signals); i++) {
		if (strcmp(w->items[1].text, signals[i].name) == 0) {
			r->part->drain = signals[i].number;
			return 0;
		}
	}
	return reader_wrong(
	    r, w->items[1].column, "expected a signal: HUP, INT, QUIT, TERM, USR1 or USR2");
}

/* ---- what it is started with */

static int
set_user(struct reader *r, const struct words *w)
{
	const struct word *word = &w->items[1];
	size_t n = strcspn(word->text, ":");
	AUTO_FREE char *user = xmemdup(word->text, n);

	errno = 0;
	if (getpwnam(user) == NULL)
		return reader_wrong(r, word->column, "there is no user '%.80s'", user);
	if (word->text[n] == ':' && getgrnam(word->text + n + 1) == NULL)
		return reader_wrong(
		    r, word->column + n + 1, "there is no group '%.80s'", word->text + n + 1);
	r->part->user = xstrdup(word->text);
	return 0;
}

static int
set_dir(struct reader *r, const struct words *w)
{
	r->part->dir = xstrdup(w->items[1].text);
	return 0;
}

static int
set_env_file(struct reader *r, const struct words *w)
{
	r->part->env_file = xstrdup(w->items[1].text);
	return 0;
}

static int
add_env(struct reader *r, const struct words *w)
{
	for (size_t i = 1; i < w->n; i++) {
		const char *text = w->items[i].text;

		if (text[0] == '=' || strchr(text, '=') == NULL)
			return reader_wrong(
			    r, w->items[i].column, "expected NAME=VALUE, found '%.80s'", text);
		add_text(&r->part->env, &r->part->nenv, text);
	}
	return 0;
}

static const struct {
	const char *name;
	int resource;
} limits[] = {
	{ "as", RLIMIT_AS },
	{ "core", RLIMIT_CORE },
	{ "cpu", RLIMIT_CPU },
	{ "data", RLIMIT_DATA },
	{ "fsize", RLIMIT_FSIZE },
	{ "memlock", RLIMIT_MEMLOCK },
	{ "nofile", RLIMIT_NOFILE },
	{ "nproc", RLIMIT_NPROC },
	{ "stack", RLIMIT_STACK },
};

static int
add_limit(struct reader *r, const struct word *word)
{
	const char *value = strchr(word->text, '=');
	struct wiring_part *p = r->part;
	size_t i = 0, n = value == NULL ? 0 : (size_t)(value - word->text);
	int64_t number = 0;
	struct error e;

	while (i < COUNT(limits) && !span_is((struct span){ word->text, n }, limits[i].name))
		i++;
	if (i == COUNT(limits))
		return reader_wrong(r, word->column,
		    "expected NAME=VALUE with NAME as, core, cpu, data, fsize, memlock, "
		    "nofile, nproc or stack, found '%.40s'",
		    word->text);
	value++;
	if (strcmp(value, "unlimited") != 0 && number_size(value, strlen(value), &number, &e) < 0)
		return reader_wrong(r, word->column, "%s", e.text);
	p->limits = xrealloc(p->limits, p->nlimits + 1, sizeof(*p->limits));
	p->limits[p->nlimits++] = (struct wiring_limit){ limits[i].resource,
		strcmp(value, "unlimited") == 0 ? RLIM_INFINITY : (uint64_t)number };
	return 0;
}

static int
add_limits(struct reader *r, const struct words *w)
{
	for (size_t i = 1; i < w->n; i++) {
		if (add_limit(r, &w->items[i]) < 0)
			return -1;
	}
	return 0;
}

/* ---- the table; in mci-wiring(5) in the same order */

static const struct setting {
	const char *name, *form; /* the words behind the name, for messages */
	size_t min, max;         /* how many */
	bool again;              /* it may be there more than once */
	setting_add *add;
} settings[] = {
	{ "serves", "NAME at ADDRESS [mode MODE]", 3, 5, true, add_serves },
	{ "socket", "ADDRESS [mode MODE]", 1, 3, true, add_socket },
	{ "fifo", "ADDRESS [mode MODE]", 1, 3, true, add_fifo },
	{ "after", "PART...", 1, SIZE_MAX, true, add_after },
	{ "once", "", 0, 0, false, set_once },
	{ "grace", "DURATION", 1, 1, false, set_grace },
	{ "pause", "DURATION", 1, 1, false, set_pause },
	{ "retries", "N|forever", 1, 1, false, set_retries },
	{ "drain", "SIGNAL", 1, 1, false, set_drain },
	{ "user", "NAME[:GROUP]", 1, 1, false, set_user },
	{ "dir", "DIR", 1, 1, false, set_dir },
	{ "env", "NAME=VALUE...", 1, SIZE_MAX, true, add_env },
	{ "env-file", "FILE", 1, 1, false, set_env_file },
	{ "limit", "NAME=VALUE...", 1, SIZE_MAX, true, add_limits },
};

static const struct setting *
find(struct reader *r, const struct word *word)
{
	const char *names[COUNT(settings)], *near;

	for (size_t i = 0; i < COUNT(settings); i++) {
		if (strcmp(word->text, settings[i].name) == 0)
			return &settings[i];
		names[i] = settings[i].name;
	}
	near = nearest_word(word->text, names, COUNT(settings));
	reader_wrong(r, word->column, "there is no setting '%.40s'%s%s%s", word->text,
	    near == NULL ? "; a part begins at the start of a line" : "; did you mean ",
	    near == NULL ? "" : near, near == NULL ? "" : "?");
	return NULL;
}

void
setting_read(struct reader *r, const struct words *w)
{
	const struct setting *s;
	uint64_t bit;

	for (size_t i = 0; i < w->n; i++) {
		if (w->items[i].text == NULL || strchr(w->items[i].text, WORDS_READY) != NULL) {
			reader_wrong(r, w->items[i].column, "%s stands in a command only",
			    w->items[i].text == NULL ? "|" : "$READY");
			return;
		}
	}
	s = find(r, &w->items[0]);
	if (s == NULL)
		return;
	bit = UINT64_C(1) << (s - settings);
	if (w->n - 1 < s->min || w->n - 1 > s->max)
		reader_wrong(r, w->items[0].column, "expected: %s%s%s", s->name,
		    s->form[0] == '\0' ? "" : " ", s->form);
	else if (!s->again && (r->set & bit) != 0)
		reader_wrong(r, w->items[0].column, "%s is set twice", s->name);
	else if (s->add(r, w) == 0)
		r->set |= bit;
}
