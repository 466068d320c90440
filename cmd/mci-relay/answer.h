/*
 * answer: the body of what a server answers to one POST of ours, which carried requests: their replies,
 * each once and in any order, with the bytes that some announce, complaints about lines, and behind the
 * reply of a method that streams the stream, to the end. Nothing else is believed. It reads and holds
 * nothing but half a line.
 */
#ifndef MCI_RELAY_ANSWER_H
#define MCI_RELAY_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "line.h"
#include "message.h"

struct answer_id;

/* Start from zero ({0}). */
struct answer {
	struct answer_id *ids; /* that are asked for */
	size_t n, open;
	struct line_reader reader;
	bool loose;            /* a line was no message: an id that we could not read may be refused */
	bool stream;           /* all that comes is */
	uint64_t data;         /* so many bytes come behind the last reply */
};

/* A request was put into the POST. */
void answer_expect(struct answer *a, const struct message *request);
/* Takes a piece of the body; what may be passed on is appended to out. 0, or -1: the other side is no
 * server of ours, or at fault. */
int answer_take(struct answer *a, struct span piece, struct bytes *out, struct error *e);
/* The body is over. 0, or -1: it was cut. */
int answer_end(struct answer *a, struct error *e);
/* Appends replies that refuse what is still open, or a complaint where nothing is (of events); name is
 * of a row of contract_errors. */
void answer_refuse(struct answer *a, struct bytes *out, const char *name, const char *text);
void answer_free(struct answer *a);

#endif
