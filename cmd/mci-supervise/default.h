/* default: the wiring that is used when no other is named: default.wiring, as it was when this was
 * built. */
#ifndef MCI_SUPERVISE_DEFAULT_H
#define MCI_SUPERVISE_DEFAULT_H

#include "bytes.h"

struct span default_wiring(void);

#endif
