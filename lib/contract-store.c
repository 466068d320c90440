/* The data store: the service "store". Most of its rows are made from the lists of entities.h. */
#include "contractrows.h"
#include "entities.h"

#define CONTRACT_TIME CONTRACT_TEXT

/* What a member is among the fields of a method. */
#define NEEDED(member, type, help) { member, CONTRACT_##type, true, help },
#define ALLOWED(member, type, help) { member, CONTRACT_##type, false, help },
#define FILTER(member, type, help) { member, CONTRACT_##type, false, "only those with this one" },
#define LEFT_OUT(member, type, help)

/* By who sets it: where a row is put, shown, and named. */
#define PUT_ORG(...) NEEDED(__VA_ARGS__)
#define GOT_ORG(...) NEEDED(__VA_ARGS__)
#define NAMED_ORG(...) NEEDED(__VA_ARGS__)
#define PUT_ID(...) ALLOWED(__VA_ARGS__)
#define GOT_ID(...) NEEDED(__VA_ARGS__)
#define NAMED_ID(member, type, help) NEEDED(member, type, "of it")
#define PUT_NEW(...) ALLOWED(__VA_ARGS__)
#define GOT_NEW(...) ALLOWED(__VA_ARGS__)
#define NAMED_NEW(...) LEFT_OUT(__VA_ARGS__)
#define PUT_ANY(...) ALLOWED(__VA_ARGS__)
#define GOT_ANY(...) ALLOWED(__VA_ARGS__)
#define NAMED_ANY(...) LEFT_OUT(__VA_ARGS__)
#define PUT_SEAL(...) ALLOWED(__VA_ARGS__)
#define GOT_SEAL(...) ALLOWED(__VA_ARGS__)
#define NAMED_SEAL(...) LEFT_OUT(__VA_ARGS__)
#define PUT_HIDE(...) ALLOWED(__VA_ARGS__)
#define GOT_HIDE(...) LEFT_OUT(__VA_ARGS__)
#define NAMED_HIDE(...) LEFT_OUT(__VA_ARGS__)
#define PUT_STORE(...) LEFT_OUT(__VA_ARGS__)
#define GOT_STORE(...) ALLOWED(__VA_ARGS__)
#define NAMED_STORE(...) LEFT_OUT(__VA_ARGS__)
/* And by what lists are filtered. */
#define BY_NOT(...) LEFT_OUT(__VA_ARGS__)
#define BY_KEY(...) FILTER(__VA_ARGS__)
#define BY_PART(member, type, help) \
	{ member, CONTRACT_##type, false, "only those whose name or id has this in it, in any case" },
#define BY_ORG(member, type, help) ALLOWED(member, type, "only those of this organisation")

#define PUT(set, index, member, column, type, help) PUT_##set(member, type, help)
#define GOT(set, index, member, column, type, help) GOT_##set(member, type, help)
#define NAMED(set, index, member, column, type, help) NAMED_##set(member, type, help)
#define BY(set, index, member, column, type, help) BY_##index(member, type, help)

#define FIELDS(noun, members, table) \
	/* tokens are created, not put, and named otherwise */ \
	__attribute__((unused)) static const struct contract_field noun##_put[] = { members(PUT) }; \
	static const struct contract_field noun##_got[] = { members(GOT) }; \
	__attribute__((unused)) static const struct contract_field noun##_named[] = { members(NAMED) }; \
	static const struct contract_field noun##_list[] = { \
		members(BY) \
		{ "after", CONTRACT_TEXT, false, "go on behind this one: ORG/ID, or ID where it has no " \
		    "organisation" }, \
		{ "limit", CONTRACT_INTEGER, false, "at most so many, 1 to 1000; 100" }, \
	}; \
	static const struct contract_field noun##_listed[] = { \
		{ #noun "s", CONTRACT_ARRAY, true, "objects as of " #noun "/get, by id" }, \
		{ "more", CONTRACT_BOOL, true, "whether others follow: go on after the last" }, \
	};
ENTITIES(FIELDS)

static const struct contract_field put_done[] = {
	{ "id", CONTRACT_TEXT, true, "of it" },
	{ "created", CONTRACT_BOOL, true, "whether it is new" },
};

static const struct contract_field param_replace[] = {
	{ "org", CONTRACT_TEXT, true, "id of the organisation" },
	{ "params", CONTRACT_ARRAY, true, "objects as of param/put, without org; one that is there keeps "
	    "its value where none is given" },
};

static const struct contract_field key_replace[] = {
	{ "org", CONTRACT_TEXT, true, "id of the organisation" },
	{ "keys", CONTRACT_ARRAY, true, "objects as of key/put, without org; one that is there keeps what "
	    "is private where none is given" },
};

static const struct contract_field replaced[] = {
	{ "ids", CONTRACT_TEXTS, true, "of all of them, in their order" },
	{ "removed", CONTRACT_INTEGER, true, "how many were there that are not in the list" },
};

static const struct contract_field token_create[] = {
	{ "scopes", CONTRACT_TEXTS, false, "what it is good for: read, trigger, write, admin, each with "
	    "those in front of it, and agent; agent where one is named" },
	{ "agent", CONTRACT_TEXT, false, "the agent that is to show it, which is made where there is none" },
	{ "org", CONTRACT_TEXT, false, "the organisation that it is for; all" },
	{ "repo", CONTRACT_TEXT, false, "the repository of it that it is for; all" },
	{ "expires", CONTRACT_TEXT, false, "when it is good for nothing any more; never" },
	{ "name", CONTRACT_TEXT, false, "what people call it" },
};

static const struct contract_field token_created[] = {
	{ "id", CONTRACT_TEXT, true, "of it" },
	{ "token", CONTRACT_TEXT, true, "the token, which is told this once" },
};

static const struct contract_field token_check[] = {
	{ "token", CONTRACT_TEXT, true, "what was created once" },
};

static const struct contract_field token_checked[] = {
	{ "id", CONTRACT_TEXT, true, "of it" },
	{ "scopes", CONTRACT_TEXTS, true, "what it is good for" },
	{ "agent", CONTRACT_TEXT, false, "that is to show it" },
	{ "org", CONTRACT_TEXT, false, "the organisation that it is for; all" },
	{ "repo", CONTRACT_TEXT, false, "the repository of it that it is for; all" },
	{ "expires", CONTRACT_TEXT, false, "when it is good for nothing any more; never" },
	{ "once", CONTRACT_BOOL, true, "it is good for one session/begin and nothing else" },
};

static const struct contract_field session_begin[] = {
	{ "token", CONTRACT_TEXT, true, "that the session is to be as good as" },
	{ "seconds", CONTRACT_INTEGER, false, "how long, 1 to 2592000, but no longer than the token; 43200" },
	{ "once", CONTRACT_BOOL, false, "a ticket: good for one session/begin, which takes it, and nothing "
	    "else" },
};

static const struct contract_field session_begun[] = {
	{ "id", CONTRACT_TEXT, true, "of the token that the session is" },
	{ "token", CONTRACT_TEXT, true, "that token, which is told this once" },
	{ "expires", CONTRACT_TEXT, true, "when it ends" },
};

static const struct contract_field session_end[] = {
	{ "token", CONTRACT_TEXT, true, "of the session" },
};

static const struct contract_field repo_params[] = {
	{ "params", CONTRACT_ARRAY, true, "objects as of param/get: of each name the one that holds" },
};

static const struct contract_field repo_keys[] = {
	{ "keys", CONTRACT_ARRAY, true, "objects as of key/get" },
};

/* Whoever may see those of one organisation alone names that. */
static const struct contract_field token_of[] = {
	{ "id", CONTRACT_TEXT, true, "of it" },
	{ "org", CONTRACT_TEXT, false, "only when it is for this organisation" },
};

static const struct contract_field rotate[] = {
	{ "org", CONTRACT_TEXT, false, "its key and those of its secrets; without it the master key" },
};

static const struct contract_field rotated[] = {
	{ "keys", CONTRACT_INTEGER, true, "how many were sealed anew" },
};

static const struct contract_field rebuilt[] = {
	{ "builds", CONTRACT_INTEGER, true, "how many were read again" },
	{ "events", CONTRACT_INTEGER, true, "and of them" },
};

static const struct contract_field store_status[] = {
	{ "file", CONTRACT_TEXT, true, "path of the database" },
	{ "version", CONTRACT_INTEGER, true, "of its tables" },
	{ "bytes", CONTRACT_INTEGER, true, "its length, without what is not checkpointed yet" },
	{ "master-key", CONTRACT_TEXT, true, "where it comes from; it is in no backup" },
};

#define GET(noun) \
	{ #noun "/get", "what is kept of it", ROWS(noun##_named), ROWS(noun##_got), \
	    "not-found,busy,system", true, false }
#define LIST(noun) \
	{ #noun "/list", "all of them, a page at a time", ROWS(noun##_list), ROWS(noun##_listed), \
	    "not-found,busy,system", true, false }
#define REMOVE(noun) \
	{ #noun "/remove", "removes it where nothing stands on it", ROWS(noun##_named), NONE, \
	    "not-found,refused,busy,system", true, false }
#define PUTS(noun, text) \
	{ #noun "/put", text, ROWS(noun##_put), ROWS(put_done), "not-found,refused,limit,busy,system", \
	    false, false }
#define REPLACE(noun, text) \
	{ #noun "/replace", text, ROWS(noun##_replace), ROWS(replaced), \
	    "not-found,refused,limit,busy,system", true, false }

static const struct contract_method methods[] = {
	PUTS(org, "makes an organisation, or changes the one of that id"),
	GET(org), LIST(org), REMOVE(org),
	PUTS(repo, "makes a repository, or changes the one of that id"),
	GET(repo), LIST(repo), REMOVE(repo),
	{ "repo/params", "the parameters that its builds get", ROWS(repo_named), ROWS(repo_params),
	    "not-found,busy,system", true, false },
	{ "repo/keys", "the ssh keys that its builds get", ROWS(repo_named), ROWS(repo_keys),
	    "not-found,busy,system", true, false },
	PUTS(param, "makes a parameter, or changes the one of that id, else of that name and filter"),
	REPLACE(param, "makes these all parameters of an organisation"),
	GET(param), LIST(param), REMOVE(param),
	PUTS(key, "makes an ssh key, or changes the one of that id"),
	REPLACE(key, "makes these all ssh keys of an organisation"),
	GET(key), LIST(key), REMOVE(key),
	{ "token/create", "makes a token, and tells it", ROWS(token_create), ROWS(token_created),
	    "not-found,refused,busy,system", false, false },
	{ "token/check", "whose a token is, and what it is good for", ROWS(token_check),
	    ROWS(token_checked), "refused,busy,system",
	    true, false },
	{ "session/begin", "makes a token out of another, with which it ends", ROWS(session_begin),
	    ROWS(session_begun), "refused,busy,system", false, false },
	{ "session/end", "ends a session", ROWS(session_end), NONE, "refused,busy,system", false, false },
	{ "token/get", "what is kept of it", ROWS(token_of), ROWS(token_got), "not-found,busy,system", true,
	    false },
	LIST(token),
	{ "token/remove", "removes it: it is good for nothing from then on", ROWS(token_of), NONE,
	    "not-found,refused,busy,system", true, false },
	PUTS(agent, "makes an agent, or changes the one of that id"),
	GET(agent), LIST(agent), REMOVE(agent),
	{ "store/rotate", "makes new keys, and seals with them what the old ones sealed", ROWS(rotate),
	    ROWS(rotated), "not-found,refused,busy,system", false, false },
	{ "store/rebuild", "makes what was projected from the events of builds anew", NONE, ROWS(rebuilt),
	    "busy,system", true, false },
	{ "store/status", "what the store is", NONE, ROWS(store_status), "busy,system", true, false },
};

const struct contract_service contract_store = {
	.name = "store",
	METHODS(methods),
};
