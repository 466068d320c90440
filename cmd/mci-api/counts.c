#include "counts.h"

#include <stdlib.h>

#include "duration.h"
#include "memory.h"

/* Upper bounds of the buckets, in nanoseconds. */
static const int64_t bounds[] = { 1 * MILLISECOND, 5 * MILLISECOND, 25 * MILLISECOND,
	100 * MILLISECOND, 500 * MILLISECOND, 2500 * MILLISECOND, 10 * SECOND };
#define NBOUNDS (sizeof(bounds) / sizeof(bounds[0]))

struct counts {
	const struct route *routes;
	size_t n;
	struct row {
		uint64_t statuses[6]; /* by hundreds */
		uint64_t buckets[NBOUNDS + 1];
		int64_t elapsed;
	} * rows; /* one more than routes: for what is none */
};

struct counts *
counts_new(const struct route *routes, size_t n)
{
	struct counts *c = xmalloc(sizeof(*c));

	*c = (struct counts){
		.routes = routes, .n = n, .rows = xmalloc((n + 1) * sizeof(struct row))
	};
	return c;
}

void
counts_add(struct counts *c, const struct route *route, int status, int64_t elapsed)
{
	struct row *row = &c->rows[route == NULL ? c->n : (size_t)(route - c->routes)];
	size_t i = 0;

	while (i < NBOUNDS && elapsed > bounds[i])
		i++;
	row->buckets[i]++;
	row->elapsed += elapsed;
	row->statuses[status >= 100 && status < 600 ? status / 100 : 0]++;
}

static void
write_labels(const struct counts *c, size_t i, struct bytes *into)
{
	bytes_format(into, "method=\"%s\",route=\"%s\"",
	    i == c->n ? "" : http_verb_name(c->routes[i].verb), i == c->n ? "" : c->routes[i].path);
}

static uint64_t
all_of(const struct row *row)
{
	uint64_t n = 0;

	for (size_t k = 0; k <= NBOUNDS; k++)
		n += row->buckets[k];
	return n;
}

static void
write_row(const struct counts *c, size_t i, struct bytes *into)
{
	const struct row *row = &c->rows[i];
	uint64_t n = 0;

	for (size_t k = 0; k <= NBOUNDS; k++) {
		n += row->buckets[k];
		bytes_text(into, "mci_http_request_duration_seconds_bucket{");
		write_labels(c, i, into);
		if (k < NBOUNDS)
			bytes_format(into, ",le=\"%g\"} %llu\n", (double)bounds[k] / (double)SECOND,
			    (unsigned long long)n);
		else
			bytes_format(into, ",le=\"+Inf\"} %llu\n", (unsigned long long)n);
	}
	bytes_text(into, "mci_http_request_duration_seconds_count{");
	write_labels(c, i, into);
	bytes_format(into, "} %llu\nmci_http_request_duration_seconds_sum{", (unsigned long long)n);
	write_labels(c, i, into);
	bytes_format(into, "} %.6f\n", (double)row->elapsed / (double)SECOND);
}

void
counts_write(const struct counts *c, struct bytes *into)
{
	bytes_text(into,
	    "# TYPE mci_http_request_duration_seconds histogram\n# UNIT "
	    "mci_http_request_duration_seconds seconds\n"
	    "# HELP mci_http_request_duration_seconds Time from the head of a request to the end "
	    "of its answer.\n");
	for (size_t i = 0; i <= c->n; i++) {
		if (all_of(&c->rows[i]) > 0)
			write_row(c, i, into);
	}
	bytes_text(into,
	    "# TYPE mci_http_requests counter\n# HELP mci_http_requests Requests that were "
	    "answered.\n");
	for (size_t i = 0; i <= c->n; i++) {
		for (int k = 0; k < 6; k++) {
			if (c->rows[i].statuses[k] == 0)
				continue;
			bytes_text(into, "mci_http_requests_total{");
			write_labels(c, i, into);
			bytes_format(into, ",status=\"%dxx\"} %llu\n", k,
			    (unsigned long long)c->rows[i].statuses[k]);
		}
	}
}

void
counts_free(struct counts *c)
{
	if (c == NULL)
		return;
	free(c->rows);
	free(c);
}
