/* web: functions of rows, and answers: documents for browsers, and the files that they name. */
#ifndef MCI_API_WEB_H
#define MCI_API_WEB_H

#include "answer.h"

/* A row's function: the file that the path's last name is. */
void web_file(struct ask *a);
/* What may stand in the query of a page. */
extern const struct contract_method web_takes;
/* A row's function: the frame with nothing in it, for pages that are nothing without their modules. */
void web_page(struct ask *a);
/* Answers with the frame around this HTML. */
void web_answer(struct ask *a, int status, struct span html);

#endif
