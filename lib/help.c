#include "help.h"

#include <string.h>

#include "memory.h"

/* Help is read in a terminal of the classic width; options up to NAMES_MAX have their text beside them. */
#define COLUMNS 80
#define NAMES_MAX 30

static const char *const kinds[] = {
	[OPTION_FLAG] = "flag",
	[OPTION_TEXT] = "text",
	[OPTION_LIST] = "list",
	[OPTION_NUMBER] = "number",
	[OPTION_SIZE] = "size",
	[OPTION_DURATION] = "duration",
	[OPTION_CHOICE] = "choice",
};

char *
help_name(const struct command *c)
{
	return c->verb == NULL ? xstrdup(c->program) : xformat("%s %s", c->program, c->verb);
}

/* Adds the words of text; at is the column where they begin, and where each further line does. Ends the
 * line. */
static void
add_words(struct bytes *b, const char *text, size_t at)
{
	size_t column = at;

	while (*text != '\0') {
		size_t n = strcspn(text, " ");

		if (column > at && column + n + 1 > COLUMNS) {
			bytes_format(b, "\n%*s", (int)at, "");
			column = at;
		} else if (column > at) {
			bytes_char(b, ' ');
			column++;
		}
		bytes_add(b, text, n);
		column += n;
		text += n + strspn(text + n, " ");
	}
	bytes_char(b, '\n');
}

/* Fills up with blanks to the column; text that goes past it is a line of its own. */
static void
add_left(struct bytes *b, const char *text, size_t column)
{
	size_t n = strlen(text);

	if (n + 2 > column)
		bytes_format(b, "%s\n%*s", text, (int)column, "");
	else
		bytes_format(b, "%-*s", (int)column, text);
}

static void
add_usage(struct bytes *b, const struct command *c)
{
	static const char label[] = "usage: ";
	AUTO_FREE char *name = help_name(c);
	AUTO_FREE char *operands = xformat("%s [OPTION...] %s", name, c->operands == NULL ? "" : c->operands);

	bytes_text(b, label);
	add_words(b, operands, strlen(label));
	add_words(b, c->summary, 0);
}

/* "  -j, --jobs N" */
static void
add_names(struct bytes *b, const struct option *o)
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
is_replaced(const struct command *c, const struct option *common)
{
	for (size_t i = 0; i < c->noptions; i++) {
		const struct option *o = &c->options[i];

		if ((o->letter != 0 && o->letter == common->letter) ||
		    (o->name != NULL && common->name != NULL && strcmp(o->name, common->name) == 0))
			return true;
	}
	return false;
}

/* Calls each for every option that is shown, the command's own first. */
static void
each_shown(const struct help *h,
    void (*each)(struct bytes *b, const struct help *h, const struct option *o, size_t *width),
    struct bytes *b, size_t *width)
{
	for (size_t i = 0; i < h->command->noptions; i++) {
		if (h->command->options[i].help != NULL)
			each(b, h, &h->command->options[i], width);
	}
	for (size_t i = 0; i < h->ncommon; i++) {
		if (h->common[i].help != NULL && !is_replaced(h->command, &h->common[i]))
			each(b, h, &h->common[i], width);
	}
}

static void
measure(struct bytes *b, const struct help *h, const struct option *o, size_t *width)
{
	AUTO_BYTES names = { 0 };

	(void)b;
	(void)h;
	add_names(&names, o);
	if (names.len > *width && names.len <= NAMES_MAX)
		*width = names.len;
}

static void
add_choices(struct bytes *b, const char *choices)
{
	for (const char *p = choices; *p != '\0'; p += *p == '|') {
		int n = (int)strcspn(p, "|");

		bytes_format(b, "%s%.*s", p == choices ? ": " : ", ", n, p);
		p += n;
	}
}

static void
add_option(struct bytes *b, const struct help *h, const struct option *o, size_t *width)
{
	AUTO_BYTES names = { 0 };
	AUTO_BYTES text = { 0 };

	if (o == h->common && h->command->noptions > 0)
		bytes_char(b, '\n');
	add_names(&names, o);
	bytes_text(&text, o->help);
	if (o->choices != NULL && strchr(o->choices, '|') != NULL)
		add_choices(&text, o->choices);
	add_left(b, bytes_string(&names), *width + 2);
	add_words(b, bytes_string(&text), *width + 2);
}

static void
add_options(struct bytes *b, const struct help *h)
{
	size_t width = 0;

	bytes_char(b, '\n');
	each_shown(h, measure, b, &width);
	each_shown(h, add_option, b, &width);
}

void
help_command(struct bytes *b, const struct help *h)
{
	add_usage(b, h->command);
	add_options(b, h);
}

void
help_verbs(struct bytes *b, const struct help *h, const struct command *const *verbs, size_t n)
{
	size_t width = 0;

	add_usage(b, h->command);
	bytes_char(b, '\n');
	for (size_t i = 0; i < n; i++) {
		if (strlen(verbs[i]->verb) > width)
			width = strlen(verbs[i]->verb);
	}
	for (size_t i = 0; i < n; i++) {
		AUTO_FREE char *verb = xformat("  %s", verbs[i]->verb);

		add_left(b, verb, width + 4);
		add_words(b, verbs[i]->summary, width + 4);
	}
	add_options(b, h);
	bytes_format(b, "\n'%s help VERB' shows what a verb takes.\n", h->command->program);
}

static const char *
or_empty(const char *text)
{
	return text == NULL ? "" : text;
}

static void
add_row(struct bytes *b, const struct help *h, const struct option *o, size_t *width)
{
	AUTO_FREE char *name = help_name(h->command);
	char letter[2] = { o->letter, '\0' };

	(void)width;
	bytes_format(b, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", name, letter, or_empty(o->name),
	    or_empty(o->value), kinds[o->kind], or_empty(o->choices), o->help);
}

void
help_rows(struct bytes *b, const struct help *h)
{
	const struct command *c = h->command;
	AUTO_FREE char *name = help_name(c);

	bytes_format(b, "%s\t\t\t%s\toperands\t%s\t%s\n", name, or_empty(c->operands),
	    or_empty(c->complete), c->summary);
	each_shown(h, add_row, b, NULL);
}
