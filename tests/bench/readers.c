/*
 * readers PORT PATH N COUNT: N readers of Server-Sent Events at 127.0.0.1:PORT, with the token in $TOKEN. When all have
 * their answer's head it prints "ready"; then it reads until each has had COUNT events whose data has a member "t",
 * the CLOCK_MONOTONIC in nanoseconds when they were sent, or nothing came for 5 s. Prints events, readers that lack
 * some, and the median, 99th percentile and greatest latency in ms.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LINE 4096

struct reader {
	int fd, events;
	int headed;
	size_t n;
	char line[LINE];
};

static double *latencies;
static size_t nlatencies;

static int64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
line(struct reader *r)
{
	const char *t;

	r->line[r->n] = '\0';
	if (strncmp(r->line, "HTTP/1.1 200", 12) == 0)
		r->headed = 1;
	t = strncmp(r->line, "data:", 5) == 0 ? strstr(r->line, "\"t\":") : NULL;
	if (t == NULL)
		return;
	latencies[nlatencies++] = (double)(now() - strtoll(t + 4, NULL, 10)) / 1e6;
	r->events++;
}

static void
take(struct reader *r)
{
	static char piece[65536];
	ssize_t n = read(r->fd, piece, sizeof(piece));

	if (n <= 0) {
		fprintf(stderr, "a reader was cut off\n");
		exit(1);
	}
	for (ssize_t i = 0; i < n; i++) {
		if (piece[i] == '\n') {
			line(r);
			r->n = 0;
		} else if (piece[i] != '\r' && r->n < LINE - 1) {
			r->line[r->n++] = piece[i];
		}
	}
}

static void
begin(struct reader *r, int epoll, int port, const char *path)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct epoll_event e = { .events = EPOLLIN, .data = { .ptr = r } };
	char head[1024];
	int n = snprintf(head, sizeof(head), "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n"
	    "Authorization: Bearer %s\r\n\r\n", path, getenv("TOKEN") != NULL ? getenv("TOKEN") : "");

	r->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(r->fd, (struct sockaddr *)&to, sizeof(to)) < 0 || write(r->fd, head, (size_t)n) != n ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, r->fd, &e) < 0) {
		perror("connect");
		exit(1);
	}
}

int
main(int argc, char **argv)
{
	int n = argc > 4 ? atoi(argv[3]) : 0, count = argc > 4 ? atoi(argv[4]) : 0, epoll = epoll_create1(0);
	struct reader *readers = calloc((size_t)n + 1, sizeof(*readers));
	struct epoll_event events[256];
	int told = 0, got, lacking = 0;

	if (n < 1) {
		fprintf(stderr, "usage: readers PORT PATH N COUNT\n");
		return 2;
	}
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 65536, 65536 });
	latencies = calloc((size_t)n * (size_t)count + 65536, sizeof(double));
	for (int i = 0; i < n; i++)
		begin(&readers[i], epoll, atoi(argv[1]), argv[2]);
	while ((got = epoll_wait(epoll, events, 256, told ? 5000 : 60000)) > 0) {
		int headed = 0, whole = 0;

		for (int i = 0; i < got; i++)
			take(events[i].data.ptr);
		if (!told || nlatencies >= (size_t)n * (size_t)count) {
			for (int i = 0; i < n; i++) {
				headed += readers[i].headed;
				whole += readers[i].events >= count;
			}
		}
		if (!told && headed == n) {
			told = 1;
			printf("ready\n");
			fflush(stdout);
		}
		if (whole == n)
			break;
	}
	for (int i = 0; i < n; i++)
		lacking += readers[i].events < count;
	qsort(latencies, nlatencies, sizeof(double), compare);
	printf("%zu %d %.2f %.2f %.2f\n", nlatencies, lacking, latencies[nlatencies / 2], latencies[nlatencies * 99 / 100],
	    latencies[nlatencies > 0 ? nlatencies - 1 : 0]);
	return 0;
}
