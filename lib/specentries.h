/*
 * specentries: the entries of a script, or of what is run behind it: texts of shell, some with a name for
 * people. They are read as specvalue.h says; a list in the list is as if its entries stood there.
 */
#ifndef MCI_SPECENTRIES_H
#define MCI_SPECENTRIES_H

#include <stdbool.h>
#include <stddef.h>

#include "specvalue.h"

#define SPEC_NAME_LIMIT 256 /* bytes of what people call a job or an entry */

struct spec_entry {
	char *run;
	char *name; /* NULL: none */
};

extern const struct value_type value_type_script; /* struct spec_entry * */

/* One line that people are shown. */
bool spec_name_ok(const char *name);

#endif
