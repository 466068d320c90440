/*
 * cloudevent: our events as CloudEvents 1.0.2 in JSON (structured mode), and back.
 *
 *	ours                     theirs
 *	build, run, seq          id "BUILD/RUN/SEQ", unique for ever; without them
 *	                         "offset/N", which is so in one hub's log
 *	build                    source "/mci/BUILD"; "/mci" without
 *	type, time, job          type, time, subject
 *	the whole event          data
 *
 * Back: data that is one of our events (source /mci..., and the same type) is that event. Of
 * others the attributes become members, and beside them those of data, when it is an object none
 * of whose names has a meaning in our envelope or is an attribute's; else data stays one member.
 *
 * What is carried stays as it is written, so that an event comes back byte for byte: a tree would write
 * its numbers anew, refuse those over 64 bits, and take ten times as long.
 */
#ifndef MCI_CLOUDEVENT_H
#define MCI_CLOUDEVENT_H

#include "bytes.h"
#include "message.h"

/* Appends the event as a line. m is an event that message_read has read. */
void cloudevent_write(struct bytes *into, const struct message *m);
/* Opens a line with the attributes but type: the caller adds type, data and the end. */
void cloudevent_open(struct bytes *into, const struct message *m);
/* The id and the source, without quotes, as they may stand in JSON. */
void cloudevent_id(struct bytes *into, const struct message *m);
void cloudevent_source(struct bytes *into, const struct message *m);

/* Appends the event of ours that a CloudEvent in JSON stands for, without newline. 0, or -1 with
 * an error that names the attribute. */
int cloudevent_read(struct bytes *into, struct span line, struct error *e);

#endif
