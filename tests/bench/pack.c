/* pack FOLDER NAME.log: puts a log into its compressed form, as a server does. */
#include <fcntl.h>
#include <stdio.h>

#include "logcompress.h"

int
main(int argc, char **argv)
{
	int dir = argc == 3 ? open(argv[1], O_RDONLY | O_DIRECTORY) : -1;
	struct error e;

	if (dir >= 0 && logcompress(dir, argv[2], NULL, NULL, &e) == 0)
		return 0;
	fprintf(stderr, "pack: %s\n", dir >= 0 ? e.text : "expected FOLDER NAME.log");
	return 1;
}
