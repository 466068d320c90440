#include "commandline.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "duration.h"
#include "emit.h"
#include "git.h"
#include "kernel.h"
#include "memory.h"
#include "names.h"
#include "quote.h"

#define FIELD(field) offsetof(struct build_options, field)

/* What is part of it, by the names of main's own table. */
static const struct {
	const char *name;
	enum option_kind kind;
	size_t offset;
} rows[] = {
	{ "file", OPTION_TEXT, FIELD(file) },
	{ "through", OPTION_LIST, FIELD(through) },
	{ "fail-fast", OPTION_FLAG, FIELD(fail_fast) },
	{ "blocked", OPTION_TEXT, FIELD(blocked) },
	{ "skip", OPTION_LIST, FIELD(skip) },
	{ "label", OPTION_LIST, FIELD(labels) },
	{ "no-deps", OPTION_FLAG, FIELD(no_deps) },
	{ "param", OPTION_LIST, FIELD(params) },
	{ "param-file", OPTION_TEXT, FIELD(param_file) },
	{ "secret", OPTION_LIST, FIELD(secrets) },
	{ "secret-file", OPTION_LIST, FIELD(secret_files) },
	{ "env", OPTION_LIST, FIELD(env) },
	{ "staged", OPTION_FLAG, FIELD(staged) },
	{ "since", OPTION_TEXT, FIELD(since) },
	{ "timeout", OPTION_DURATION, FIELD(timeout) },
	{ "limit", OPTION_LIST, FIELD(limits) },
	{ "limit-most", OPTION_LIST, FIELD(most) },
	{ "runner", OPTION_TEXT, FIELD(runner) },
	{ "unsealed", OPTION_FLAG, FIELD(unsealed) },
};

struct writer {
	struct bytes *into;
	struct mask *mask;
	bool shell; /* as words of a shell, a blank before each, and not of JSON */
};

static void
word_put(struct writer *w, const char *word)
{
	AUTO_BYTES masked = { 0 };

	mask_text(w->mask, &masked, word, strlen(word));
	if (w->shell) {
		bytes_char(w->into, ' ');
		quote_shown(w->into, bytes_string(&masked));
		return;
	}
	if (w->into->data[w->into->len - 1] != '[')
		bytes_char(w->into, ',');
	emit_string(w->into, bytes_string(&masked), masked.len);
}

/* --name=VALUE: no value is taken for an option so. */
static void
option_put(struct writer *w, const char *name, const char *value)
{
	AUTO_FREE char *word = value == NULL ? xformat("--%s", name) : xformat("--%s=%s", name, value);

	word_put(w, word);
}

static void
row_put(struct writer *w, size_t row, const struct build_options *o)
{
	const void *at = (const char *)o + rows[row].offset;
	const char *text = rows[row].kind == OPTION_TEXT ? *(const char *const *)at : NULL;
	AUTO_BYTES time = { 0 };

	if (text != NULL)
		option_put(w, rows[row].name, text);
	if (rows[row].kind == OPTION_FLAG && *(const bool *)at)
		option_put(w, rows[row].name, NULL);
	if (rows[row].kind == OPTION_DURATION && *(const int64_t *)at > 0) {
		duration_write(&time, *(const int64_t *)at);
		option_put(w, rows[row].name, bytes_string(&time));
	}
	if (rows[row].kind == OPTION_LIST) {
		const struct option_list *list = at;

		for (size_t i = 0; i < list->n; i++)
			option_put(w, rows[row].name, list->items[i]);
	}
}

/* Without the jobs. */
static void
argv_put(struct writer *w, const struct build_options *o, const char *rev)
{
	bool operand = o->given != NULL && o->file == NULL;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		row_put(w, i, o);
	if (rev != NULL)
		option_put(w, "rev", rev);
	if (operand)
		word_put(w, o->given);
}

/* An order, as one who has its repository would ask for it: secrets are his own. */
static void
order_put(struct writer *w, const struct build_options *o)
{
	const struct order *order = o->order;

	if (*order->rev != '\0')
		option_put(w, "rev", order->rev);
	if (o->runner != NULL)
		option_put(w, "runner", o->runner);
	for (size_t i = 0; i < order->nparams; i++) {
		AUTO_FREE char *param = xformat("%s=%s", order->params[i].name, order->params[i].value);

		option_put(w, "param", param);
	}
	for (size_t i = 0; i < order->nsecrets; i++)
		option_put(w, "secret", order->secrets[i].name);
}

char *
commandline_again(const struct build_options *o, const struct workspace *w, struct mask *mask)
{
	struct bytes text = { 0 };
	struct writer writer = { &text, mask, true };

	/* what is kept with the build alone */
	if (o->order != NULL ? *o->order->specs != '\0' : o->given != NULL && strcmp(o->given, "-") == 0) {
		bytes_format(&text, "mci rerun %s --from", w->identity.name);
		return bytes_give(&text);
	}
	bytes_text(&text, "mci run");
	if (o->order != NULL)
		order_put(&writer, o);
	else
		argv_put(&writer, o, o->rev);
	return bytes_give(&text);
}

int
commandline_keep(const struct build_options *o, const struct workspace *w, struct mask *mask,
    struct error *e)
{
	static const char *const head[] = { "rev-parse", "HEAD", NULL };
	AUTO_FREE char *path = xformat("%s/command.json", w->folder.path);
	AUTO_FREE char *fresh = xformat("%s.new", path);
	AUTO_FREE char *cwd = getcwd(NULL, 0);
	AUTO_FREE char *rev = o->rev == NULL ? NULL : git_line(w->dir, head, e);
	AUTO_BYTES text = { 0 };
	struct writer writer = { &text, mask, false };
	AUTO_CLOSE int fd = -1;

	/* a build that goes on was asked for long ago */
	if (o->order != NULL || o->resume_at != NULL)
		return 0;
	fd = kernel.open(AT_FDCWD, fresh, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	emit_open(&text);
	emit_text(&text, "dir", cwd == NULL ? "" : cwd);
	emit_key(&text, "argv");
	bytes_char(&text, '[');
	argv_put(&writer, o, rev);
	for (size_t i = 0; i < o->select.n; i++)
		word_put(&writer, o->select.items[i]);
	bytes_char(&text, ']');
	if (o->given != NULL && strcmp(o->given, "-") == 0)
		emit_bool(&text, "specs", true);
	emit_line(&text);
	if (fd < 0 || kernel_write_all(fd, text.data, text.len) < 0)
		return error_sys(e, "%s", fresh);
	return names_replace(AT_FDCWD, fresh, path, e);
}
