/*
 * hubload fan|mci|mci-own|nats|redis|mqtt ADDRESS SUBSCRIBERS SIZE EVENTS RATE [STALLED]
 * hubload ack mci|js|stream ADDRESS SIZE EVENTS BATCH
 * hubload catch mci|- ADDRESS EVENTS
 *
 * One light client for all hubs, so that what differs is the hub. One process publishes, one holds all
 * subscribers. ADDRESS is the path of a Unix socket, else a port of this machine. The same bytes are published
 * everywhere: an event of a build, SIZE bytes with its newline.
 *
 * RATE 0: as fast as it goes, the publisher never more than 8 MB ahead of the mean subscriber. Prints events
 * delivered a second, and the part of all that came. Else so many events a second, each in a write of its own;
 * prints the median and the 99th percentile of the time to a subscriber, in microseconds. The last STALLED
 * subscribers read nothing.
 * ack: BATCH events, then all acknowledgements, again and again; prints events a second.
 * catch: reads a log from its start (-: from standard input); prints megabytes a second.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000L
#define ALWAYS_19_DIGITS (1000000000L * SECOND) /* JSON has no zeros in front */
#define ROOM (256 * 1024)
#define AHEAD (8 << 20)
#define TIMES_MOST 4000000

static struct shared {
	volatile long delivered, ready, over;
	volatile long ntimes;
	float times[TIMES_MOST];
} *shared;

static size_t size, frame, front; /* of an event; of what carries it, where that is fixed; of what is before it */
static bool timed;
static int run_number; /* another build each time: a hub drops what it has already */

struct hub {
	const char *name;
	/* speaks until the connection publishes or is subscribed */
	void (*begin)(int fd, bool subscribes, int number);
	/* writes an event as it is published; the length */
	size_t (*publish)(char *into);
	/* counts the events in n bytes; *used of them are done with */
	long (*count)(int fd, const char *p, size_t n, size_t *used);
};

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static long
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

static int
dial(const char *address)
{
	struct sockaddr_un path = { .sun_family = AF_UNIX };
	struct sockaddr_in port = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	bool local = strchr(address, '/') != NULL;
	int fd = socket(local ? AF_UNIX : AF_INET, SOCK_STREAM, 0), one = 1;

	port.sin_port = htons((uint16_t)atoi(address));
	snprintf(path.sun_path, sizeof(path.sun_path), "%s", address);
	if (local ? connect(fd, (struct sockaddr *)&path, sizeof(path)) : connect(fd, (struct sockaddr *)&port, sizeof(port)))
		die(address);
	if (!local)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static void
give(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, p, n);

		if (done < 0)
			die("write");
		p += done;
		n -= (size_t)done;
	}
}

static void
say(int fd, const char *text)
{
	give(fd, text, strlen(text));
}

/* A line, in small reads: only for beginnings. */
static char *
hear(int fd)
{
	static char line[4096];
	size_t n = 0;

	do {
		if (n == sizeof(line) - 1 || read(fd, line + n, 1) != 1)
			die("the hub does not answer");
	} while (line[n++] != '\n');
	line[n] = '\0';
	return line;
}

/* Making an event costs next to nothing: only the digits change. */
static char event[65536];
static char *event_seq, *event_time; /* the last digit; the first */

static void
event_first(void)
{
	size_t n = (size_t)sprintf(event, "{\"type\":\"command/end\",\"t\":%ld,\"build\":\"bench/zlib/%07d\","
	    "\"run\":1,\"seq\":1000000000,\"job\":\"unit\",\"text\":\"", ALWAYS_19_DIGITS, run_number);

	memset(event + n, 'x', size - n - 3);
	memcpy(event + size - 3, "\"}\n", 3);
	event_time = strstr(event, "\"t\":") + 4;
	event_seq = strstr(event, ",\"job\":") - 1;
}

static void
event_next(void)
{
	char *digit = event_seq, stamp[32];

	while (*digit == '9')
		*digit-- = '0';
	++*digit;
	if (timed) {
		snprintf(stamp, sizeof(stamp), "%ld", now() + ALWAYS_19_DIGITS);
		memcpy(event_time, stamp, 19);
	}
}

/* The time since the event was made, for the percentiles. */
static void
note_time(const char *line, size_t n)
{
	const char *t = memmem(line, n < 300 ? n : 300, "\"t\":", 4);

	if (t != NULL && shared->ntimes < TIMES_MOST)
		shared->times[shared->ntimes++] = (float)(now() + ALWAYS_19_DIGITS - strtol(t + 4, NULL, 10)) / 1e3f;
}

/* ---- lines: the plain fan-out and mci-events */

static size_t
line_publish(char *into)
{
	memcpy(into, event, size);
	return size;
}

static long
line_count(int fd, const char *p, size_t n, size_t *used)
{
	const char *at = p, *end;
	long events = 0;

	(void)fd;
	while ((end = memchr(at, '\n', n - (size_t)(at - p))) != NULL) {
		if (timed)
			note_time(at, (size_t)(end - at));
		at = end + 1;
		events++;
	}
	*used = (size_t)(at - p);
	return events;
}

static void
fan_begin(int fd, bool subscribes, int number)
{
	(void)number;
	say(fd, subscribes ? "S\n" : "P\n");
	if (subscribes)
		hear(fd);
}

static void
mci_begin(int fd, bool subscribes, int number)
{
	(void)number;
	if (!subscribes)
		return;
	say(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"event/subscribe\"}\n");
	hear(fd);
}

/* Only the events of this run, while others publish. */
static void
mci_own_begin(int fd, bool subscribes, int number)
{
	char request[256];

	(void)number;
	if (!subscribes)
		return;
	snprintf(request, sizeof(request), "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"event/subscribe\","
	    "\"params\":{\"build\":\"bench/zlib/%07d\"}}\n", run_number);
	say(fd, request);
	hear(fd);
}

/* ---- NATS */

static void
nats_begin(int fd, bool subscribes, int number)
{
	(void)number;
	hear(fd);
	say(fd, "CONNECT {\"verbose\":false,\"pedantic\":false}\r\nPING\r\n");
	hear(fd);
	if (!subscribes)
		return;
	say(fd, "SUB x 1\r\nPING\r\n");
	hear(fd);
}

static size_t
nats_publish(char *into)
{
	size_t n = (size_t)sprintf(into, "PUB x %zu\r\n", size);

	memcpy(into + n, event, size);
	memcpy(into + n + size, "\r\n", 2);
	return n + size + 2;
}

static long
nats_count(int fd, const char *p, size_t n, size_t *used)
{
	const char *at = p, *limit = p + n, *end;
	long events = 0;

	while ((end = memchr(at, '\n', (size_t)(limit - at))) != NULL) {
		const char *number = end - 1;
		size_t length;

		if (*at != 'M') {
			if (strncmp(at, "PING", 4) == 0)
				say(fd, "PONG\r\n");
			at = end + 1;
			continue;
		}
		while (number[-1] != ' ')
			number--;
		length = (size_t)atol(number);
		if ((size_t)(limit - end - 1) < length + 2)
			break;
		if (timed)
			note_time(end + 1, length);
		at = end + 1 + length + 2;
		events++;
	}
	*used = (size_t)(at - p);
	return events;
}

/* ---- frames of a fixed size: redis and MQTT */

static long
frame_count(int fd, const char *p, size_t n, size_t *used)
{
	long events = (long)(n / frame);

	(void)fd;
	for (long i = 0; timed && i < events; i++)
		note_time(p + (size_t)i * frame + front, size);
	*used = (size_t)events * frame;
	return events;
}

static void
redis_begin(int fd, bool subscribes, int number)
{
	char head[128];

	(void)number;
	front = (size_t)sprintf(head, "*3\r\n$7\r\nmessage\r\n$1\r\nx\r\n$%zu\r\n", size);
	frame = front + size + 2;
	if (!subscribes)
		return;
	say(fd, "*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\nx\r\n");
	for (int i = 0; i < 6; i++)
		hear(fd);
}

static size_t
redis_publish(char *into)
{
	size_t n = (size_t)sprintf(into, "*3\r\n$7\r\nPUBLISH\r\n$1\r\nx\r\n$%zu\r\n", size);

	memcpy(into + n, event, size);
	memcpy(into + n + size, "\r\n", 2);
	return n + size + 2;
}

/* MQTT 3.1.1, section 2.2.3: the remaining length, seven bits a byte */
static size_t
mqtt_head(char *into)
{
	size_t left = 3 + size, n = 0;

	into[n++] = 0x30;
	do {
		into[n++] = (char)(left % 128 + (left >= 128 ? 128 : 0));
		left /= 128;
	} while (left > 0);
	memcpy(into + n, "\0\1x", 3);
	return n + 3;
}

static void
mqtt_begin(int fd, bool subscribes, int number)
{
	char packet[64], answer[8];
	int n;

	front = mqtt_head(packet);
	frame = front + size;
	memcpy(packet, "\x10\0\0\4MQTT\4\2\0\0\0", 13);
	n = sprintf(packet + 14, "c%06d", number);
	packet[1] = (char)(12 + n);
	packet[13] = (char)n;
	give(fd, packet, 14 + (size_t)n);
	if (read(fd, answer, 4) != 4)
		die("mqtt");
	if (!subscribes)
		return;
	give(fd, "\x82\6\0\1\0\1x\0", 8);
	if (read(fd, answer, 5) != 5)
		die("mqtt");
}

static size_t
mqtt_publish(char *into)
{
	size_t n = mqtt_head(into);

	memcpy(into + n, event, size);
	return n + size;
}

static const struct hub hubs[] = {
	{ "fan", fan_begin, line_publish, line_count },
	{ "mci", mci_begin, line_publish, line_count },
	{ "mci-own", mci_own_begin, line_publish, line_count },
	{ "nats", nats_begin, nats_publish, nats_count },
	{ "redis", redis_begin, redis_publish, frame_count },
	{ "mqtt", mqtt_begin, mqtt_publish, frame_count },
};

/* ---- many subscribers and a publisher */

struct reader {
	int fd;
	size_t n;
	char *bytes;
};

static void
read_one(const struct hub *h, struct reader *r)
{
	ssize_t got = read(r->fd, r->bytes + r->n, ROOM - r->n);
	size_t used;
	long events;

	if (got == 0 || (got < 0 && errno != EAGAIN)) {
		fprintf(stderr, "hubload: a subscriber was cut off\n");
		_exit(1);
	}
	if (got < 0)
		return;
	r->n += (size_t)got;
	events = h->count(r->fd, r->bytes, r->n, &used);
	memmove(r->bytes, r->bytes + used, r->n - used);
	r->n -= used;
	shared->delivered += events;
}

static void
subscribers(const struct hub *h, const char *address, int n, int stalled, long wanted)
{
	struct reader *readers = calloc((size_t)n, sizeof(*readers));
	struct epoll_event events[256];
	int loop = epoll_create1(0);

	for (int i = 0; i < n; i++) {
		readers[i] = (struct reader){ .fd = dial(address) };
		h->begin(readers[i].fd, true, i + 1);
		if (i >= n - stalled)
			continue;
		readers[i].bytes = malloc(ROOM);
		fcntl(readers[i].fd, F_SETFL, O_NONBLOCK);
		epoll_ctl(loop, EPOLL_CTL_ADD, readers[i].fd, &(struct epoll_event){ EPOLLIN, { .ptr = &readers[i] } });
	}
	shared->ready = 1;
	while (shared->delivered < wanted) {
		int got = epoll_wait(loop, events, 256, 10000);

		if (got == 0)
			break;
		for (int i = 0; i < got; i++)
			read_one(h, events[i].data.ptr);
	}
	shared->over = 1;
	/* stalled ones stay until the publisher has looked */
	pause();
}

static void
drain(int fd)
{
	static char unused[ROOM];
	ssize_t got = recv(fd, unused, sizeof(unused), MSG_DONTWAIT);

	if (got > 4 && memmem(unused, (size_t)got, "PING", 4) != NULL)
		say(fd, "PONG\r\n");
}

static void
publish(const struct hub *h, int fd, long events, double rate, int readers)
{
	static char out[ROOM];
	long ahead = AHEAD / (long)size / (readers > 8 ? readers / 8 : 1), next = now();

	if (ahead < 256)
		ahead = 256;
	for (long sent = 0; sent < events && !shared->over;) {
		size_t n = 0;

		if (rate > 0) {
			next += (long)(1e9 / rate);
			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME,
			    &(struct timespec){ next / SECOND, next % SECOND }, NULL);
			event_next();
			n = h->publish(out);
			sent++;
		} else {
			while (sent - shared->delivered / readers > ahead && !shared->over)
				usleep(50);
			while (n + size + 128 < ROOM / 4 && sent < events) {
				event_next();
				n += h->publish(out + n);
				sent++;
			}
		}
		give(fd, out, n);
		drain(fd);
	}
}

static int
compare(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static int
run(const struct hub *h, const char *address, int n, long events, double rate, int stalled)
{
	long readers = n - stalled, from, end;
	int fd, status;
	pid_t pid;

	timed = rate > 0;
	pid = fork();
	if (pid == 0)
		subscribers(h, address, n, stalled, events * readers);
	while (!shared->ready) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return 1;
		usleep(1000);
	}
	fd = dial(address);
	h->begin(fd, false, 0);
	event_first();
	from = now();
	publish(h, fd, events, rate, (int)readers);
	for (end = now() + 60 * SECOND; !shared->over && now() < end; usleep(100)) {
		drain(fd);
		if (waitpid(pid, &status, WNOHANG) == pid)
			return 1;
	}
	if (rate > 0 && shared->ntimes > 0) {
		qsort(shared->times, (size_t)shared->ntimes, sizeof(float), compare);
		printf("%.1f\t%.1f\n", (double)shared->times[shared->ntimes / 2],
		    (double)shared->times[shared->ntimes * 99 / 100]);
	} else {
		printf("%.0f\t%.4f\n", (double)shared->delivered / ((double)(now() - from) / 1e9),
		    (double)shared->delivered / (double)(events * readers));
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return 0;
}

/* ---- acknowledged */

static size_t
mci_batch(char *into, long first, int batch)
{
	size_t n = (size_t)sprintf(into, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"method\":\"event/publish\","
	    "\"params\":{\"sync\":\"disk\",\"events\":[", first + 1);

	for (int i = 0; i < batch; i++) {
		event_next();
		memcpy(into + n, event, size - 1);
		n += size - 1;
		into[n++] = i + 1 < batch ? ',' : ']';
	}
	memcpy(into + n, "}}\n", 3);
	return n + 3;
}

static size_t
js_batch(char *into, long first, int batch)
{
	size_t n = 0;

	(void)first;
	for (int i = 0; i < batch; i++) {
		event_next();
		n += (size_t)sprintf(into + n, "PUB x ack %zu\r\n", size);
		memcpy(into + n, event, size);
		memcpy(into + n + size, "\r\n", 2);
		n += size + 2;
	}
	return n;
}

static size_t
stream_batch(char *into, long first, int batch)
{
	size_t n = 0;

	(void)first;
	for (int i = 0; i < batch; i++) {
		event_next();
		n += (size_t)sprintf(into + n, "*5\r\n$4\r\nXADD\r\n$1\r\nx\r\n$1\r\n*\r\n$1\r\ne\r\n$%zu\r\n", size);
		memcpy(into + n, event, size);
		memcpy(into + n + size, "\r\n", 2);
		n += size + 2;
	}
	return n;
}

static void
js_begin(int fd)
{
	nats_begin(fd, false, 0);
	say(fd, "SUB ack 1\r\n");
}

/* How many lines an acknowledgement has. */
static const struct keeper {
	const char *name;
	void (*begin)(int fd);
	size_t (*batch)(char *into, long first, int batch);
	int lines;
	bool once; /* for the batch, not each event */
} keepers[] = {
	{ "mci", NULL, mci_batch, 1, true },
	{ "js", js_begin, js_batch, 2, false },
	{ "stream", NULL, stream_batch, 2, false },
};

static int
acknowledged(const struct keeper *k, const char *address, long events, int batch)
{
	static char in[ROOM];
	char *out = malloc((size_t)batch * (size + 128) + 256);
	int fd = dial(address);
	long from;

	if (k->begin != NULL)
		k->begin(fd);
	event_first();
	from = now();
	for (long done = 0; done < events; done += batch) {
		long lines = (long)k->lines * (k->once ? 1 : batch);

		give(fd, out, k->batch(out, done, batch));
		while (lines > 0) {
			ssize_t got = read(fd, in, sizeof(in));

			if (got <= 0)
				die("no acknowledgement");
			if (memmem(in, (size_t)got, "\"error\"", 7) != NULL || in[0] == '-') {
				fprintf(stderr, "hubload: %.*s\n", (int)got, in);
				return 1;
			}
			for (const char *p = in; (p = memchr(p, '\n', (size_t)(in + got - p))) != NULL; p++)
				lines--;
		}
	}
	printf("%.0f\n", (double)events / ((double)(now() - from) / 1e9));
	return 0;
}

/* ---- catching up */

static int
catch_up(const char *hub, const char *address, long events)
{
	static char bytes[ROOM];
	long seen = 0, total = 0, from = now();
	int fd = strcmp(hub, "-") == 0 ? 0 : dial(address);

	if (fd != 0) {
		say(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"event/subscribe\",\"params\":{\"from\":\"start\"}}\n");
		hear(fd);
	}
	while (seen < events) {
		ssize_t got = read(fd, bytes, sizeof(bytes));
		size_t used;

		if (got <= 0)
			break;
		total += got;
		seen += line_count(fd, bytes, (size_t)got, &used);
	}
	printf("%.1f\n", (double)total / 1e6 / ((double)(now() - from) / 1e9));
	return seen < events;
}

int
main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	run_number = getpid();
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (argc == 7 && strcmp(argv[1], "ack") == 0) {
		size = (size_t)atol(argv[4]);
		for (size_t i = 0; i < sizeof(keepers) / sizeof(keepers[0]); i++) {
			if (strcmp(argv[2], keepers[i].name) == 0)
				return acknowledged(&keepers[i], argv[3], atol(argv[5]), atoi(argv[6]));
		}
	}
	if (argc == 5 && strcmp(argv[1], "catch") == 0)
		return catch_up(argv[2], argv[3], atol(argv[4]));
	if (argc == 7 || argc == 8) {
		size = (size_t)atol(argv[4]);
		for (size_t i = 0; i < sizeof(hubs) / sizeof(hubs[0]); i++) {
			if (strcmp(argv[1], hubs[i].name) == 0)
				return run(&hubs[i], argv[2], atoi(argv[3]), atol(argv[5]), atof(argv[6]),
				    argc == 8 ? atoi(argv[7]) : 0);
		}
	}
	return 2;
}
