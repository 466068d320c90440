#include "asking.h"

#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "call.h"
#include "duration.h"
#include "folder.h"
#include "memory.h"
#include "option.h"
#include "verbs.h"

/* A store answers in milliseconds, but a key's rotation or a rebuild takes as long as there is to
 * do. */
#define PATIENCE (600 * SECOND)

/* Of this user's server. */
static char *
usual_address(struct error *e)
{
	AUTO_FREE char *sockets = folder_sockets(e);

	return sockets == NULL ? NULL : xformat("unix:%s/store.sock", sockets);
}

char *
asking_address(const char *given, struct error *e)
{
	const char *known[] = { given, getenv("MCI_STORE"), getenv("MCI_API") };
	char *far;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i] != NULL && known[i][0] != '\0')
			return xstrdup(known[i]);
	}
	return api_far(&far, e) < 0 || far != NULL ? far : usual_address(e);
}

json_t *
asking_call(const char *address, const char *method, const json_t *params, struct error *e)
{
	AUTO_BYTES text = { 0 };
	AUTO_BYTES result = { 0 };
	json_t *tree;

	jsontree_write(&text, params);
	if (call_once(address, method, (struct span){ text.data, text.len }, PATIENCE, &result, e) < 0) {
		AUTO_FREE char *usual = usual_address(NULL);

		if (usual != NULL && strcmp(address, usual) == 0)
			api_missing(e);
		return NULL;
	}
	tree = jsontree_read((struct span){ result.data, result.len }, e);
	if (tree == NULL)
		error_before(e, "%s: ", method);
	return tree;
}

int
asking_complain(const struct error *e)
{
	option_complain(PROGRAM, e);
	return error_status(e);
}
