/*
 * load SOCKET RECORDS PUBLISHERS SUBSCRIBERS LEVELS SEED
 *
 * Publishers and subscribers of a hub that comes and goes: they connect again, send again what was not
 * acknowledged (and some that was), and go on where they were, also when this program is started anew on the
 * same folder RECORDS. Publisher p asks for the level LEVELS[p % length]: d disk, o os. What they were told is
 * written there before anything follows from it, with the time (CLOCK_MONOTONIC, ns):
 *
 *	pub-P:  ack NS FROM TO OFFSET REPEATS | error NS REPLY        once the reply has been read
 *	sub-S:  start NS REPLY | seen NS EPOCH OFFSET P SEQ | bad NS LINE | error NS REPLY
 *
 * The file RECORDS/runs-0 is made when signals are understood.
 * TERM: publishers have everything acknowledged and end, then subscribers when they have seen it all; status 0,
 * or 1 after a minute without that. USR1: all stop where they are; status 0.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "event.h"

#define SECOND 1000000000L
#define PATIENCE (60 * SECOND)
#define LINE_MOST (1 << 20)
#define BATCH 12
#define AGAIN 20 /* acknowledged events that are sent again after a break */

static struct shared {
	volatile int stopping;
	volatile long last[PUBLISHERS_MOST]; /* what each has published, once it has ended; 0: it runs */
} *shared;

static const char *address, *records;
static int npublishers;

struct wire {
	int fd;
	size_t at, n; /* what was read and not handed out */
	char buffer[LINE_MOST];
};

static long
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

static void
pause_for(long ns)
{
	nanosleep(&(struct timespec){ ns / SECOND, ns % SECOND }, NULL);
}

static void
die(const char *what)
{
	perror(what);
	_exit(1);
}

/* Whole lines in one write: they are there when this process is killed right after. */
static void
record(int fd, const char *text, size_t n)
{
	if (write(fd, text, n) != (ssize_t)n)
		die("record");
}

static void __attribute__((format(printf, 2, 3)))
note(int fd, const char *format, ...)
{
	char line[2048];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	if (n > (int)sizeof(line) - 2)
		n = (int)sizeof(line) - 2;
	line[n] = '\n';
	record(fd, line, (size_t)n + 1);
}

static void
wire_close(struct wire *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
	w->at = w->n = 0;
}

/* Until the hub is there. */
static void
wire_open(struct wire *w)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	long until = now() + PATIENCE;

	snprintf(name.sun_path, sizeof(name.sun_path), "%s", address);
	while (now() < until) {
		w->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (w->fd < 0)
			die("socket");
		if (connect(w->fd, (const struct sockaddr *)&name, sizeof(name)) == 0)
			return;
		wire_close(w);
		pause_for(2000000);
	}
	fprintf(stderr, "load: the hub did not come back\n");
	_exit(1);
}

static bool
wire_send(const struct wire *w, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t done = send(w->fd, p, n, MSG_NOSIGNAL);

		if (done < 0)
			return false;
		p += done;
		n -= (size_t)done;
	}
	return true;
}

/* A line with its newline cut off, NULL when there is none: closed, or *late after the time. */
static char *
wire_line(struct wire *w, int ms, size_t most, bool *late)
{
	*late = false;
	for (;;) {
		char *line = w->buffer + w->at, *end = memchr(line, '\n', w->n - w->at);
		struct pollfd p = { w->fd, POLLIN, 0 };
		ssize_t got;

		if (end != NULL) {
			*end = '\0';
			w->at = (size_t)(end + 1 - w->buffer);
			return line;
		}
		memmove(w->buffer, line, w->n - w->at);
		w->n -= w->at;
		w->at = 0;
		if (poll(&p, 1, ms) == 0) {
			*late = true;
			return NULL;
		}
		if (w->n == sizeof(w->buffer))
			return NULL;
		got = read(w->fd, w->buffer + w->n, sizeof(w->buffer) - w->n < most ? sizeof(w->buffer) - w->n : most);
		if (got <= 0)
			return NULL;
		w->n += (size_t)got;
	}
}

/* The reply to a request; NULL when the link broke. */
static char *
wire_reply(struct wire *w, long id)
{
	char front[64];
	bool late;
	int n = snprintf(front, sizeof(front), "{\"jsonrpc\":\"2.0\",\"id\":%ld,", id);

	for (;;) {
		char *line = wire_line(w, -1, sizeof(w->buffer), &late);

		if (line == NULL || strncmp(line, front, (size_t)n) == 0)
			return line;
		fprintf(stderr, "load: not the reply to %ld: %s\n", id, line);
		_exit(1);
	}
}

static int
open_record(const char *kind, int number)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%s-%d", records, kind, number);
	fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (fd < 0)
		die(path);
	return fd;
}

/* Calls each with every line of a record that is there. */
static void
read_record(int fd, void (*each)(void *arg, const char *line), void *arg)
{
	FILE *f = fdopen(dup(fd), "r");
	char *line = NULL;
	size_t size = 0;

	while (f != NULL && getline(&line, &size, f) > 0)
		each(arg, line);
	free(line);
	if (f != NULL)
		fclose(f);
}

static void
note_acked(void *arg, const char *line)
{
	long *acked = arg, to;

	if (sscanf(line, "ack %*d %*d %ld", &to) == 1 && to > *acked)
		*acked = to;
}

static size_t
request_write(char *into, long id, int p, long from, long to, const char *level)
{
	size_t n = (size_t)sprintf(into, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"method\":\"event/publish\","
	    "\"params\":{\"sync\":\"%s\",\"events\":[", id, level);

	for (long seq = from; seq <= to; seq++) {
		if (seq > from)
			into[n++] = ',';
		n += event_write(into + n, p, seq);
	}
	memcpy(into + n, "]}}\n", 5);
	return n + 4;
}

/* Where to go on after a break: some events are sent again although they were acknowledged. */
static long
again_from(long acked)
{
	long from = acked + 1 - rand() % AGAIN;

	return from < 1 ? 1 : from;
}

static void
publisher(int p, const char *level)
{
	static char request[BATCH * EVENT_MOST + 256];
	static struct wire w = { .fd = -1 };
	int fd = open_record("pub", p);
	long acked = 0, sent, next, id = 0;
	bool last = false; /* a new event after all others have ended: whoever has seen it has seen all */

	read_record(fd, note_acked, &acked);
	sent = acked;
	next = again_from(acked);
	while (!last || acked < sent) {
		long to = next + rand() % BATCH, offset, repeats;
		char *reply, *result;

		if (shared->stopping && !last) {
			last = true;
			sent += BATCH + 1; /* what was not acknowledged may be there already */
		}
		if (w.fd < 0)
			wire_open(&w);
		if (to > sent)
			sent = to;
		if (!wire_send(&w, request, request_write(request, ++id, p, next, to, level)) ||
		    (reply = wire_reply(&w, id)) == NULL) {
			wire_close(&w);
			next = again_from(acked);
			continue;
		}
		result = strstr(reply, "\"result\":");
		if (result != NULL && sscanf(result, "\"result\":{\"offset\":%ld,\"repeats\":%ld}", &offset, &repeats) == 2) {
			note(fd, "ack %ld %ld %ld %ld %ld", now(), next, to, offset, repeats);
			acked = to > acked ? to : acked;
			next = to + 1;
		} else {
			note(fd, "error %ld %s", now(), reply);
			next = again_from(acked);
		}
		pause_for(rand() % 8000000);
	}
	shared->last[p] = acked > 0 ? acked : -1;
}

struct reader {
	const struct subscriber_kind *kind;
	int number, fd;
	long epoch, offset; /* of the event seen last */
	long seen[PUBLISHERS_MOST]; /* since this program runs: what was seen before may be gone */
	struct wire stream, calls;
	long id;
};

static void
note_seen(void *arg, const char *line)
{
	struct reader *r = arg;

	sscanf(line, "seen %*d %ld %ld", &r->epoch, &r->offset);
}

/* Connects and subscribes; until it has worked. */
static void
subscribe(struct reader *r)
{
	char request[512], *reply, *result;
	long epoch, offset;
	int n;

	for (;;) {
		wire_open(&r->stream);
		n = sprintf(request, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"method\":\"event/subscribe\",\"params\":{\"from\":",
		    ++r->id);
		if (r->kind->durable || r->offset == 0)
			n += sprintf(request + n, "\"start\"");
		else
			n += sprintf(request + n, "%ld,\"epoch\":%ld", r->offset + 1, r->epoch);
		if (r->kind->durable)
			n += sprintf(request + n, ",\"durable\":\"d%d\"", r->number);
		n += sprintf(request + n, ",\"synced\":%s%s}}\n", r->kind->synced ? "true" : "false", r->kind->params);
		reply = wire_send(&r->stream, request, (size_t)n) ? wire_reply(&r->stream, r->id) : NULL;
		result = reply == NULL ? NULL : strstr(reply, "\"result\":");
		if (result != NULL && sscanf(result, "\"result\":{\"epoch\":%ld,\"offset\":%ld", &epoch, &offset) == 2) {
			note(r->fd, "start %ld %s", now(), reply);
			r->epoch = epoch;
			return;
		}
		if (reply != NULL)
			note(r->fd, "error %ld %s", now(), reply);
		wire_close(&r->stream);
		pause_for(2000000);
	}
}

static void
acknowledge(struct reader *r)
{
	char request[256], *reply;
	int n;

	if (r->calls.fd < 0)
		wire_open(&r->calls);
	n = sprintf(request, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"method\":\"event/acknowledge\","
	    "\"params\":{\"name\":\"d%d\",\"epoch\":%ld,\"offset\":%ld}}\n", ++r->id, r->number, r->epoch, r->offset);
	reply = wire_send(&r->calls, request, (size_t)n) ? wire_reply(&r->calls, r->id) : NULL;
	if (reply == NULL)
		wire_close(&r->calls);
	else if (strstr(reply, "\"error\":") != NULL)
		note(r->fd, "error %ld %s", now(), reply);
}

static void
see(struct reader *r, const char *line)
{
	long offset, seq;
	int p;

	if (strncmp(line, "{\"type\":", 8) == 0) {
		note(r->fd, "said %ld %s", now(), line);
		return;
	}
	if (!event_read(line, strlen(line), &offset, &p, &seq)) {
		note(r->fd, "bad %ld %s", now(), line);
		return;
	}
	note(r->fd, "seen %ld %ld %ld %d %ld", now(), r->epoch, offset, p, seq);
	r->offset = offset;
	if (seq > r->seen[p])
		r->seen[p] = seq;
}

static bool
all_seen(const struct reader *r)
{
	for (int p = 0; p < npublishers; p++) {
		if (r->kind->only >= 0 && p != r->kind->only)
			continue;
		if (shared->last[p] == 0 || r->seen[p] < shared->last[p])
			return false;
	}
	return true;
}

static void
subscriber(int number)
{
	static struct reader r;
	int unacknowledged = 0;
	long until = 0;
	bool late;

	r.kind = &subscriber_kinds[number % 8];
	r.number = number;
	r.fd = open_record("sub", number);
	r.stream.fd = r.calls.fd = -1;
	read_record(r.fd, note_seen, &r);
	while (!all_seen(&r)) {
		char *line;

		if (r.stream.fd < 0)
			subscribe(&r);
		line = wire_line(&r.stream, 50, r.kind->slow ? 3000 : sizeof(r.stream.buffer), &late);
		if (line != NULL) {
			see(&r, line);
			unacknowledged++;
		} else if (!late) {
			wire_close(&r.stream);
		}
		if (r.kind->durable && unacknowledged > 0 && (unacknowledged >= 64 || line == NULL)) {
			acknowledge(&r);
			unacknowledged = 0;
		}
		if (r.kind->slow)
			pause_for(rand() % 200000);
		if (shared->stopping && until == 0)
			until = now() + PATIENCE;
		if (until > 0 && now() > until) {
			fprintf(stderr, "load: subscriber %d has not seen all: at offset %ld\n", number, r.offset);
			_exit(1);
		}
	}
}

static pid_t
start(int number, const char *level, unsigned seed)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid > 0)
		return pid;
	signal(SIGTERM, SIG_IGN);
	signal(SIGUSR1, SIG_DFL);
	srand(seed * 1000003u + (unsigned)number + (level == NULL ? 100u : 0u));
	if (level != NULL)
		publisher(number, level);
	else
		subscriber(number);
	_exit(0);
}

static volatile sig_atomic_t abandoned;

static void
on_signal(int signal)
{
	shared->stopping = 1;
	if (signal == SIGUSR1)
		abandoned = 1;
}

int
main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	pid_t pids[PUBLISHERS_MOST + SUBSCRIBERS_MOST];
	int n = 0, left, status, failed = 0, nsubscribers;
	unsigned seed;

	if (argc != 7 || (npublishers = atoi(argv[3])) > PUBLISHERS_MOST ||
	    (nsubscribers = atoi(argv[4])) > SUBSCRIBERS_MOST || argv[5][0] == '\0')
		return 2;
	address = argv[1];
	records = argv[2];
	seed = (unsigned)atoi(argv[6]);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	close(open_record("runs", 0));
	for (int p = 0; p < npublishers; p++)
		pids[n++] = start(p, argv[5][(size_t)p % strlen(argv[5])] == 'd' ? "disk" : "os", seed);
	for (int s = 0; s < nsubscribers; s++)
		pids[n++] = start(s, NULL, seed);
	for (left = n; left > 0;) {
		if (abandoned) {
			for (int i = 0; i < n; i++)
				kill(pids[i], SIGKILL);
		}
		if (waitpid(-1, &status, 0) > 0) {
			left--;
			failed |= status;
		}
	}
	return failed != 0 && !abandoned;
}
