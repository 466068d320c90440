/* badge: how the newest build of a repository has ended, as a picture (SVG), and as what shields.io
 * asks for. */
#ifndef MCI_API_BADGE_H
#define MCI_API_BADGE_H

#include "ask.h"

extern const struct contract_field badge_shield_answer[6];

void badge_svg(struct ask *a);
void badge_shield(struct ask *a);

#endif
