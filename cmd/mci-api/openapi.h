/* openapi: the table of routes as an OpenAPI 3.1 document, and as lines for people. */
#ifndef MCI_API_OPENAPI_H
#define MCI_API_OPENAPI_H

#include "bytes.h"
#include "route.h"

void openapi_write(struct bytes *into, const struct route *routes, size_t n);
/* METHOD path, scope, call and summary: a line each, tabs between. */
void openapi_lines(struct bytes *into, const struct route *routes, size_t n);

#endif
