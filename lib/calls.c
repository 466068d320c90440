#include "calls.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

struct call *
calls_add(struct calls *all, struct client *c, const char *method,
    void (*done)(void *arg, struct span result, const struct error *e), void *arg)
{
	struct call *call = xmalloc(sizeof(*call));

	*call = (struct call){ .client = c, .all = all, .id = ++all->id, .state = CALL_SENT,
		.row = contract_any_method((struct span){ method, strlen(method) }),
		.done = done, .arg = arg, .previous = all->last };
	if (all->last != NULL)
		all->last->next = call;
	else
		all->first = call;
	all->last = call;
	all->n++;
	return call;
}

void
call_forget_request(struct call *call)
{
	call->all->bytes -= call->request.bytes.len;
	frame_free(&call->request);
}

void
call_set_state(struct call *call, enum call_state state)
{
	if (call->state == CALL_WAITING)
		call->all->nwaiting--;
	if (state == CALL_WAITING)
		call->all->nwaiting++;
	call->state = state;
}

struct call *
calls_find(const struct calls *all, int64_t id)
{
	struct call *call = all->first;

	while (call != NULL && call->id != id)
		call = call->next;
	return call;
}

bool
call_gives_data(const struct call *call)
{
	return call->state == CALL_SENT && call->row != NULL && contract_gives_data(call->row);
}

void
call_take_out(struct call *call, struct loop *loop)
{
	struct calls *all = call->all;

	call_set_state(call, CALL_FAILED);
	loop_cancel(loop, call->rest);
	loop_cancel(loop, call->limit);
	call_forget_request(call);
	if (call->previous != NULL)
		call->previous->next = call->next;
	else
		all->first = call->next;
	if (call->next != NULL)
		call->next->previous = call->previous;
	else
		all->last = call->previous;
	all->n--;
}

void
call_free(struct call *call)
{
	free(call->why);
	free(call);
}
