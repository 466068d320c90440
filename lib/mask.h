/*
 * mask: replaces secrets in bytes by ***. A secret is found as it is, in its usual encodings
 * (encodings.h), in all the ways in which a text can be read (finding.h), and of one with several
 * lines also each line that is long enough, across any split of a stream. Where places that are
 * found overlap or touch, all of them together are one ***. A secret whose end is cut off by the end
 * of the text is found too, when MASK_SHORTEST bytes of it are there.
 *
 * What cannot be found: a secret that is split by other bytes (two streams written in turns, a box
 * drawn around it), encoded twice, or in an encoding that is not on the list. A mask keeps secrets
 * out of logs by accident; it does not stop a job that wants to tell.
 *
 * One mask belongs to one thread. It takes some 100 times the bytes of its secrets.
 */
#ifndef MCI_MASK_H
#define MCI_MASK_H

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"
#include "error.h"

/* The least bytes of a secret, or of a line of it, a run of white space being one and that around
 * it none: anything shorter is found where it is not meant. */
#define MASK_SHORTEST 6
/* The most: of secrets, of bytes of one, of bytes of all together. */
#define MASK_SECRETS 1000
#define MASK_SECRET_SIZE (64 * 1024)
#define MASK_TOTAL (1024 * 1024)

struct mask;

struct mask *mask_new(void);
/*
 * Adds a secret, at any time: what is fed from then on is looked through for it, and what streams
 * hold back. Adding it again changes nothing. -1 with a reason that does not tell the secret:
 * ERROR_REFUSED for what is too short or too common to be masked, ERROR_LIMIT for too many or too
 * long ones.
 */
int mask_add(struct mask *m, const void *secret, size_t n, struct error *e);
/* All that were added, each with a NUL behind it, for another process that is to have the same mask; and adds
 * those that are read from such a descriptor, which stays open. */
struct span mask_given(const struct mask *m);
int mask_take(struct mask *m, int fd, struct error *e);
/* Whether there are no secrets, so that nothing has to be fed at all. NULL is empty too. */
bool mask_empty(const struct mask *m);
void mask_free(struct mask *m);

/* One stream through a mask; zeroed before its first byte. */
struct mask_stream {
	struct bytes held; /* what is still needed: it may be the beginning of a secret, or stand
			      before one */
	size_t done;       /* of that, what is out already, or stands under a *** that is */
	bool touching;     /* the last of what is done is under a *** */
	bool within;       /* held begins within a line */
};

/*
 * Takes bytes of a stream and gives what can be told by now: all but an end that is the beginning
 * of a secret. Borrowed until the next call for any stream of the mask; may point into p.
 */
struct span mask_feed(struct mask *m, struct mask_stream *s, const void *p, size_t n);
/* The stream has ended: gives the rest, which is borrowed as above, and makes it a new one. */
struct span mask_flush(struct mask *m, struct mask_stream *s);
/* Appends n bytes that are whole in themselves. Secrets or not, they are appended; m may be NULL.
 */
void mask_text(struct mask *m, struct bytes *into, const void *p, size_t n);
/* Whether a secret is in the bytes. */
bool mask_finds(struct mask *m, const void *p, size_t n);
/*
 * Appends the JSON text (valid, as it was scanned) with its strings, names of members included, masked as
 * they are once decoded, however they were escaped; a number that holds a secret becomes the string "***".
 * m may be NULL.
 */
void mask_json(struct mask *m, struct bytes *into, const char *json, size_t n);
/* Masks the text of an error, where one is. */
void mask_error(struct mask *m, struct error *e);

#endif
