#include "api.h"

#include <stdlib.h>

#include "address.h"
#include "folder.h"
#include "login.h"
#include "memory.h"

int
api_far(char **address, struct error *e)
{
	const char *known = getenv("MCI_API");

	*address = NULL;
	if (known == NULL || *known == '\0')
		return login_current(address, e);
	if (address_is_far(known))
		*address = xstrdup(known);
	return 0;
}

char *
api_address(struct error *e)
{
	const char *known = getenv("MCI_API");
	AUTO_FREE char *folder = NULL;
	char *far;

	if (known != NULL && *known != '\0')
		return xstrdup(known);
	if (login_current(&far, e) < 0)
		return NULL;
	if (far != NULL)
		return far;
	folder = folder_sockets(e);
	return folder == NULL ? NULL : xformat("unix:%s/mci.sock", folder);
}

int
api_missing(struct error *e)
{
	char *far = NULL;

	if (e == NULL || e->code != ERROR_DISCONNECTED)
		return -1;
	if (api_far(&far, NULL) == 0 && far == NULL)
		error_before(e, "no server ('mci up' starts one): ");
	free(far);
	return -1;
}
