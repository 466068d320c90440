#include <locale.h>

#include "option.h"
#include "standard.h"
#include "verbs.h"

static const struct command *const verbs[] = {
	&archive_pack_command,
	&archive_unpack_command,
	&archive_ls_command,
};

int
main(int argc, char **argv)
{
	standard_begin();
	/* libarchive takes names in UTF-8, as pax has them, only through a locale of it */
	setlocale(LC_CTYPE, "C.UTF-8");
	return option_dispatch(PROGRAM, "turns archives into entries and back", verbs,
	    sizeof(verbs) / sizeof(verbs[0]), argc, argv);
}
