#include "tails.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"
#include "logfile.h"
#include "memory.h"
#include "terminal.h"

/* Enough for a last line of anything that a person reads. */
#define LINE_BYTES 1024

char *
tails_path(const struct fold *f, const char *folder)
{
	struct bytes path = { 0 };

	if (f->logs != NULL && access(f->logs, F_OK) == 0)
		return xstrdup(f->logs);
	bytes_format(&path, "%s/", folder);
	logfile_folder(&path, (int)f->run);
	return bytes_give(&path);
}

int
tails_open(const struct fold *f)
{
	AUTO_FREE char *path = f->folder == NULL ? NULL : tails_path(f, f->folder);

	return path == NULL ? -1 : kernel.open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
}

/* The last bytes of the log into buffer; 0 when it has not grown past *size or cannot be read. */
static size_t
end_read(int logs, const char *job, int attempt, off_t *size, char *buffer, size_t n)
{
	AUTO_BYTES name = { 0 };
	AUTO_CLOSE int fd = -1;
	struct stat st;
	ssize_t got;

	logfile_name(&name, job, attempt, "log");
	if (logs < 0 || fstatat(logs, bytes_string(&name), &st, 0) < 0 || st.st_size == *size)
		return 0;
	fd = kernel.open(logs, name.data, O_RDONLY | O_NONBLOCK, 0);
	if (fd < 0)
		return 0;
	*size = st.st_size;
	got = kernel.pread(fd, buffer, n, st.st_size > (off_t)n ? st.st_size - (off_t)n : 0);
	return got < 0 ? 0 : (size_t)got;
}

void
tails_last(struct tail *t, int logs, const char *job, int attempt)
{
	char text[LINE_BYTES];
	size_t n = end_read(logs, job, attempt, &t->size, text, sizeof(text));
	size_t from;

	while (n > 0 && strchr("\r\n\t ", text[n - 1]) != NULL)
		n--;
	/* what stands behind a carriage return is what a terminal would show last */
	for (from = n; from > 0 && text[from - 1] != '\n' && text[from - 1] != '\r';)
		from--;
	if (n == from)
		return;
	t->line.len = 0;
	bytes_add(&t->line, text + from, n - from);
}

int
tails_cut(struct bytes *into, struct span text, int lines, bool color)
{
	size_t n = text.n, from;
	int count = 0;

	while (n > 0 && text.p[n - 1] == '\n')
		n--;
	if (n == 0)
		return 0;
	for (from = n; from > 0; from--) {
		if (text.p[from - 1] == '\n' && ++count == lines)
			break;
	}
	terminal_safe(into, text.p + from, n - from, color);
	if (color)
		bytes_text(into, "\033[m");
	bytes_char(into, '\n');
	return count < lines ? count + 1 : count;
}

int
tails_lines(struct bytes *into, int logs, const char *job, int attempt, int lines, bool color)
{
	char text[TAILS_BYTES];
	off_t size = 0;
	size_t n = end_read(logs, job, attempt, &size, text, sizeof(text));

	return tails_cut(into, (struct span){ text, n }, lines, color);
}
