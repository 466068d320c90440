/* arguments: what one request was called with: its id and params, kept while it waits for its answer
 * and looked up by the names of its row in the contract. */
#ifndef MCI_ARGUMENTS_H
#define MCI_ARGUMENTS_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "contract.h"
#include "message.h"
#include "scan.h"

struct arguments {
	const struct contract_method *row;
	char *text;                /* the id and behind it the params */
	struct span id, params;
	struct scan_value *values; /* of each row of params */
	char **decoded;
	size_t ndecoded;
};

/* Copies them out of a request; values are as contract_check_params found them. */
void arguments_keep(struct arguments *a, const struct contract_method *row, const struct message *m,
    const struct scan_value *values);
/* A text decoded, which lives as long as the arguments; NULL when it is absent. */
const char *arguments_text(struct arguments *a, const char *name);
int64_t arguments_integer(const struct arguments *a, const char *name, int64_t otherwise);
/* Raw JSON, n 0 when it is absent. */
struct span arguments_raw(const struct arguments *a, const char *name);
/* Keeps the id alone, and the texts that were decoded. */
void arguments_forget(struct arguments *a);
void arguments_free(struct arguments *a);

#endif
