/* verbs: what mci-blob-bucket can be asked for on its command line. */
#ifndef MCI_BLOB_BUCKET_VERBS_H
#define MCI_BLOB_BUCKET_VERBS_H

#include "command.h"

#define PROGRAM "mci-blob-bucket"

extern const struct command bucket_put_command, bucket_get_command, bucket_ls_command, bucket_stat_command,
    bucket_rm_command, bucket_sweep_command, bucket_serve_command;

#endif
