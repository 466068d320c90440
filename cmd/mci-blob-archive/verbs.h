/* verbs: what mci-blob-archive can be asked for. */
#ifndef MCI_BLOB_ARCHIVE_VERBS_H
#define MCI_BLOB_ARCHIVE_VERBS_H

#include "command.h"

#define PROGRAM "mci-blob-archive"

extern const struct command archive_pack_command, archive_unpack_command, archive_ls_command;

#endif
