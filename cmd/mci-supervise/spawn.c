#include "spawn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "launch.h"
#include "memory.h"
#include "process.h"
#include "textfile.h"
#include "words.h"

#define FIRST_HANDED 3 /* sd_listen_fds(3) */
#define ENV_FILE ((size_t)1 << 20)

/* What is in the environment file, of which values are secrets. */
static int
env_file_read(const struct spawn *s, struct environment *v, struct error *e)
{
	AUTO_BYTES text = { 0 };
	struct textfile_lines lines;
	struct span line;

	if (s->part->env_file == NULL)
		return 0;
	if (textfile_read(&text, s->part->env_file, ENV_FILE, e) < 0)
		return -1;
	lines = (struct textfile_lines){ .rest = { text.data, text.len } };
	while (textfile_line(&lines, &line)) {
		const char *equals = line.n == 0 ? NULL : memchr(line.p, '=', line.n);
		AUTO_FREE char *name = NULL;
		AUTO_FREE char *value = NULL;

		if (line.n == 0 || line.p[0] == '#')
			continue;
		if (equals == NULL || equals == line.p || memchr(line.p, '\0', line.n) != NULL)
			return error_set(e, ERROR_INPUT, "%s:%zu: expected NAME=VALUE",
			    s->part->env_file, lines.number);
		name = xmemdup(line.p, (size_t)(equals - line.p));
		value = xmemdup(equals + 1, line.n - (size_t)(equals + 1 - line.p));
		if (s->mask != NULL)
			(void)mask_add(s->mask, value, strlen(value), NULL);
		environment_set(v, name, value);
	}
	return 0;
}

/* The sockets that are held for it, which its first command gets; their number. */
static int
sockets_of(const struct spawn *s, int *fds, struct bytes *names)
{
	int n = 0;

	for (size_t i = 0; s->place == 0 && i < s->part->nends; i++) {
		const struct wiring_end *end = &s->part->ends[i];
		int fd = ends_socket(s->host->ends, end->address);

		if (fd < 0)
			continue;
		bytes_format(names, "%s%s", n > 0 ? ":" : "",
		    end->taker != NULL       ? end->taker :
			end->service != NULL ? end->service :
					       "socket");
		fds[n++] = fd;
	}
	return n;
}

/* The descriptors of the new process behind the standard ones, and what tells it which they are. */
struct gifts {
	int (*extra)[2];
	int n, nsockets;
	int ready; /* its number there, or -1 */
	struct bytes names;
};

static void
give(struct gifts *g, int fd)
{
	g->extra[g->n][0] = fd;
	g->extra[g->n][1] = FIRST_HANDED + g->n;
	g->n++;
}

static void
gifts_gather(struct gifts *g, const struct spawn *s)
{
	int fds[WIRING_PARTS];

	g->extra = xmalloc((s->part->nends + WIRING_PARTS + 2) * sizeof(*g->extra));
	g->ready = -1;
	AUTO_FREE int *sockets = xmalloc((s->part->nends + 1) * sizeof(int));
	g->nsockets = sockets_of(s, sockets, &g->names);
	for (int i = 0; i < g->nsockets; i++)
		give(g, sockets[i]);
	if (s->ready >= 0) {
		g->ready = FIRST_HANDED + g->n;
		give(g, s->ready);
	}
	give(g, s->lifeline);
	for (int i = 0, n = s->host->keeps(s->host->arg, s->part, fds); i < n; i++)
		give(g, fds[i]);
}

static int
environment_make(struct environment *v, const struct spawn *s, struct gifts *g, struct error *e)
{
	char number[16];

	environment_copy(v, NULL, 0);
	s->host->environment(s->host->arg, v);
	if (env_file_read(s, v, e) < 0)
		return -1;
	for (size_t i = 0; i < s->part->nenv; i++) {
		const char *equals = strchr(s->part->env[i], '=');
		AUTO_FREE char *name = xmemdup(s->part->env[i], (size_t)(equals - s->part->env[i]));

		environment_set(v, name, equals + 1);
	}
	snprintf(number, sizeof(number), "%d", FIRST_HANDED + g->nsockets + (g->ready >= 0));
	environment_set(v, "MCI_LIFELINE", number);
	if (g->nsockets > 0) {
		snprintf(number, sizeof(number), "%d", g->nsockets);
		environment_set(v, "LISTEN_FDS", number);
		environment_set(v, "LISTEN_FDNAMES", bytes_string(&g->names));
	}
	return 0;
}

/* A word of the command, with the number of the descriptor for readiness put in. Caller frees. */
static char *
word_of(const char *word, int ready)
{
	struct bytes text = { 0 };

	for (; *word != '\0'; word++) {
		if (*word == WORDS_READY)
			bytes_number(&text, ready);
		else
			bytes_char(&text, *word);
	}
	return bytes_give(&text);
}

/*
 * A server that says when it is ready is to know of its lifeline; what comes behind another in its
 * pipeline sees the end of that; all others get a signal when we are gone.
 */
static bool
ends_with_us(const struct spawn *s)
{
	return s->place == 0 && (s->part->once || !s->part->commands[s->place].tells);
}

static struct child *
process_start(const struct spawn *s, const struct gifts *g, const struct environment *v,
    child_ended *ended, void *arg, struct error *e)
{
	const struct wiring_command *c = &s->part->commands[s->place];
	const struct launch launch = { .listens = g->nsockets > 0,
		.ends_with_us = ends_with_us(s),
		.user = s->part->user,
		.limits = s->part->limits,
		.nlimits = s->part->nlimits,
		.mask = s->host->mask,
		.files = s->host->files };
	struct child *child;
	size_t n, words = 0;
	char **argv;

	while (c->argv[words] != NULL)
		words++;
	argv = launch_words(&launch, words, &n);
	for (size_t i = 0; i < words; i++)
		argv[n++] = word_of(c->argv[i], g->ready);
	struct process_spec spec = { .path = "/proc/self/exe",
		.name = "mci-supervise",
		.argv = argv,
		.env = v->pairs,
		.dir = s->part->dir,
		.in = s->in,
		.out = s->out,
		.err = s->err,
		.extra = (const int(*)[2])g->extra,
		.nextra = g->n,
		.session = true };

	child = child_start(s->host->loop, &spec, ended, arg, e);
	for (size_t i = 0; i < n; i++)
		free(argv[i]);
	free(argv);
	return child;
}

struct child *
spawn_command(const struct spawn *s, child_ended *ended, void *arg, struct error *e)
{
	struct gifts g = { 0 };
	struct environment v = { 0 };
	struct child *child = NULL;

	gifts_gather(&g, s);
	if (environment_make(&v, s, &g, e) == 0)
		child = process_start(s, &g, &v, ended, arg, e);
	environment_close(&v);
	bytes_free(&g.names);
	free(g.extra);
	return child;
}
