#include "api.h"

#include <stdlib.h>

#include "folder.h"
#include "memory.h"

char *
api_address(struct error *e)
{
	const char *known = getenv("MCI_API");
	AUTO_FREE char *folder = NULL;

	if (known != NULL && *known != '\0')
		return xstrdup(known);
	folder = folder_sockets(e);
	return folder == NULL ? NULL : xformat("unix:%s/mci.sock", folder);
}

int
api_missing(struct error *e)
{
	if (e != NULL && e->code == ERROR_DISCONNECTED)
		error_before(e, "no server ('mci up' starts one): ");
	return -1;
}
