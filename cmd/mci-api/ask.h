/*
 * ask: a request from its head to its answer: which row of the table it is for, who asks, what is
 * called. Functions of rows stand on this: they call services with ask_call, which is where rights
 * are checked, and answer as answer.h has it.
 */
#ifndef MCI_API_ASK_H
#define MCI_API_ASK_H

#include "answer.h"

/* http_events of the program; arg is the struct gateway. */
extern const struct http_events ask_events;

/* Checks whether they may, and calls. params are copied. done is called later, but for what the
 * rights say no to: that is answered here. data may be n 0. */
void
ask_call(struct ask *a, const char *method, struct span params, struct span data, ask_done *done);
/* Checks alone, as ask_call does; then done with result n 0 and no error, now or later: for what is
 * no call of a client. What the call has to be made with is in a->params. */
void ask_check(struct ask *a, const char *method, struct span params, ask_done *done);
/* Inside of the function of a row whose body is taken as it comes: pour takes it from here on, or how much of
 * a piece it takes now (exchange.h); once, with n 0, it is told that that was all. */
void ask_pour(struct ask *a, size_t (*pour)(struct ask *a, struct span piece));
/* Says with the answer where the page behind this one is, as the row says. */
void ask_link_next(struct ask *a, struct span result);

#endif
