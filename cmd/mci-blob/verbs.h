/* verbs: the table row of each verb, and the options that many of them have. */
#ifndef MCI_BLOB_VERBS_H
#define MCI_BLOB_VERBS_H

#include "command.h"
#include "serve.h"

#define PROGRAM "mci-blob"

extern const struct command blob_save_command, blob_restore_command, blob_put_command, blob_get_command;
extern const struct command blob_stat_command, blob_ls_command, blob_rm_command;
extern const struct command blob_gc_command, blob_verify_command, blob_serve_command, blob_status_command;

extern const struct serve_program blob_program; /* serve.c */

/* Where the store is, and in whose name it is asked: members of the verb's struct. */
#define VERBS_STORE(type) \
	{ .name = "blob", .value = "ADDRESS", .help = "the store: file:DIR, s3://BUCKET/PREFIX, unix:PATH", \
	  .kind = OPTION_TEXT, .offset = offsetof(type, blob) }, \
	{ .name = "scope", .value = "SCOPE", .help = "whose names: trusted, or stranger, who reads both", \
	  .kind = OPTION_CHOICE, .choices = "trusted|stranger", .offset = offsetof(type, scope) }

#endif
