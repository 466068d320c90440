#include "methods.h"

#include <sys/stat.h>

#include "emit.h"
#include "granted.h"
#include "memory.h"
#include "query.h"
#include "registry.h"
#include "rotation.h"
#include "sessions.h"
#include "store.h"

static int
store_status(void *self, struct bytes *into, struct error *e)
{
	struct store *s = self;
	AUTO_FREE char *key = master_describe(&s->secrets.master);
	struct stat st;
	AUTO_QUERY q = { 0 };

	query_begin(&q, s->reader, STATEMENT_STORE_VERSION);
	if (query_next(&q, e) < 0)
		return -1;
	emit_text(into, "file", s->path);
	emit_integer(into, "version", query_column_integer(&q, 0));
	emit_integer(into, "bytes", stat(s->path, &st) == 0 ? st.st_size : 0);
	emit_text(into, "master-key", key);
	return 0;
}

static void
rebuild(void *self, struct request *r)
{
	struct store *s = self;

	if (s->rebuild == NULL)
		request_fail(r, "unknown-method", "this store has no builds");
	else
		s->rebuild(s->rebuild_arg, r);
}

#define ENTITY_METHODS(noun)                                                                       \
	{ noun "/get", registry_get }, { noun "/list", registry_list },                            \
	{                                                                                          \
		noun "/remove", registry_remove                                                    \
	}

static const struct service_method methods[] = {
	{ "org/put", registry_put },
	ENTITY_METHODS("org"),
	{ "repo/put", registry_put },
	ENTITY_METHODS("repo"),
	{ "repo/params", granted_params },
	{ "repo/keys", granted_keys },
	{ "param/put", registry_put },
	{ "param/replace", registry_replace },
	ENTITY_METHODS("param"),
	{ "key/put", registry_put },
	{ "key/replace", registry_replace },
	ENTITY_METHODS("key"),
	{ "token/create", registry_token_create },
	{ "token/check", registry_token_check },
	{ "session/begin", session_begin },
	{ "session/end", session_end },
	ENTITY_METHODS("token"),
	{ "agent/put", registry_put },
	ENTITY_METHODS("agent"),
	{ "store/rotate", rotation_begin },
	{ "store/rebuild", rebuild },
};

const struct service store_service = {
	.contract = &contract_store,
	.methods = methods,
	.nmethods = sizeof(methods) / sizeof(methods[0]),
	.status = store_status,
};
