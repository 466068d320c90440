#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "children.h"
#include "kernel.h"
#include "memory.h"
#include "message.h"
#include "nearest.h"
#include "option.h"
#include "place.h"
#include "process.h"
#include "setting.h"
#include "table.h"
#include "verbs.h"

struct options {
	bool all, json;
};

static const struct option options[] = {
	{ .letter = 'a',
	    .name = "all",
	    .help = "also the settings that nothing sets",
	    .kind = OPTION_FLAG,
	    .offset = offsetof(struct options, all) },
	{ .name = "json",
	    .help = "one JSON object a line",
	    .kind = OPTION_FLAG,
	    .offset = offsetof(struct options, json) },
};

/* Appends what the program of the kit says of its settings; 0, or 1 when something was wrong with
 * them, which it has said. One that is not installed says nothing. */
static int
ask(const char *program, struct bytes *lines, struct error *e)
{
	AUTO_FREE char *path = process_kit(program);
	const char *const argv[] = { program, "--list-settings", NULL };
	struct process_spec spec = {
		.path = path, .argv = (char *const *)(uintptr_t)argv, .in = -1, .err = STDERR_FILENO
	};
	int fds[2], result, status;
	struct child *c;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_sys(e, "pipe");
	spec.out = fds[1];
	c = child_start(NULL, &spec, NULL, NULL, e);
	result = c == NULL ? -1 : 0;
	close(fds[1]);
	for (ssize_t n = 1; result == 0 && n != 0;) {
		n = kernel.read(fds[0], bytes_reserve(lines, 4096), 4096);
		if (n > 0)
			lines->len += (size_t)n;
		else if (n < 0 && errno != EINTR)
			result = error_sys(e, "read from %s", program);
	}
	close(fds[0]);
	if (c == NULL)
		return e->sys == ENOENT ? 0 : -1;
	status = child_wait(c);
	return result < 0 ? -1 : status != 0;
}

/* The same for mci's own verbs. */
static int
ask_self(struct bytes *lines)
{
	AUTO_FREE const struct command **own = xmalloc(nverbs * sizeof(*own));
	struct setting_tables all = { own, 0 };

	for (size_t i = 0; i < nverbs; i++) {
		if (verbs[i]->run != NULL)
			own[all.n++] = verbs[i];
	}
	return setting_list(&all, lines, option_complain) > 0;
}

static int
ask_all(struct bytes *lines, struct error *e)
{
	int wrong = 0;

	for (size_t i = 0; i < nkit; i++) {
		bool again = false;
		int result;

		for (size_t k = 0; k < i; k++)
			again |= strcmp(kit[k].program, kit[i].program) == 0;
		result = again ? 0 : ask(kit[i].program, lines, e);
		if (result < 0)
			return -1;
		wrong |= result;
	}
	return wrong | ask_self(lines);
}

/* A key that begins with no program and no verb is one that no program looks at. */
static int
check_beginning(const struct config_entry *entry, struct error *e)
{
	AUTO_FREE char *first = xmemdup(entry->key, strcspn(entry->key, "."));
	AUTO_FREE const char **names = xmalloc(nverbs * sizeof(*names));
	const char *near;

	for (size_t i = 0; i < nkit; i++) {
		const char *program = kit[i].program + strlen("mci-");

		if (strcmp(first, kit[i].command.verb) == 0 && strcmp(first, program) != 0)
			return error_set(e, ERROR_INPUT,
			    "%s:%u: no setting %s: 'mci %s' is %s: %s%s", entry->file, entry->line,
			    entry->key, first, kit[i].program, program, entry->key + strlen(first));
	}
	for (size_t i = 0; i < nverbs; i++) {
		names[i] = verbs[i]->verb;
		if (strcmp(first, names[i]) == 0)
			return 0;
	}
	near = nearest_word(first, names, nverbs);
	return error_set(e, ERROR_INPUT, "%s:%u: no setting %s: there is no program mci-%s%s%s%s%s",
	    entry->file, entry->line, entry->key, first, near == NULL ? "" : "; did you mean ",
	    near == NULL ? "" : near, near == NULL ? "" : entry->key + strlen(first),
	    near == NULL ? "" : "?");
}

static int
check_beginnings(const struct config *c)
{
	struct error e;
	int wrong = 0;

	for (size_t i = c->n; i > 0; i--) {
		if (check_beginning(&c->entries[i - 1], &e) == 0)
			continue;
		option_complain("mci", &e);
		wrong = 1;
	}
	return wrong;
}

static void
cell(struct table *t, struct span line, const char *key, const char *sgr)
{
	AUTO_BYTES text = { 0 };
	struct scan_value v;

	if (message_member(line.p, line.n, key, &v, NULL) > 0)
		scan_text(&v, &text, NULL);
	table_cell(t, (struct span){ text.data, text.len }, sgr);
}

static void
row(struct table *t, struct span line, bool all)
{
	struct scan_value project;

	cell(t, line, "key", NULL);
	cell(t, line, "value", NULL);
	cell(t, line, "from", "2");
	if (!all)
		return;
	cell(t, line, "takes", NULL);
	message_member(line.p, line.n, "project", &project, NULL);
	table_text(t, project.type == SCAN_TRUE ? "yes" : "no", NULL);
}

/* Prints the lines, and those without a value only when all are wanted. */
static void
print(struct span lines, const struct options *o)
{
	static const char *const headings[] = { "SETTING", "VALUE", "FROM", "TAKES",
		"PROJECT MAY" };
	struct table table;

	if (!o->json)
		table_open(&table, headings, o->all ? 5 : 3);
	while (lines.n > 0) {
		const char *end = memchr(lines.p, '\n', lines.n);
		struct span line = { lines.p, end == NULL ? lines.n : (size_t)(end - lines.p) };
		struct scan_value value;
		size_t n = line.n + (end != NULL);

		if (o->all || message_member(line.p, line.n, "value", &value, NULL) > 0) {
			if (o->json)
				fwrite(line.p, 1, n, stdout);
			else
				row(&table, line, o->all);
		}
		lines = (struct span){ lines.p + n, lines.n - n };
	}
	if (!o->json)
		table_close(&table);
}

static int
run(void *arg, int argc, char **argv)
{
	AUTO_FREE char *project = place_project();
	AUTO_BYTES lines = { 0 };
	struct config c;
	struct error e;
	int wrong;

	(void)argc;
	(void)argv;
	if (config_load(&c, project, &e) < 0)
		return place_complain(&e);
	wrong = ask_all(&lines, &e);
	if (wrong < 0) {
		config_free(&c);
		return place_complain(&e);
	}
	wrong |= check_beginnings(&c);
	print((struct span){ lines.data, lines.len }, arg);
	config_free(&c);
	return wrong == 0 ? 0 : 2;
}

const struct command config_command = {
	.program = "mci",
	.verb = "config",
	.summary = "show each setting and where it comes from, and check them",
	.also = "settings",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.run = run,
	.size = sizeof(struct options),
};
