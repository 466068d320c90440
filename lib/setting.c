#include "setting.h"

#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "duration.h"
#include "emit.h"
#include "memory.h"
#include "nearest.h"
#include "number.h"
#include "state.h"

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
set_number(const struct option *o, void *into, const char *text, struct error *e)
{
	int64_t max = o->min == 0 && o->max == 0 ? INT64_MAX : o->max;

	return number_parse(text, strlen(text), o->min, max, field(o, into), e);
}

static int
set_size(const struct option *o, void *into, const char *text, struct error *e)
{
	int64_t bytes;

	if (number_size(text, strlen(text), &bytes, e) < 0)
		return -1;
	if (bytes < o->min)
		return error_set(e, ERROR_USAGE, "'%.40s' is less than %lld bytes", text, (long long)o->min);
	*(int64_t *)field(o, into) = bytes;
	return 0;
}

static int
set_duration(const struct option *o, void *into, const char *text, struct error *e)
{
	return duration_parse(text, strlen(text), field(o, into), e);
}

static int
choice_check(const struct option *o, const char *text, struct error *e)
{
	size_t n = strlen(text);

	for (const char *p = o->choices; p != NULL; p = strchr(p, '|')) {
		p += *p == '|';
		if (strcspn(p, "|") == n && n > 0 && memcmp(p, text, n) == 0)
			return 0;
	}
	return error_set(e, ERROR_USAGE, "'%.40s' is none of %s", text, o->choices);
}

static int
set_choice(const struct option *o, void *into, const char *text, struct error *e)
{
	return choice_check(o, text, e) < 0 ? -1 : set_text(o, into, text, e);
}

static int
set_list(const struct option *o, void *into, const char *text, struct error *e)
{
	struct option_list *list = field(o, into);
	const char **items;

	if (o->choices != NULL && strchr(o->choices, '|') != NULL && choice_check(o, text, e) < 0)
		return -1;
	items = xrealloc(NULL, list->n + 1, sizeof(*items));
	if (list->n > 0)
		memcpy(items, list->items, list->n * sizeof(*items));
	items[list->n++] = text;
	list->items = items;
	keep(items);
	return 0;
}

static int (*const store[])(const struct option *o, void *into, const char *text, struct error *e) = {
	[OPTION_FLAG] = set_flag,
	[OPTION_TEXT] = set_text,
	[OPTION_LIST] = set_list,
	[OPTION_NUMBER] = set_number,
	[OPTION_SIZE] = set_size,
	[OPTION_DURATION] = set_duration,
	[OPTION_CHOICE] = set_choice,
};

int
setting_store(const struct option *o, void *into, const char *text, struct error *e)
{
	return store[o->kind](o, into, text, e);
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
variable_name(const struct command *c, const struct option *o)
{
	char *name = xformat("MCI_%s_%s", stem(c), o->name);

	for (char *p = name; *p != '\0'; p++) {
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
		else if (*p == '-' || *p == ' ')
			*p = '_';
	}
	return name;
}

/* The value of the option's variable and its name; NULL when there is none, or an empty one. */
static const char *
variable_value(const struct command *c, const struct option *o, char **name)
{
	const char *value;

	*name = variable_name(c, o);
	value = getenv(*name);
	return value == NULL || *value == '\0' ? NULL : value;
}

/* The configuration of this folder, read once. It stays: values are borrowed. */
static const struct config *
configuration(struct error *e)
{
	static struct config config;
	static bool loaded;

	if (!loaded) {
		AUTO_FREE char *project = state_project(".");

		if (config_load(&config, project, e) < 0)
			return NULL;
		loaded = true;
	}
	return &config;
}

/* What has no long name, or is not shown, is set on the command line alone. */
static bool
is_setting(const struct option *o)
{
	return o->name != NULL && o->help != NULL;
}

/* The command whose row has that name, the row, and whether a project may set it. Verbs with the same key
 * have to agree. */
struct row {
	const struct command *command;
	const struct option *option;
	bool project;
};

static struct row
row_find(const struct setting_tables *all, const char *first, const char *name)
{
	struct row r = { .project = true };

	for (size_t i = 0; i < all->n; i++) {
		const struct command *c = all->commands[i];

		if (strcmp(stem(c), first) != 0)
			continue;
		for (size_t k = 0; k < c->noptions; k++) {
			if (!is_setting(&c->options[k]) || strcmp(c->options[k].name, name) != 0)
				continue;
			if (r.option == NULL)
				r = (struct row){ c, &c->options[k], r.project };
			r.project &= c->options[k].project;
		}
	}
	return r;
}

static int
no_setting(const struct setting_tables *all, const struct config_entry *entry, const char *first,
    const char *name, struct error *e)
{
	const char **names = NULL, *near;
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++) {
		const struct command *c = all->commands[i];

		names = xrealloc(names, n + c->noptions + 1, sizeof(*names));
		for (size_t k = 0; strcmp(stem(c), first) == 0 && k < c->noptions; k++) {
			if (is_setting(&c->options[k]))
				names[n++] = c->options[k].name;
		}
	}
	near = nearest_word(name, names, n);
	error_set(e, ERROR_INPUT, "%s:%u: no setting %s%s%s%s%s%s", entry->file, entry->line, entry->key,
	    near == NULL ? "" : "; did you mean ", near == NULL ? "" : first, near == NULL ? "" : ".",
	    near == NULL ? "" : near, near == NULL ? "" : "?");
	free(names);
	return -1;
}

/* A misspelt key would be silently without effect, and a project's file is somebody else's. */
static int
entry_check(const struct setting_tables *all, const struct config_entry *entry, const char *first,
    struct row *r, struct error *e)
{
	const char *name = entry->key + strlen(first) + 1;
	AUTO_FREE char *user = NULL;

	*r = row_find(all, first, name);
	if (r->option == NULL)
		return no_setting(all, entry, first, name, e);
	if (!entry->project || r->project)
		return 0;
	user = config_user_file();
	return error_set(e, ERROR_INPUT, "%s:%u: a project may not set %s: put it into %s, or give --%s",
	    entry->file, entry->line, entry->key, user == NULL ? "/etc/mci/conf" : user, name);
}

static bool
is_of(const struct config_entry *entry, const char *first)
{
	size_t n = strlen(first);

	return strncmp(entry->key, first, n) == 0 && entry->key[n] == '.';
}

typedef int entry_use(void *arg, const struct option *o, const struct config_entry *entry, struct error *e);

/*
 * The lines of one file that set an option, from the entry at on, which is the last line of that file that
 * does; of a list all, in the order of the file, which is from the last entry down. Calls each for them
 * until it fails.
 */
static int
file_each(const struct config *config, const struct option *o, const struct config_entry *at, entry_use *each,
    void *arg, struct error *e)
{
	const struct config_entry *end = config->entries + config->n, *entry = at;

	while (o->kind == OPTION_LIST && end > at &&
	    (strcmp(end[-1].key, at->key) != 0 || strcmp(end[-1].file, at->file) != 0))
		end--;
	if (o->kind == OPTION_LIST)
		entry = end - 1;
	for (; entry >= at; entry--) {
		if (strcmp(entry->key, at->key) == 0 && each(arg, o, entry, e) < 0)
			return -1;
	}
	return 0;
}

/* The lines that set an option: those of the highest file that does; of a list that adds up those of all
 * files, one behind the other, of which project picks the project's or the others. */
static int
entries_each(const struct config *config, const struct option *o, const char *key, const bool *project,
    entry_use *each, void *arg, struct error *e)
{
	const struct config_entry *end = config->entries + config->n, *before = NULL;

	for (const struct config_entry *at = config->entries; at < end; at++) {
		if (strcmp(at->key, key) != 0 || (project != NULL && at->project != *project) ||
		    (before != NULL && strcmp(before->file, at->file) == 0))
			continue;
		if (file_each(config, o, at, each, arg, e) < 0)
			return -1;
		if (!o->adds)
			return 0;
		before = at;
	}
	return 0;
}

static int
entry_store(void *into, const struct option *o, const struct config_entry *entry, struct error *e)
{
	if (setting_store(o, into, entry->value, e) < 0)
		return error_before(e, "%s:%u: %s: ", entry->file, entry->line, entry->key);
	return 0;
}

static int
option_fill(const struct command *c, const struct option *o, const struct config *config, void *into,
    struct error *e)
{
	AUTO_FREE char *key = xformat("%s.%s", stem(c), o->name), *variable = NULL;
	const char *value = variable_value(c, o, &variable);

	if (value == NULL)
		return entries_each(config, o, key, NULL, entry_store, into, e);
	if (setting_store(o, into, value, e) < 0)
		return error_before(e, "%s: ", variable);
	return 0;
}

/* A list that adds up: what was given stands between the project's file and the others. */
static int
option_add(const struct command *c, const struct option *o, const struct config *config, void *into,
    struct error *e)
{
	AUTO_FREE char *key = xformat("%s.%s", stem(c), o->name), *variable = NULL;
	const char *value = variable_value(c, o, &variable);
	struct option_list *list = field(o, into), given = *list;
	static const bool project = true, others = false;

	*list = (struct option_list){ NULL, 0 };
	if (entries_each(config, o, key, &project, entry_store, into, e) < 0)
		return -1;
	for (size_t i = 0; i < given.n; i++) {
		if (setting_store(o, into, given.items[i], e) < 0)
			return -1;
	}
	if (given.n == 0 && value != NULL && setting_store(o, into, value, e) < 0)
		return error_before(e, "%s: ", variable);
	return entries_each(config, o, key, &others, entry_store, into, e);
}

int
setting_fill(const struct command *c, const struct setting_tables *all, const bool *given, void *into,
    struct error *e)
{
	const struct config *config = configuration(e);
	struct row r;

	if (config == NULL)
		return -1;
	for (size_t i = config->n; i > 0; i--) {
		if (is_of(&config->entries[i - 1], stem(c)) &&
		    entry_check(all, &config->entries[i - 1], stem(c), &r, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < c->noptions; i++) {
		const struct option *o = &c->options[i];

		if (is_setting(o) && o->adds && option_add(c, o, config, into, e) < 0)
			return -1;
		if (!given[i] && is_setting(o) && !o->adds && option_fill(c, o, config, into, e) < 0)
			return -1;
	}
	return 0;
}

/* A listing while it is made. */
struct listing {
	const struct setting_tables *all;
	const struct config *config;
	struct bytes *lines;
	void (*complain)(const char *program, const struct error *e);
	size_t wrong;
	struct row row; /* the setting that is listed */
	bool set;
};

static void
complain(struct listing *l, const struct error *e)
{
	l->wrong++;
	l->complain(l->all->commands[0]->program, e);
}

static const char *
takes(const struct option *o)
{
	if (o->kind == OPTION_FLAG)
		return "true|false";
	return o->choices != NULL && strchr(o->choices, '|') != NULL ? o->choices : o->value;
}

static void
line_add(struct listing *l, const char *value, const char *from)
{
	AUTO_FREE char *key = xformat("%s.%s", stem(l->row.command), l->row.option->name);

	emit_open(l->lines);
	emit_text(l->lines, "key", key);
	if (value != NULL)
		emit_text(l->lines, "value", value);
	if (from != NULL)
		emit_text(l->lines, "from", from);
	emit_text(l->lines, "takes", takes(l->row.option));
	emit_bool(l->lines, "project", l->row.project);
	emit_line(l->lines);
	l->set = true;
}

static int
entry_list(void *arg, const struct option *o, const struct config_entry *entry, struct error *e)
{
	struct listing *l = arg;
	AUTO_FREE char *from = xformat("%s:%u", entry->file, entry->line);

	(void)o;
	(void)e;
	if (!entry->project || l->row.project)
		line_add(l, entry->value, from);
	return 0;
}

static void
setting_list_one(struct listing *l, void *scratch)
{
	const struct command *c = l->row.command;
	const struct option *o = l->row.option;
	AUTO_FREE char *key = xformat("%s.%s", stem(c), o->name), *variable = NULL;
	const char *value = variable_value(c, o, &variable);
	struct error e;

	l->set = false;
	if (value == NULL || o->adds)
		entries_each(l->config, o, key, NULL, entry_list, l, &e);
	if (value != NULL && setting_store(o, scratch, value, &e) < 0) {
		error_before(&e, "%s: ", variable);
		complain(l, &e);
	} else if (value != NULL) {
		line_add(l, value, "environment");
	}
	if (!l->set)
		line_add(l, NULL, NULL);
}

/* All lines of the files are looked at, in their order, also those that do not count. */
static void
entries_check(struct listing *l, const char *first)
{
	for (size_t i = l->config->n; i > 0; i--) {
		const struct config_entry *entry = &l->config->entries[i - 1];
		struct error e;
		struct row r;

		if (!is_of(entry, first))
			continue;
		if (entry_check(l->all, entry, first, &r, &e) < 0) {
			complain(l, &e);
		} else {
			AUTO_FREE void *scratch = xmalloc(r.command->size);

			if (entry_store(scratch, r.option, entry, &e) < 0)
				complain(l, &e);
		}
	}
}

/* Whether no command before it has those keys too. */
static bool
is_first(const struct setting_tables *all, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (strcmp(stem(all->commands[k]), stem(all->commands[i])) == 0)
			return false;
	}
	return true;
}

size_t
setting_list(const struct setting_tables *all, struct bytes *lines,
    void (*complain_to)(const char *program, const struct error *e))
{
	struct listing l = { .all = all, .lines = lines, .complain = complain_to };
	struct error e;

	l.config = configuration(&e);
	if (l.config == NULL) {
		complain(&l, &e);
		return l.wrong;
	}
	for (size_t i = 0; i < all->n; i++) {
		const struct command *c = all->commands[i];
		AUTO_FREE void *scratch = xmalloc(c->size);

		if (is_first(all, i))
			entries_check(&l, stem(c));
		for (size_t k = 0; k < c->noptions; k++) {
			if (!is_setting(&c->options[k]))
				continue;
			l.row = row_find(all, stem(c), c->options[k].name);
			if (l.row.option == &c->options[k])
				setting_list_one(&l, scratch);
		}
	}
	return l.wrong;
}
