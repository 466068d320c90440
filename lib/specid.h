/* specid: the ids of jobs. */
#ifndef MCI_SPECID_H
#define MCI_SPECID_H

#include <stdbool.h>
#include <stddef.h>

#define SPEC_ID_LIMIT 128

/* Whether text is a job id: 1 to 128 of A-Za-z0-9._+,- , first a letter or digit. */
bool spec_id_ok(const char *text, size_t n);
/* Whether text is a glob of job ids: what an id may hold, with * ? [ ] ! among it. */
bool spec_id_glob(const char *text);
/* Puts into *id, which is none but the original's, one that is made from it, with '_' between the parts
 * that an id may hold; false when nothing is left of it. */
bool spec_id_adopt(char **id);

#endif
