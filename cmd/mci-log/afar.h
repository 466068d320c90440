/* afar: shows one log of a server, byte for byte. */
#ifndef MCI_LOG_AFAR_H
#define MCI_LOG_AFAR_H

#include "error.h"
#include "remote.h"

/* Writes what remote reads to standard output until its end; whoever reads that may leave (SIGPIPE). Says
 * on standard error when bytes are missing at the log's end. 0 or -1. */
int afar_show(const struct remote_wish *w, struct error *e);

#endif
