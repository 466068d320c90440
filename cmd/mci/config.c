#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emit.h"
#include "memory.h"
#include "option.h"
#include "place.h"
#include "table.h"
#include "verbs.h"

struct options {
	bool json;
};

static const struct option options[] = {
	{ .name = "json", .help = "one JSON object a line", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, json) },
};

/* Variables of these programs are settings; a job's own MCI_BUILD_ID and MCI_JOB_ID are not. */
static const char *const programs[] = { "BUILD", "JOB", "LOG" };
static const char *const facts[] = { "MCI_BUILD_ID", "MCI_JOB_ID" };

struct listing {
	struct table table;
	bool json;
};

static void
print(struct listing *l, const char *key, const char *value, const char *from)
{
	AUTO_BYTES line = { 0 };

	if (!l->json) {
		table_text(&l->table, key, NULL);
		table_text(&l->table, value, NULL);
		table_text(&l->table, from, "2");
		return;
	}
	emit_open(&line);
	emit_text(&line, "key", key);
	emit_text(&line, "value", value);
	emit_text(&line, "from", from);
	emit_line(&line);
	fwrite(line.data, 1, line.len, stdout);
}

/* "MCI_BUILD_FAIL_FAST" for "build.fail-fast". */
static char *
variable_name(const char *key)
{
	char *name = xformat("MCI_%s", key);

	for (char *p = name; *p != '\0'; p++)
		*p = (char)(*p == '.' || *p == '-' ? '_' : toupper((unsigned char)*p));
	return name;
}

/* "build.fail-fast" for "MCI_BUILD_FAIL_FAST=true"; NULL when the variable is no setting. */
static char *
variable_key(const char *pair)
{
	size_t n = strcspn(pair, "=");

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		if (strlen(facts[i]) == n && memcmp(pair, facts[i], n) == 0)
			return NULL;
	}
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		size_t length = strlen(programs[i]);
		char *key;

		if (n < length + 6 || memcmp(pair, "MCI_", 4) != 0 ||
		    memcmp(pair + 4, programs[i], length) != 0 || pair[4 + length] != '_')
			continue;
		key = xmemdup(pair + 4, n - 4);
		for (char *p = key; *p != '\0'; p++)
			*p = (char)(*p == '_' ? '-' : tolower((unsigned char)*p));
		key[length] = '.';
		return key;
	}
	return NULL;
}

/* A setting of a file counts unless the environment, or a higher file, says something else. */
static void
print_entry(struct listing *l, const struct config *c, const struct config_entry *entry)
{
	AUTO_FREE char *name = variable_name(entry->key);
	AUTO_FREE char *from = xformat("%s:%u", entry->file, entry->line);
	const char *value = getenv(name);

	if ((value != NULL && *value != '\0') ||
	    strcmp(config_find(c, entry->key)->file, entry->file) != 0)
		return;
	print(l, entry->key, entry->value, from);
}

static int
run(void *arg, int argc, char **argv)
{
	static const char *const headings[] = { "SETTING", "VALUE", "FROM" };
	const struct options *o = arg;
	struct listing l = { .json = o->json };
	AUTO_FREE char *project = place_project();
	struct config c;
	struct error e;

	(void)argc;
	(void)argv;
	if (config_load(&c, project, &e) < 0)
		return place_complain(&e);
	if (!o->json)
		table_open(&l.table, headings, 3);
	for (char **pair = environ; *pair != NULL; pair++) {
		AUTO_FREE char *key = variable_key(*pair);

		if (key != NULL && strchr(*pair, '=')[1] != '\0')
			print(&l, key, strchr(*pair, '=') + 1, "environment");
	}
	for (size_t i = 0; i < c.n; i++)
		print_entry(&l, &c, &c.entries[i]);
	if (!o->json)
		table_close(&l.table);
	config_free(&c);
	return 0;
}

const struct command config_command = {
	.program = "mci",
	.verb = "config",
	.summary = "show each setting and where it comes from",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.run = run,
	.size = sizeof(struct options),
};
