/*
 * config: the lines "program.option = value" of /etc/mci/conf, the user's $XDG_CONFIG_HOME/mci/conf
 * and the project's .mci/conf, later ones first. '#' at the beginning of a line or after a blank
 * starts a comment; a key may come again for lists. Whether a key exists and may stand in a project's
 * file is known to the option tables (setting.h). See mci.conf(5).
 */
#ifndef MCI_CONFIG_H
#define MCI_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct config_entry {
	char *key;   /* "build.jobs" */
	char *value;
	char *file;
	unsigned line;
	bool project; /* of the project's file, which somebody else may have written */
};

struct config {
	struct config_entry *entries; /* highest precedence first */
	size_t n;
};

/* Reads what is there; missing files are none. project may be NULL. 0, or -1 with FILE:LINE. */
int config_load(struct config *c, const char *project, struct error *e);
/* Where the user's file is, or would be; NULL when the user has no place for it. Caller frees. */
char *config_user_file(void);
void config_free(struct config *c);

#endif
