/* event: the events of the proofs: what they hold follows from who says them and their number, so that every
 * byte of one can be told to be right. */
#ifndef TESTS_PROOF_EVENT_H
#define TESTS_PROOF_EVENT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PUBLISHERS_MOST 16
#define SUBSCRIBERS_MOST 16
#define EVENT_MOST 1024

/* Publisher p's event number seq; returns its length. No newline. */
static inline size_t
event_write(char into[EVENT_MOST], int p, long seq)
{
	uint32_t hash = ((uint32_t)p * 2654435761u) ^ ((uint32_t)seq * 40503u);
	size_t pad = hash % 400;
	int n = snprintf(into, EVENT_MOST,
	    "{\"type\":\"load/made\",\"build\":\"load/%d\",\"run\":1,\"seq\":%ld,\"text\":\"", p, seq);

	memset(into + n, 'a' + (int)(hash / 400 % 26), pad);
	memcpy(into + n + pad, "\"}", 3);
	return (size_t)n + pad + 2;
}

/* Reads a line of the hub's log or stream; false when it is no event of ours, byte for byte. */
static inline bool
event_read(const char *line, size_t n, long *offset, int *p, long *seq)
{
	static const char front[] = "\",\"type\":\"load/made\",\"build\":\"load/";
	const char *at = memmem(line, n, front, sizeof(front) - 1);
	char expected[EVENT_MOST];
	size_t size;

	if (n < 12 || at == NULL || sscanf(line, "{\"offset\":%ld,\"received\":\"", offset) != 1 ||
	    sscanf(at + sizeof(front) - 1, "%d\",\"run\":1,\"seq\":%ld,", p, seq) != 2 ||
	    *p < 0 || *p >= PUBLISHERS_MOST || *seq < 1)
		return false;
	size = event_write(expected, *p, *seq);
	return (size_t)(line + n - (at + 2)) == size - 1 && memcmp(at + 2, expected + 1, size - 1) == 0;
}

/* What kinds of subscriber there are; subscriber s is of kind s % 8. */
struct subscriber_kind {
	bool durable, synced, slow;
	int only;              /* events of this publisher; -1: all */
	const char *params;    /* more of the request */
};

static const struct subscriber_kind subscriber_kinds[8] = {
	{ true, false, false, -1, "" },
	{ true, true, false, -1, "" },
	{ false, false, false, -1, "" },
	{ false, true, false, -1, "" },
	{ true, false, true, -1, "" },
	{ false, false, true, -1, ",\"types\":[\"none\",\"load/*\"]" },
	{ true, false, false, 1, ",\"build\":\"load/1\"" },
	{ false, true, false, 0, ",\"where\":{\"build\":\"load/0\"}" },
};

#endif
