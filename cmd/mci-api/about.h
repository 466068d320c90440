/* about: what this program says of itself, to anybody: version and health. */
#ifndef MCI_API_ABOUT_H
#define MCI_API_ABOUT_H

#include "ask.h"

void about_version(struct ask *a);
extern const struct contract_field about_version_answer[3];

#endif
