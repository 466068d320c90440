#include "option.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "config.h"
#include "duration.h"
#include "memory.h"
#include "number.h"
#include "state.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

struct option_common option_common = { .color = "auto" };

/* What the options of every command fill in. */
static struct common {
	struct option_common values;
	bool help, version, rows;
} common = { .values = { .color = "auto" } };

/* The one without help text is for completions and tests, and not shown. */
static const struct option common_options[] = {
	{ .letter = 'C', .value = "DIR", .help = "go to DIR first", .kind = OPTION_TEXT,
	  .offset = offsetof(struct common, values.chdir) },
	{ .name = "color", .value = "WHEN", .help = "use colour or not", .kind = OPTION_CHOICE,
	  .choices = "auto|always|never", .offset = offsetof(struct common, values.color) },
	{ .letter = 'q', .name = "quiet", .help = "say only what went wrong", .kind = OPTION_FLAG,
	  .offset = offsetof(struct common, values.quiet) },
	{ .letter = 'h', .name = "help", .help = "show this help", .kind = OPTION_FLAG,
	  .offset = offsetof(struct common, help) },
	{ .name = "version", .help = "show the version", .kind = OPTION_FLAG,
	  .offset = offsetof(struct common, version) },
	{ .name = "list-options", .kind = OPTION_FLAG, .offset = offsetof(struct common, rows) },
};

/* One command line while it is read. */
struct reading {
	const struct command *command;
	void *into;
	bool *given; /* by row of the command's table: the flag was there, so nothing else counts */
};

/* Values live as long as the program. They hang here, where a leak checker finds them. */
static void **kept;
static size_t nkept;

static void
keep(void *p)
{
	kept = xrealloc(kept, nkept + 1, sizeof(*kept));
	kept[nkept++] = p;
}

static void *
field(const struct option *o, void *into)
{
	return (char *)into + o->offset;
}

/* "mci-build", "mci ls" */
static char *
command_name(const struct command *c)
{
	return c->verb == NULL ? xstrdup(c->program) : xformat("%s %s", c->program, c->verb);
}

static _Noreturn void
refuse(const struct command *c, const struct error *e)
{
	AUTO_FREE char *name = command_name(c);

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

void
option_complain(const char *program, const struct error *e)
{
	fprintf(stderr, "%s: %s\n", program, e->text);
}

int
option_finish(const char *program, int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "%s: write standard output: %s\n", program, strerror(errno));
	return 125;
}

static int
set_flag(const struct option *o, void *into, const char *text, struct error *e)
{
	bool *flag = field(o, into);

	*flag = strcmp(text, "true") == 0;
	if (!*flag && strcmp(text, "false") != 0)
		return error_set(e, ERROR_USAGE, "'%.40s' is neither true nor false", text);
	return 0;
}

static int
set_text(const struct option *o, void *into, const char *text, struct error *e)
{
	(void)e;
	*(const char **)field(o, into) = text;
	return 0;
}

static int
set_list(const struct option *o, void *into, const char *text, struct error *e)
{
	struct option_list *list = field(o, into);
	const char **items = xrealloc(NULL, list->n + 1, sizeof(*items));

	(void)e;
	if (list->n > 0)
		memcpy(items, list->items, list->n * sizeof(*items));
	items[list->n++] = text;
	list->items = items;
	keep(items);
	return 0;
}

static int
set_number(const struct option *o, void *into, const char *text, struct error *e)
{
	int64_t max = o->min == 0 && o->max == 0 ? INT64_MAX : o->max;

	return number_parse(text, strlen(text), o->min, max, field(o, into), e);
}

static int
set_duration(const struct option *o, void *into, const char *text, struct error *e)
{
	return duration_parse(text, strlen(text), field(o, into), e);
}

static int
set_choice(const struct option *o, void *into, const char *text, struct error *e)
{
	size_t n = strlen(text);

	for (const char *p = o->choices; p != NULL; p = strchr(p, '|')) {
		p += *p == '|';
		if (strcspn(p, "|") == n && n > 0 && memcmp(p, text, n) == 0)
			return set_text(o, into, text, e);
	}
	return error_set(e, ERROR_USAGE, "'%.40s' is none of %s", text, o->choices);
}

static const struct kind {
	const char *name;
	int (*set)(const struct option *o, void *into, const char *text, struct error *e);
} kinds[] = {
	[OPTION_FLAG] = { "flag", set_flag },
	[OPTION_TEXT] = { "text", set_text },
	[OPTION_LIST] = { "list", set_list },
	[OPTION_NUMBER] = { "number", set_number },
	[OPTION_DURATION] = { "duration", set_duration },
	[OPTION_CHOICE] = { "choice", set_choice },
};

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
	if (kinds[o->kind].set(o, is_own(r->command, o) ? r->into : &common, text, e) < 0)
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
	near = option_nearest(name, names, n);
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
		return error_set(e, ERROR_USAGE, "--%s needs a value: --%s %s", o->name, o->name, o->value);
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
			ended = true;
			at++;
		} else if ((word[1] == '-' ? read_long : read_letters)(r, argv, argc, &at, e) < 0) {
			return -1;
		}
	}
	argv[n] = NULL;
	return n;
}

/* The word in front of ".jobs" and in "MCI_BUILD_JOBS": the program, or mci's verb, which is no
 * program's name. */
static const char *
stem(const struct command *c)
{
	if (strncmp(c->program, "mci-", 4) == 0)
		return c->program + 4;
	return c->verb == NULL ? c->program : c->verb;
}

static char *
variable_name(const char *program, const char *option)
{
	char *name = xformat("MCI_%s_%s", program, option);

	for (char *p = name; *p != '\0'; p++) {
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
		else if (*p == '-' || *p == ' ')
			*p = '_';
	}
	return name;
}

/* The configuration of this folder, read once. Lives as long as the program: values are borrowed. */
static const struct config *
configuration(const struct command *c)
{
	static struct config config;
	static bool loaded;
	struct error e;

	if (!loaded) {
		AUTO_FREE char *project = state_project(".");

		if (config_load(&config, project, &e) < 0)
			refuse(c, &e);
		loaded = true;
	}
	return &config;
}

static int
from_entries(const struct config *config, const struct option *o, const char *key, void *into,
    struct error *e)
{
	const struct config_entry *found = config_find(config, key), *end = config->entries + config->n;
	const struct config_entry *entry = found;

	if (found == NULL)
		return 0;
	/* a list takes all lines of the highest file, in the order in which they stand there: from the last */
	while (o->kind == OPTION_LIST && end > found &&
	    (strcmp(end[-1].key, key) != 0 || strcmp(end[-1].file, found->file) != 0))
		end--;
	if (o->kind == OPTION_LIST)
		entry = end - 1;
	for (; entry >= found; entry--) {
		if (strcmp(entry->key, key) == 0 && kinds[o->kind].set(o, into, entry->value, e) < 0)
			return error_before(e, "%s:%u: %s: ", entry->file, entry->line, key);
	}
	return 0;
}

static int
from_outside(struct reading *r, const struct option *o, struct error *e)
{
	AUTO_FREE char *variable = variable_name(stem(r->command), o->name);
	AUTO_FREE char *key = xformat("%s.%s", stem(r->command), o->name);
	const char *value = getenv(variable);

	if (value == NULL || *value == '\0')
		return from_entries(configuration(r->command), o, key, r->into, e);
	if (kinds[o->kind].set(o, r->into, value, e) < 0)
		return error_before(e, "%s: ", variable);
	return 0;
}

/* A misspelt key would be silently without effect. The verbs of one program share their keys, so only
 * a program without verbs knows all of its own. */
static int
check_keys(const struct command *c, struct error *e)
{
	const struct config *config = configuration(c);
	const char *word = stem(c);
	size_t n = strlen(word);

	for (size_t i = 0; c->verb == NULL && i < config->n; i++) {
		const struct config_entry *entry = &config->entries[i];
		const char *name = entry->key + n + 1;

		if (strncmp(entry->key, word, n) != 0 || entry->key[n] != '.')
			continue;
		if (find_in(c->options, c->noptions, 0, name, strlen(name)) == NULL) {
			no_such_option(c, name, (int)strlen(name), e);
			return error_before(e, "%s:%u: %s: ", entry->file, entry->line, entry->key);
		}
	}
	return 0;
}

static int
fill_in(struct reading *r, struct error *e)
{
	const struct command *c = r->command;

	for (size_t i = 0; i < c->noptions; i++) {
		if (!r->given[i] && c->options[i].name != NULL && from_outside(r, &c->options[i], e) < 0)
			return -1;
	}
	return check_keys(c, e);
}

static void
add_usage(struct bytes *b, const struct command *c)
{
	AUTO_FREE char *name = command_name(c);

	bytes_format(b, "usage: %s [OPTION...]%s%s\n", name, c->operands == NULL ? "" : " ",
	    c->operands == NULL ? "" : c->operands);
}

/* "  -j, --jobs N" */
static void
add_left(struct bytes *b, const struct option *o)
{
	if (o->letter != 0)
		bytes_format(b, "  -%c%s", o->letter, o->name == NULL ? "" : ", ");
	else
		bytes_text(b, "      ");
	if (o->name != NULL)
		bytes_format(b, "--%s", o->name);
	if (o->value != NULL)
		bytes_format(b, " %s", o->value);
}

static bool
is_hidden(const struct command *c, const struct option *o)
{
	return o->help == NULL || (!is_own(c, o) &&
	    find(c, o->letter, o->name, o->name == NULL ? 0 : strlen(o->name)) != o);
}

static size_t
left_width(const struct command *c, const struct option *options, size_t n)
{
	size_t width = 0;

	for (size_t i = 0; i < n; i++) {
		AUTO_BYTES left = { 0 };

		add_left(&left, &options[i]);
		if (!is_hidden(c, &options[i]) && left.len > width)
			width = left.len;
	}
	return width;
}

static void
add_options(struct bytes *b, const struct command *c, const struct option *options, size_t n,
    size_t width)
{
	for (size_t i = 0; i < n; i++) {
		const struct option *o = &options[i];
		size_t start = b->len;

		if (is_hidden(c, o))
			continue;
		add_left(b, o);
		bytes_format(b, "%*s%s", (int)(width + 2 - (b->len - start)), "", o->help);
		for (const char *p = o->choices; p != NULL && *p != '\0'; p += strcspn(p, "|"), p += *p == '|')
			bytes_format(b, "%s%.*s", p == o->choices ? ": " : ", ", (int)strcspn(p, "|"), p);
		bytes_char(b, '\n');
	}
}

static void
add_help(struct bytes *b, const struct command *c)
{
	size_t own = left_width(c, c->options, c->noptions);
	size_t width = left_width(c, common_options, COUNT(common_options));

	width = own > width ? own : width;
	add_usage(b, c);
	bytes_format(b, "%s\n", c->summary);
	if (c->noptions > 0)
		bytes_char(b, '\n');
	add_options(b, c, c->options, c->noptions, width);
	bytes_char(b, '\n');
	add_options(b, c, common_options, COUNT(common_options), width);
}

static const char *
or_empty(const char *text)
{
	return text == NULL ? "" : text;
}

/*
 * The table as rows of seven columns split by tabs: command, letter, name, value, kind, choices, help. The
 * first row of a command has the kind "operands", what they complete to as choices, and its summary.
 */
static void
add_rows(struct bytes *b, const struct command *c)
{
	AUTO_FREE char *name = command_name(c);
	const struct option *tables[] = { c->options, common_options };
	size_t sizes[] = { c->noptions, COUNT(common_options) };

	bytes_format(b, "%s\t\t\t%s\toperands\t%s\t%s\n", name, or_empty(c->operands),
	    or_empty(c->complete), c->summary);
	for (size_t t = 0; t < COUNT(tables); t++) {
		for (size_t i = 0; i < sizes[t]; i++) {
			const struct option *o = &tables[t][i];
			char letter[2] = { o->letter, '\0' };

			if (!is_hidden(c, o))
				bytes_format(b, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", name, letter,
				    or_empty(o->name), or_empty(o->value), kinds[o->kind].name,
				    or_empty(o->choices), o->help);
		}
	}
}

/* Prints it and ends the program. */
static _Noreturn void
show(const char *program, const struct bytes *text)
{
	fwrite(text->data, 1, text->len, stdout);
	exit(option_finish(program, 0));
}

static void
show_version(const char *program)
{
	AUTO_BYTES text = { 0 };

	bytes_format(&text, "%s (mci) %s\n", program, MCI_VERSION);
	show(program, &text);
}

static void
answer(const struct command *c)
{
	AUTO_BYTES text = { 0 };

	if (common.version)
		show_version(c->program);
	if (common.rows)
		add_rows(&text, c);
	else if (common.help)
		add_help(&text, c);
	if (text.len > 0)
		show(c->program, &text);
}

static int
read_command(const struct command *c, int argc, char **argv, void *into, struct error *e)
{
	AUTO_FREE bool *given = xmalloc(c->noptions * sizeof(*given));
	struct reading r = { .command = c, .into = into, .given = given };
	int n = read_line(&r, argc, argv, e);

	option_common = common.values;
	if (n < 0)
		return -1;
	answer(c);
	if (fill_in(&r, e) < 0)
		return -1;
	if ((size_t)n < c->min_operands)
		return error_set(e, ERROR_USAGE, "it needs more: %s", or_empty(c->operands));
	if ((size_t)n > c->max_operands)
		return error_set(e, ERROR_USAGE, "what is '%.80s' for?", argv[c->max_operands]);
	return n;
}

void
option_parse(const struct command *c, int *argc, char **argv, void *into)
{
	struct error e;
	int n = read_command(c, *argc, argv, into, &e);

	if (n < 0)
		refuse(c, &e);
	*argc = n;
}

static void
add_verbs(struct bytes *b, const struct command *all, const struct command *const *verbs, size_t n)
{
	int width = 0;

	add_usage(b, all);
	bytes_format(b, "%s\n\n", all->summary);
	for (size_t i = 0; i < n; i++)
		if ((int)strlen(verbs[i]->verb) > width)
			width = (int)strlen(verbs[i]->verb);
	for (size_t i = 0; i < n; i++)
		bytes_format(b, "  %-*s  %s\n", width, verbs[i]->verb, verbs[i]->summary);
	bytes_char(b, '\n');
	add_options(b, all, common_options, COUNT(common_options),
	    left_width(all, common_options, COUNT(common_options)));
	bytes_format(b, "\n'%s VERB --help' shows what a verb takes.\n", all->program);
}

static void
answer_for_all(const struct command *all, const struct command *const *verbs, size_t n)
{
	AUTO_BYTES text = { 0 };

	if (common.version)
		show_version(all->program);
	for (size_t i = 0; common.rows && i < n; i++)
		add_rows(&text, verbs[i]);
	if (common.help)
		add_verbs(&text, all, verbs, n);
	if (text.len > 0)
		show(all->program, &text);
}

static const struct command *
find_verb(const struct command *const *verbs, size_t n, const char *word, struct error *e)
{
	const char **names = xmalloc(n * sizeof(*names));
	const char *near;

	for (size_t i = 0; i < n; i++) {
		names[i] = verbs[i]->verb;
		if (strcmp(word, names[i]) == 0) {
			free(names);
			return verbs[i];
		}
	}
	near = option_nearest(word, names, n);
	if (near != NULL)
		error_set(e, ERROR_USAGE, "no verb '%.40s'; did you mean '%s'?", word, near);
	else
		error_set(e, ERROR_USAGE, "no verb '%.40s'", word);
	free(names);
	return NULL;
}

static int
run_verb(const struct command *c, int argc, char **argv)
{
	AUTO_FREE void *into = xmalloc(c->size);

	option_parse(c, &argc, argv, into);
	return c->run(into, argc, argv);
}

int
option_dispatch(const char *program, const char *summary, const struct command *const *verbs, size_t n,
    int argc, char **argv)
{
	const struct command all = { .program = program, .operands = "VERB [OPERAND...]",
		.summary = summary, .stop_at_operand = true, .max_operands = SIZE_MAX };
	const struct command *verb;
	struct reading r = { .command = &all };
	struct error e;
	int rest = read_line(&r, argc, argv, &e);

	option_common = common.values;
	if (rest < 0)
		refuse(&all, &e);
	answer_for_all(&all, verbs, n);
	if (rest == 0) {
		error_set(&e, ERROR_USAGE, "which verb?");
		refuse(&all, &e);
	}
	verb = find_verb(verbs, n, argv[0], &e);
	if (verb == NULL)
		refuse(&all, &e);
	return run_verb(verb, rest, argv);
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

/* Longer words are not compared: nobody mistypes them, and the row is on the stack. */
#define LONGEST_WORD 63

static size_t
least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Insertions, removals, replacements, and neighbours swapped (Damerau's distance, restricted). */
static size_t
distance(const char *a, size_t na, const char *b, size_t nb)
{
	size_t rows[3][LONGEST_WORD + 1];

	for (size_t j = 0; j <= nb; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t *row = rows[i % 3], *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			row[j] = least(up[j] + 1, row[j - 1] + 1, up[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    up2[j - 2] + 1 < row[j])
				row[j] = up2[j - 2] + 1;
		}
	}
	return rows[na % 3][nb];
}

const char *
option_nearest(const char *word, const char *const *candidates, size_t n)
{
	size_t length = strlen(word), best = 1 + length / 4;
	const char *near = NULL;

	if (length == 0 || length > LONGEST_WORD)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t other = strlen(candidates[i]), d;

		if (other > LONGEST_WORD)
			continue;
		/* the beginning of a word is near to it */
		d = length >= 2 && other > length && memcmp(candidates[i], word, length) == 0
		    ? 1 : distance(word, length, candidates[i], other);
		if (d < best || (d == best && near == NULL)) {
			best = d;
			near = candidates[i];
		}
	}
	return near;
}
