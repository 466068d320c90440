/* browser: functions of rows: sessions of browsers, and tickets for them, which stand in a link. */
#ifndef MCI_API_BROWSER_H
#define MCI_API_BROWSER_H

#include "answer.h"

extern const struct contract_field browser_session[6], browser_ticket[2];

/* Makes one from the token, or ticket, of Authorization. */
void browser_begin(struct ask *a);
/* Whose it is. */
void browser_show(struct ask *a);
void browser_end(struct ask *a);
/* Makes a ticket from the token of Authorization. */
void browser_give(struct ask *a);

#endif
