#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "entity.h"
#include "option.h"
#include "serveentry.h"
#include "standard.h"
#include "verbs.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct command *const verbs[] = {
	&store_serve_command, &store_status_command, &store_ls_command, &store_get_command,
	&store_put_command, &store_rm_command, &store_create_command, &store_backup_command,
	&store_restore_command, &store_check_command, &store_rotate_command, &store_rebuild_command,
	&store_nouns[0], &store_nouns[1], &store_nouns[2], &store_nouns[3], &store_nouns[4], &store_nouns[5],
};

const struct serve_entry store_entry = { &store_program, &store_serve_command, verbs,
	COUNT(verbs) };

/* "param put NAME" means "put param NAME": what people think of first may stand first. */
static void
swap_entity(int argc, char **argv, int at)
{
	if (at == 0 || at + 1 >= argc || entity_of(argv[at]) == NULL)
		return;
	for (size_t i = 0; i < COUNT(verbs); i++) {
		if (strcmp(verbs[i]->verb, argv[at + 1]) == 0) {
			char *entity = argv[at];

			argv[at] = argv[at + 1];
			argv[at + 1] = entity;
			return;
		}
	}
}

int
main(int argc, char **argv)
{
	standard_begin();
	/* what it makes, and SQLite for it, is its owner's alone */
	umask(077);
	option_help_words(argc, argv);
	swap_entity(argc, argv, option_verb_at(argc, argv));
	return option_finish(PROGRAM, option_dispatch(PROGRAM,
	    "The data store: organisations, repositories, parameters, keys, and the queue of builds.",
	    verbs, COUNT(verbs), argc, argv));
}
