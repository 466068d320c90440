#include "output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emit.h"
#include "kernel.h"
#include "terminal.h"
#include "timestamp.h"
#include "utf8.h"

/* What is gathered before it is written. */
#define BATCH 65536
/* What one JSON line carries of a log's line at most. */
#define PIECE 65536
/* What is copied in one call, so that a follower's other logs get their turn. */
#define COPY_STEP (16 << 20)

static int
write_error(struct error *e)
{
	return error_sys(e, "write standard output");
}

void
output_init(struct output *o, const char *color)
{
	o->terminal = isatty(STDOUT_FILENO);
	o->color = terminal_color(STDOUT_FILENO, color);
}

int
output_flush(struct output *o, struct error *e)
{
	if (o->buffer.len > 0 &&
	    kernel_write_all(STDOUT_FILENO, o->buffer.data, o->buffer.len) < 0)
		return write_error(e);
	o->buffer.len = 0;
	return 0;
}

static int
flush_batch(struct output *o, struct error *e)
{
	return o->buffer.len < BATCH ? 0 : output_flush(o, e);
}

/* RFC 4648 section 4. */
static void
base64(struct bytes *b, const char *from, size_t n)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)from;

	for (; n > 0; p += 3) {
		size_t got = n < 3 ? n : 3;
		unsigned group = (unsigned)p[0] << 16 | (got > 1 ? (unsigned)p[1] << 8 : 0) |
		    (got > 2 ? p[2] : 0U);

		bytes_char(b, digits[group >> 18]);
		bytes_char(b, digits[group >> 12 & 63]);
		bytes_char(b, got > 1 ? digits[group >> 6 & 63] : '=');
		bytes_char(b, got > 2 ? digits[group & 63] : '=');
		n -= got;
	}
}

/* A piece that is followed by more ends before a character that it would cut. */
static size_t
whole_characters(const char *p, size_t n)
{
	for (size_t back = 1; back <= 3 && back <= n; back++) {
		unsigned char c = (unsigned char)p[n - back];

		if (c < 0x80)
			return n;
		if (c >= 0xc0)
			return utf8_length(p + n - back, back) == 0 ? n - back : n;
	}
	return n;
}

static void
json_piece(struct output *o, const struct source *s, struct span text, bool more)
{
	static const char *const streams[] = { NULL, "stdout", "stderr" };
	struct bytes *b = &o->buffer;

	emit_open(b);
	if (s->time > 0)
		emit_time(b, "time", s->time);
	if (s->job != NULL) {
		emit_text(b, "job", s->job);
		emit_integer(b, "attempt", s->attempt);
	} else {
		emit_bool(b, "script", true);
	}
	emit_integer(b, "line", (int64_t)s->number);
	if (s->stream == 1 || s->stream == 2)
		emit_text(b, "stream", streams[s->stream]);
	if (utf8_valid(text.p, text.n)) {
		emit_span(b, "text", text);
	} else {
		emit_key(b, "b64");
		bytes_char(b, '"');
		base64(b, text.p, text.n);
		bytes_char(b, '"');
	}
	if (more)
		emit_bool(b, "more", true);
	emit_line(b);
}

static int
json_line(struct output *o, struct source *s, int64_t end, struct error *e)
{
	int64_t at = s->at;

	do {
		size_t want = end - at < PIECE ? (size_t)(end - at) : PIECE;
		struct span piece;
		bool more = end - at > PIECE;

		if (source_piece(s, at, want, &piece, e) < 0)
			return -1;
		if (more)
			piece.n = whole_characters(piece.p, piece.n);
		else if (piece.n < want)
			end = at + (int64_t)piece.n; /* the file was cut under us */
		json_piece(o, s, piece, more);
		at += (int64_t)piece.n;
		if (flush_batch(o, e) < 0)
			return -1;
	} while (at < end);
	return 0;
}

/* A job's colour: the same wherever it appears; none that means failure. */
static const char *
job_color(size_t place)
{
	static const char *const colors[] = { "\033[36m", "\033[33m", "\033[32m", "\033[35m",
		"\033[34m", "\033[96m", "\033[93m", "\033[92m", "\033[95m", "\033[94m" };

	return colors[place % (sizeof(colors) / sizeof(colors[0]))];
}

static void
line_head(struct output *o, const struct source *s)
{
	struct bytes *b = &o->buffer;

	if (o->time) {
		timestamp_write(b, s->time);
		bytes_char(b, ' ');
	}
	if (!o->prefix)
		return;
	if (o->color)
		bytes_text(b, job_color(s->place));
	bytes_text(b, s->name);
	bytes_text(b, " | ");
	if (o->color)
		bytes_text(b, "\033[0m");
}

static void
add_text(struct output *o, struct span text)
{
	if (o->terminal)
		terminal_safe(&o->buffer, text.p, text.n, o->color);
	else
		bytes_add(&o->buffer, text.p, text.n);
}

static int
text_line(struct output *o, struct source *s, int64_t end, struct error *e)
{
	int64_t at = s->at;
	bool colored = false;

	line_head(o, s);
	while (at < end) {
		struct span piece;

		if (source_piece(s, at, end - at < PIECE ? (size_t)(end - at) : PIECE, &piece, e) < 0)
			return -1;
		if (piece.n == 0)
			break;
		colored = colored || (o->color && memchr(piece.p, '\033', piece.n) != NULL);
		add_text(o, piece);
		at += (int64_t)piece.n;
		if (flush_batch(o, e) < 0)
			return -1;
	}
	/* one job's colour does not run into the next one's line */
	if (colored && o->prefix)
		bytes_text(&o->buffer, "\033[0m");
	bytes_char(&o->buffer, '\n');
	return flush_batch(o, e);
}

int
output_line(struct output *o, struct source *s, struct error *e)
{
	struct span last;
	int64_t end = s->end;

	if (source_piece(s, end - 1, 1, &last, e) < 0)
		return -1;
	end -= last.n == 1 && *last.p == '\n';
	return o->json ? json_line(o, s, end, e) : text_line(o, s, end, e);
}

/* How many bytes can be shown now: not the start of a character, a colour or CR LF that may go on. */
static size_t
complete(const char *p, size_t n)
{
	size_t from = n > 48 ? n - 48 : 0;
	const char *escape = n == 0 ? NULL : memrchr(p + from, '\033', n - from);

	if (escape != NULL) {
		size_t behind = (size_t)(p + n - escape);
		size_t params = behind < 2 ? 0 : strspn(escape + 2, "0123456789;:");

		if (behind == 1 || (escape[1] == '[' && params == behind - 2))
			return (size_t)(escape - p);
	}
	if (n > 0 && p[n - 1] == '\r')
		return n - 1;
	return n > 0 && (unsigned char)p[n - 1] >= 0x80 ? whole_characters(p, n) : n;
}

static int
raw_terminal(struct output *o, struct source *s, struct error *e)
{
	for (;;) {
		struct span piece;
		size_t want = s->to - s->at < PIECE ? (size_t)(s->to - s->at) : PIECE;
		size_t n;

		if (s->at >= s->to || source_piece(s, s->at, want, &piece, e) < 0)
			return s->at >= s->to ? 0 : -1;
		if (piece.n == 0)
			return 0;
		s->at += (int64_t)piece.n;
		bytes_add(&o->held, piece.p, piece.n);
		bytes_string(&o->held);
		n = complete(o->held.data, o->held.len);
		terminal_safe(&o->buffer, o->held.data, n, o->color);
		o->colored = o->colored || (o->color && memchr(o->held.data, '\033', n) != NULL);
		bytes_drop(&o->held, n);
		if (flush_batch(o, e) < 0)
			return -1;
	}
}

/* The kernel copies, if it can do so between these two files; else 0 with EINVAL or the like, or -1. */
static ssize_t
copy_by_kernel(const struct source *s, int64_t *at, size_t n, bool file)
{
	ssize_t done = -1;

	if (file)
		done = copy_file_range(s->fd, at, STDOUT_FILENO, NULL, n, 0);
	/* appending, across file systems, or no regular file */
	if (done < 0 && errno != ENOSPC && errno != EIO)
		done = sendfile(STDOUT_FILENO, s->fd, at, n);
	return done;
}

static ssize_t
copy_by_hand(struct source *s, int64_t *at, size_t n, struct error *e)
{
	struct span piece;

	if (source_piece(s, *at, n < PIECE ? n : PIECE, &piece, e) < 0)
		return -1;
	if (kernel_write_all(STDOUT_FILENO, piece.p, piece.n) < 0)
		return write_error(e);
	*at += (int64_t)piece.n;
	return (ssize_t)piece.n;
}

static bool
unsupported(int sys)
{
	return sys == EINVAL || sys == ENOSYS || sys == EOPNOTSUPP || sys == EXDEV || sys == EBADF;
}

int
output_raw(struct output *o, struct source *s, struct error *e)
{
	struct stat st;
	bool file = fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode);

	if (o->terminal)
		return raw_terminal(o, s, e);
	if (output_flush(o, e) < 0)
		return -1;
	while (s->at < s->to) {
		int64_t left = s->to - s->at;
		size_t n = left < COPY_STEP ? (size_t)left : COPY_STEP;
		ssize_t done = copy_by_kernel(s, &s->at, n, file);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0 && !unsupported(errno))
			return write_error(e);
		if (done < 0 && (done = copy_by_hand(s, &s->at, n, e)) < 0)
			return -1;
		if (done == 0)
			return 0;
	}
	return 0;
}

int
output_end(struct output *o, struct error *e)
{
	terminal_safe(&o->buffer, o->held.data, o->held.len, o->color);
	o->held.len = 0;
	if (o->colored)
		bytes_text(&o->buffer, "\033[0m");
	return output_flush(o, e);
}

void
output_note(struct output *o, const char *format, ...)
{
	va_list ap;

	if (o->quiet)
		return;
	(void)output_flush(o, NULL);
	va_start(ap, format);
	fputs("mci-log: ", stderr);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
	va_end(ap);
}

void
output_free(struct output *o)
{
	bytes_free(&o->buffer);
	bytes_free(&o->held);
}
