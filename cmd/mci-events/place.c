#include "place.h"

#include <stdlib.h>
#include <string.h>

#include "folder.h"
#include "memory.h"
#include "option.h"

char *
place_address(const char *given, struct error *e)
{
	const char *known = given != NULL ? given : getenv("MCI_EVENTS");
	AUTO_FREE char *sockets = NULL;

	if (known != NULL && *known != '\0')
		return xstrdup(known);
	sockets = folder_sockets(e);
	return sockets == NULL ? NULL : xformat("unix:%s/events.sock", sockets);
}

char *
place_folder(const char *given, struct error *e)
{
	AUTO_FREE char *home = NULL;

	if (given != NULL)
		return xstrdup(given);
	home = folder_state(e);
	return home == NULL ? NULL : xformat("%s/events", home);
}

int
place_complain(const struct error *e)
{
	option_complain("mci-events", e);
	return error_status(e);
}
