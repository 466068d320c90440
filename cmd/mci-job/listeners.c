#include "listeners.h"

#include <stdio.h>

#include "bytes.h"
#include "error.h"
#include "memory.h"
#include "textfile.h"

#define TABLE_LIMIT (16 * 1024 * 1024)
#define LISTENS 0x0a /* TCP_LISTEN, as the table writes it */

static bool
table_has(const char *path, int port)
{
	AUTO_BYTES text = { 0 };
	struct textfile_lines lines;
	struct span line;
	struct error e;
	bool found = false;

	if (textfile_read(&text, path, TABLE_LIMIT, &e) < 0)
		return false;
	lines = (struct textfile_lines){ .rest = { text.data, text.len } };
	while (!found && textfile_line(&lines, &line)) {
		AUTO_FREE char *own = xmemdup(line.p, line.n);
		unsigned local, state;

		/* sl local_address:PORT remote_address:PORT st ... */
		found = sscanf(own, " %*u: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x", &local, &state) == 2 &&
		    state == LISTENS && (int)local == port;
	}
	return found;
}

bool
listeners_have(pid_t pid, int port)
{
	static const char *const tables[] = { "tcp", "tcp6" };
	bool found = false;

	for (size_t i = 0; i < 2 && !found; i++) {
		AUTO_FREE char *path = pid == 0 ? xformat("/proc/self/net/%s", tables[i]) :
		    xformat("/proc/%d/net/%s", (int)pid, tables[i]);

		found = table_has(path, port);
	}
	return found;
}
