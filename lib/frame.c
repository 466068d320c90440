#include "frame.h"

#include <fcntl.h>

#include "line.h"
#include "memory.h"
#include "rpc.h"

int
frame_make(struct frame *f, int64_t id, const char *method, struct span params, struct span data,
    const int *fds, int nfds, struct error *e)
{
	*f = (struct frame){ 0 };
	rpc_request(&f->bytes, id, method, params);
	f->line = f->bytes.len;
	bytes_add(&f->bytes, data.p, data.n);
	if (f->line > LINE_LIMIT)
		return error_set(e, ERROR_LIMIT, "the request has %zu bytes, a line may have %d", f->line,
		    LINE_LIMIT);
	if (f->bytes.len > LINK_BUFFER)
		return error_set(e, ERROR_LIMIT, "the request and its data have %zu bytes, expected at "
		    "most %d", f->bytes.len, LINK_BUFFER);
	if (nfds > LINK_FDS)
		return error_set(e, ERROR_LIMIT, "the request has %d descriptors, a line may have %d",
		    nfds, LINK_FDS);
	for (; f->nfds < nfds; f->nfds++) {
		f->fds[f->nfds] = fcntl(fds[f->nfds], F_DUPFD_CLOEXEC, 3);
		if (f->fds[f->nfds] < 0)
			return error_sys(e, "copy descriptor %d", fds[f->nfds]);
	}
	return 0;
}

bool
frame_fits(const struct frame *f, const struct link *l)
{
	return f->nfds == 0 || link_carries_fds(l);
}

int
frame_send(const struct frame *f, struct link *l)
{
	if (f->nfds == 0)
		return link_send(l, f->bytes.data, f->bytes.len);
	/* the message of a line with descriptors holds nothing behind it */
	if (link_send_fds(l, f->bytes.data, f->line, f->fds, f->nfds) < 0)
		return -1;
	return f->line == f->bytes.len ? 0 :
	    link_send(l, f->bytes.data + f->line, f->bytes.len - f->line);
}

void
frame_free(struct frame *f)
{
	bytes_free(&f->bytes);
	while (f->nfds > 0)
		memory_close(&f->fds[--f->nfds]);
}
