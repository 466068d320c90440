#include "option.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "help.h"
#include "memory.h"
#include "nearest.h"
#include "process.h"
#include "setting.h"
#include "standard.h"
#include "terminal.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

struct option_common option_common = { .color = "auto", .before_dashes = -1 };

/* What the options of every command fill in. */
static struct common {
	struct option_common values;
	bool help, version, rows, settings, no_settings;
} common = { .values = { .color = "auto", .before_dashes = -1 } };

/*
 * Those without help text are not shown: they are for completions, mci config and tests, and no-settings for
 * a program of the kit that starts another and relies on what it does.
 */
static const struct option common_options[] = {
	{ .letter = 'C', .name = "chdir", .value = "DIR", .help = "go to DIR first",
	  .kind = OPTION_TEXT, .offset = offsetof(struct common, values.chdir) },
	{ .name = "color", .value = "WHEN", .help = "use colour or not", .kind = OPTION_CHOICE,
	  .choices = "auto|always|never", .offset = offsetof(struct common, values.color) },
	{ .letter = 'q', .name = "quiet", .help = "say only what went wrong", .kind = OPTION_FLAG,
	  .offset = offsetof(struct common, values.quiet) },
	{ .letter = 'h', .name = "help", .help = "show this help", .kind = OPTION_FLAG,
	  .offset = offsetof(struct common, help) },
	{ .name = "version", .help = "show the version", .kind = OPTION_FLAG,
	  .offset = offsetof(struct common, version) },
	{ .name = "list-options", .kind = OPTION_FLAG, .offset = offsetof(struct common, rows) },
	{ .name = "list-settings", .kind = OPTION_FLAG, .offset = offsetof(struct common, settings) },
	{ .name = "no-settings", .kind = OPTION_FLAG, .offset = offsetof(struct common, no_settings) },
};

/* One command line while it is read. */
struct reading {
	const struct command *command;
	void *into;
	bool *given; /* by row of the command's table: the flag was there, so nothing else counts */
};

static _Noreturn void
refuse(const struct command *c, const struct error *e)
{
	AUTO_FREE char *name = help_name(c);

	option_complain(c->program, e);
	fprintf(stderr, "%s: '%s --help' shows what it takes\n", c->program, name);
	exit(2);
}

/* How an option is written: "--jobs", "-C". */
static const char *
option_text(const struct option *o, char text[static 80])
{
	if (o->name != NULL)
		snprintf(text, 80, "--%s", o->name);
	else
		snprintf(text, 80, "-%c", o->letter);
	return text;
}

/* Names of files are part of it, which may hold anything: nothing of them is obeyed, and it is one line. */
void
option_complain(const char *program, const struct error *e)
{
	AUTO_BYTES text = { 0 };

	for (const char *p = e->text; *p != '\0';) {
		size_t n = strcspn(p, "\n\t");

		terminal_safe(&text, p, n, false);
		p += n;
		if (*p != '\0')
			bytes_format(&text, "^%c", *p++ | 0x40);
	}
	fprintf(stderr, "%s: %.*s\n", program, (int)text.len, text.data);
}

int
option_fail(const char *program, const struct error *e)
{
	option_complain(program, e);
	return error_status(e);
}

int
option_finish(const char *program, int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return process_end(status);
	fprintf(stderr, "%s: write standard output: %s\n", program, strerror(errno));
	return process_end(125);
}

static const struct option *
find_in(const struct option *options, size_t n, char letter, const char *name, size_t length)
{
	for (size_t i = 0; i < n; i++) {
		const struct option *o = &options[i];

		if (letter != 0 ? o->letter == letter : o->name != NULL &&
		    strlen(o->name) == length && memcmp(o->name, name, length) == 0)
			return o;
	}
	return NULL;
}

/* A command's own option goes before a common one of the same letter or name. */
static const struct option *
find(const struct command *c, char letter, const char *name, size_t length)
{
	const struct option *o = find_in(c->options, c->noptions, letter, name, length);

	if (o == NULL)
		o = find_in(common_options, COUNT(common_options), letter, name, length);
	return o;
}

static bool
is_own(const struct command *c, const struct option *o)
{
	return c->noptions > 0 && o >= c->options && o < c->options + c->noptions;
}

static int
take(struct reading *r, const struct option *o, const char *text, struct error *e)
{
	char name[80];

	if (is_own(r->command, o))
		r->given[o - r->command->options] = true;
	if (setting_store(o, is_own(r->command, o) ? r->into : &common, text, e) < 0)
		return error_before(e, "%s: ", option_text(o, name));
	if (o->offset == offsetof(struct common, values.chdir) && !is_own(r->command, o) &&
	    chdir(text) < 0)
		return error_sys(e, "-C %s", text);
	return 0;
}

static int
no_such_option(const struct command *c, const char *word, int length, struct error *e)
{
	const char **names = xmalloc((c->noptions + COUNT(common_options)) * sizeof(*names));
	AUTO_FREE char *name = xmemdup(word, (size_t)length);
	const char *near;
	size_t n = 0;

	for (size_t i = 0; i < c->noptions; i++)
		if (c->options[i].name != NULL)
			names[n++] = c->options[i].name;
	for (size_t i = 0; i < COUNT(common_options); i++)
		if (common_options[i].name != NULL && common_options[i].help != NULL)
			names[n++] = common_options[i].name;
	near = nearest_word(name, names, n);
	if (near != NULL)
		error_set(e, ERROR_USAGE, "no option --%s; did you mean --%s?", name, near);
	else
		error_set(e, ERROR_USAGE, "no option --%s", name);
	free(names);
	return -1;
}

/* "--name", "--name=value", "--name value"; *at is at the word and moves past what was used. */
static int
read_long(struct reading *r, char **argv, int argc, int *at, struct error *e)
{
	const char *word = argv[(*at)++] + 2;
	size_t length = strcspn(word, "=");
	const struct option *o = length == 0 ? NULL : find(r->command, 0, word, length);

	if (o == NULL)
		return no_such_option(r->command, word, (int)length, e);
	if (word[length] == '=')
		return take(r, o, word + length + 1, e);
	if (o->kind == OPTION_FLAG)
		return take(r, o, "true", e);
	if (*at == argc)
		return error_set(e, ERROR_USAGE, "--%s needs a value: --%s %s", o->name, o->name,
		    o->value);
	return take(r, o, argv[(*at)++], e);
}

/* "-qn", "-j4", "-j 4" */
static int
read_letters(struct reading *r, char **argv, int argc, int *at, struct error *e)
{
	const char *word = argv[(*at)++] + 1;

	for (; *word != '\0'; word++) {
		const struct option *o = find(r->command, *word, NULL, 0);

		if (o == NULL)
			return error_set(e, ERROR_USAGE, "no option -%c", *word);
		if (o->kind != OPTION_FLAG) {
			if (word[1] != '\0')
				return take(r, o, word + 1, e);
			if (*at == argc)
				return error_set(e, ERROR_USAGE, "-%c needs a value: -%c %s", *word,
				    *word, o->value);
			return take(r, o, argv[(*at)++], e);
		}
		if (take(r, o, "true", e) < 0)
			return -1;
	}
	return 0;
}

/* Reads argv[1..] and leaves the operands at the front; their number, or -1. */
static int
read_line(struct reading *r, int argc, char **argv, struct error *e)
{
	bool ended = false;
	int at = 1, n = 0;

	while (at < argc) {
		char *word = argv[at];

		if (ended || word[0] != '-' || word[1] == '\0') {
			argv[n++] = argv[at++];
			ended |= r->command->stop_at_operand;
		} else if (strcmp(word, "--") == 0) {
			common.values.before_dashes = n;
			ended = true;
			at++;
		} else if ((word[1] == '-' ? read_long : read_letters)(r, argv, argc, &at, e) < 0) {
			return -1;
		}
	}
	argv[n] = NULL;
	return n;
}

int
option_verb_at(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-C") == 0 || strcmp(argv[i], "--color") == 0)
			i++;
		else if (argv[i][0] != '-')
			return i;
	}
	return 0;
}

void
option_help_words(int argc, char **argv)
{
	static char help[] = "--help", version[] = "--version";
	int at = option_verb_at(argc, argv);

	if (at == 0)
		return;
	if (strcmp(argv[at], "version") == 0 && at + 1 == argc)
		argv[at] = version;
	if (strcmp(argv[at], "help") != 0)
		return;
	argv[at] = help;
	if (at + 1 < argc && argv[at + 1][0] != '-') {
		argv[at] = argv[at + 1];
		argv[at + 1] = help;
	}
}

/* --help and the like, of a command or of a program with verbs. */
static void
answer(const struct command *c, const struct setting_tables *all, bool verbs)
{
	struct help h = { c, common_options, COUNT(common_options) };
	AUTO_BYTES text = { 0 };
	int status = 0;

	if (common.settings)
		status = setting_list(all, &text, option_complain) == 0 ? 0 : 2;
	else if (common.version)
		bytes_format(&text, "%s (mci) %s\n", c->program, MCI_VERSION);
	else if (common.help && verbs)
		help_verbs(&text, &h, all->commands, all->n);
	else if (common.help)
		help_command(&text, &h);
	for (size_t i = 0; common.rows && i < all->n; i++) {
		h.command = all->commands[i];
		help_rows(&text, &h);
	}
	if (text.len == 0 && !common.settings)
		return;
	if (text.len > 0)
		fwrite(text.data, 1, text.len, stdout);
	exit(option_finish(c->program, status));
}

static int
read_command(const struct command *c, const struct setting_tables *all, int argc, char **argv, void *into,
    struct error *e)
{
	AUTO_FREE bool *given = xmalloc(c->noptions * sizeof(*given));
	struct reading r = { .command = c, .into = into, .given = given };
	int n = read_line(&r, argc, argv, e);

	option_common = common.values;
	standard_color(terminal_color(STDOUT_FILENO, option_common.color));
	if (n < 0)
		return -1;
	answer(c, all, false);
	if (!common.no_settings && setting_fill(c, all, given, into, e) < 0)
		return -1;
	if ((size_t)n < c->min_operands)
		return error_set(e, ERROR_USAGE, "missing operand: %s",
		    c->operands == NULL ? "" : c->operands);
	if ((size_t)n > c->max_operands)
		return error_set(e, ERROR_USAGE, "extra operand '%.80s'", argv[c->max_operands]);
	return n;
}

static void
parse(const struct command *c, const struct setting_tables *all, int *argc, char **argv, void *into)
{
	struct error e;
	int n = read_command(c, all, *argc, argv, into, &e);

	if (n < 0)
		refuse(c, &e);
	*argc = n;
}

void
option_parse(const struct command *c, int *argc, char **argv, void *into)
{
	option_parse_modes(&c, 1, argc, argv, into);
}

void
option_parse_modes(const struct command *const *modes, size_t n, int *argc, char **argv, void *into)
{
	const struct setting_tables all = { modes, n };
	const struct command *mode = modes[0];

	for (int i = 1; i < *argc && strcmp(argv[i], "--") != 0; i++) {
		for (size_t k = 1; k < n; k++)
			mode = strcmp(argv[i], modes[k]->verb) == 0 ? modes[k] : mode;
	}
	parse(mode, &all, argc, argv, into);
}

void
option_parse_of(const struct command *c, const struct command *const *all, size_t n, int *argc, char **argv,
    void *into)
{
	const struct setting_tables tables = { all, n };

	parse(c, &tables, argc, argv, into);
}

/* Whether the word is one of those, which are split by blanks. */
static bool
is_among(const char *word, const char *words)
{
	size_t n = strlen(word);

	for (const char *p = words; p != NULL; p = strchr(p, ' ')) {
		p += *p == ' ';
		if (strcspn(p, " ") == n && memcmp(p, word, n) == 0)
			return true;
	}
	return false;
}

/* The verb that may have been meant, by what it is called elsewhere or by how it is written. */
static const char *
near_verb(const struct command *const *verbs, size_t n, const char *word)
{
	AUTO_FREE const char **names = xmalloc(n * sizeof(*names));

	for (size_t i = 0; i < n; i++) {
		names[i] = verbs[i]->verb;
		if (is_among(word, verbs[i]->also))
			return names[i];
	}
	return nearest_word(word, names, n);
}

static const struct command *
verb_named(const struct command *const *verbs, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(word, verbs[i]->verb) == 0)
			return verbs[i];
	}
	return NULL;
}

/* The verb that is meant by a line with none where one would be, behind common options, unless these ask for
 * something; NULL when there is one, or none is implied. */
static const struct command *
implied_verb(const struct command *const *verbs, size_t n, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];
		bool dashes = strncmp(word, "--", 2) == 0;
		const struct option *o = word[0] != '-' || word[1] == '\0' ? NULL : find_in(common_options,
		    COUNT(common_options), dashes ? 0 : word[1], word + 2, strcspn(word + 2, "="));

		if (o == NULL && verb_named(verbs, n, word) != NULL)
			return NULL;
		if (o == NULL)
			break;
		if (o->kind == OPTION_FLAG && o->offset >= offsetof(struct common, help) &&
		    o->offset < offsetof(struct common, no_settings))
			return NULL;
		i += o->kind != OPTION_FLAG && (dashes ? strchr(word, '=') == NULL : word[2] == '\0');
	}
	for (size_t i = 0; i < n; i++) {
		if (verbs[i]->implied)
			return verbs[i];
	}
	return NULL;
}

static const struct command *
find_verb(const struct command *const *verbs, size_t n, const char *word, struct error *e)
{
	const struct command *verb = verb_named(verbs, n, word);
	const char *near;

	if (verb != NULL)
		return verb;
	near = near_verb(verbs, n, word);
	if (near != NULL)
		error_set(e, ERROR_USAGE, "no verb '%.40s'; did you mean '%s'?", word, near);
	else
		error_set(e, ERROR_USAGE, "no verb '%.40s'", word);
	return NULL;
}

static int
run_verb(const struct command *c, const struct setting_tables *all, int argc, char **argv)
{
	AUTO_FREE void *into = xmalloc(c->size);

	parse(c, all, &argc, argv, into);
	return c->run(into, argc, argv);
}

int
option_dispatch(const char *program, const char *summary, const struct command *const *verbs,
    size_t n, int argc, char **argv)
{
	const struct command all = { .program = program, .operands = "VERB [OPERAND...]",
		.summary = summary, .stop_at_operand = true, .max_operands = SIZE_MAX };
	const struct setting_tables tables = { verbs, n };
	const struct command *verb;
	struct reading r = { .command = &all };
	struct error e;
	int rest;

	option_help_words(argc, argv);
	verb = implied_verb(verbs, n, argc, argv);
	if (verb != NULL)
		return run_verb(verb, &tables, argc, argv);
	rest = read_line(&r, argc, argv, &e);
	option_common = common.values;
	if (rest < 0)
		refuse(&all, &e);
	answer(&all, &tables, true);
	if (rest == 0) {
		error_set(&e, ERROR_USAGE, "which verb?");
		refuse(&all, &e);
	}
	verb = find_verb(verbs, n, argv[0], &e);
	if (verb == NULL)
		refuse(&all, &e);
	return run_verb(verb, &tables, rest, argv);
}

int
option_pair(const char *text, char **key, const char **value, struct error *e)
{
	const char *equals = strchr(text, '=');

	if (equals == NULL || equals == text)
		return error_set(e, ERROR_USAGE, "'%.80s' is not NAME=VALUE", text);
	*key = xmemdup(text, (size_t)(equals - text));
	*value = equals + 1;
	return 0;
}
