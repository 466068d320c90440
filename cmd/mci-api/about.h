/* about: what this program says of itself and of who asks. */
#ifndef MCI_API_ABOUT_H
#define MCI_API_ABOUT_H

#include "ask.h"

void about_version(struct ask *a);
void about_me(struct ask *a);
void about_openapi(struct ask *a);
extern const struct contract_field about_version_answer[3];
extern const struct contract_field about_me_answer[5];

#endif
