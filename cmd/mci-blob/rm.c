#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "option.h"
#include "store.h"
#include "verbs.h"

struct options {
	const char *blob, *scope;
	bool dry;
};

static const struct option options[] = {
	{ .letter = 'n', .name = "dry-run", .help = "only say what would be removed", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, dry) },
	VERBS_STORE(struct options),
};

struct names {
	char **all;
	size_t n;
	const char *name; /* all below it when it ends with a slash */
	bool stranger;
};

static int
keep(void *arg, struct record *r)
{
	struct names *l = arg;
	size_t n = strlen(l->name);

	if ((l->name[n - 1] == '/' || strcmp(r->name, l->name) == 0) && r->stranger == l->stranger) {
		l->all = xrealloc(l->all, l->n + 1, sizeof(*l->all));
		l->all[l->n++] = xstrdup(r->name);
	}
	record_free(r);
	return 0;
}

static int
remove_name(struct store *store, const struct options *o, const char *name, struct error *e)
{
	struct names l = { .name = name, .stranger = store->stranger };
	int result = name[0] == '\0' ? error_set(e, ERROR_USAGE, "a name is empty") :
	    store->type->list(store, name, keep, NULL, &l, e);

	if (result == 0 && l.n == 0)
		result = error_set(e, ERROR_NOT_FOUND, "%s is not there", name);
	for (size_t i = 0; i < l.n; i++) {
		if (result == 0 && !o->dry)
			result = store->type->remove(store, l.all[i], e);
		if (result == 0 && o->dry)
			printf("%s would be removed\n", l.all[i]);
		free(l.all[i]);
	}
	free(l.all);
	return result;
}

static int
run(void *arg, int argc, char **argv)
{
	const struct options *o = arg;
	struct store *store;
	struct error e;
	bool stranger;
	int status = 0;

	if (store_scope(o->scope, &stranger, &e) < 0 || (store = store_open(o->blob, stranger,
	    false, &e)) == NULL)
		return option_fail(PROGRAM, &e);
	for (int i = 0; i < argc; i++) {
		if (remove_name(store, o, argv[i], &e) == 0)
			continue;
		option_complain(PROGRAM, &e);
		status = error_status(&e);
	}
	store_close(store);
	return option_finish(PROGRAM, status);
}

const struct command blob_rm_command = {
	.program = PROGRAM, .verb = "rm", .operands = "NAME...",
	.summary = "remove names, or with a slash at the end all below", .options = options,
	.noptions = sizeof(options) / sizeof(options[0]), .min_operands = 1, .max_operands = SIZE_MAX,
	.run = run, .size = sizeof(struct options),
};
