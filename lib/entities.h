/*
 * entities: what the data store keeps that people enter: one list of members for each kind, from which the
 * contract of its methods is made (contract-store.c) and, in the store, the reading, writing, listing and
 * filtering of its rows. A member is
 *
 *	m(SET, INDEX, "member", column, TYPE, "help")
 *
 * SET says who sets it: ORG the organisation's id, which with ID names the row; NEW only when the row is
 * made; ANY whoever may write; STORE the store itself; SEAL a value that is sealed, and told where it
 * is plain; HIDE one that is sealed and never told. INDEX: KEY when rows can be listed by it, ORG for
 * the organisation's, PART when by a part of it or of the id, else NOT. column is its name in the table
 * (none: it has no column), TYPE one of TEXT INTEGER BOOL OBJECT (texts by name) ARRAY (such objects) TEXTS
 * TIME.
 */
#ifndef MCI_ENTITIES_H
#define MCI_ENTITIES_H

/* noun of its methods, its list of members, and its table in the store. */
#define ENTITIES(each) \
	each(org, ENTITY_ORG, org) \
	each(repo, ENTITY_REPO, repo) \
	each(param, ENTITY_PARAM, param) \
	each(key, ENTITY_KEY, ssh_key) \
	each(token, ENTITY_TOKEN, token) \
	each(agent, ENTITY_AGENT, agent)

#define ENTITY_OF_ORG(m) \
	m(ORG, ORG, "org", org, TEXT, "id of its organisation")
#define ENTITY_NAMED(m) \
	m(ID, KEY, "id", name, TEXT, "readable and unique; made from its name where there is none") \
	m(ANY, PART, "name", title, TEXT, "what people call it")
#define ENTITY_MADE(m) \
	m(STORE, NOT, "created", created, TIME, "when it was made")
#define ENTITY_FILTERED(m) \
	m(ANY, NOT, "only", filters, ARRAY, \
	    "objects: only for repositories whose labels hold all of one of them; all") \
	m(ANY, NOT, "description", description, TEXT, "for people")

#define ENTITY_ORG(m) \
	ENTITY_NAMED(m) \
	m(ANY, NOT, "max-builds", max_builds, INTEGER, "that run at once; any number") \
	ENTITY_MADE(m)

#define ENTITY_REPO(m) \
	ENTITY_OF_ORG(m) \
	ENTITY_NAMED(m) \
	m(ANY, KEY, "url", url, TEXT, "where git fetches it from") \
	m(ANY, NOT, "main", main, TEXT, "its main branch; main") \
	m(ANY, NOT, "labels", labels, OBJECT, "texts by name, which parameters and keys are filtered by") \
	m(ANY, NOT, "public", public, BOOL, "everybody may look at its builds") \
	m(ANY, NOT, "max-builds", max_builds, INTEGER, "that run at once; any number") \
	m(ANY, NOT, "supersede", supersede, BOOL, "a newer build of a branch cancels those that wait") \
	m(ANY, NOT, "agents", agents, OBJECT, "labels that an agent must have to build it") \
	ENTITY_MADE(m)

#define ENTITY_PARAM(m) \
	ENTITY_OF_ORG(m) \
	m(ID, NOT, "id", name, TEXT, "readable and unique; made from its name where there is none") \
	m(NEW, KEY, "name", title, TEXT, "what builds call it") \
	m(SEAL, NOT, "value", value, TEXT, "its text; told only where it is plain") \
	m(ANY, NOT, "plain", plain, BOOL, "it is no secret") \
	ENTITY_FILTERED(m) \
	ENTITY_MADE(m)

#define ENTITY_KEY(m) \
	ENTITY_OF_ORG(m) \
	ENTITY_NAMED(m) \
	m(HIDE, NOT, "private", none, TEXT, "the key, as ssh-keygen(1) writes it") \
	m(ANY, NOT, "public", public, TEXT, "its public half") \
	m(ANY, KEY, "host", host, TEXT, "that it is for; any") \
	m(ANY, NOT, "known-hosts", known_hosts, TEXT, "lines that pin the host's key, as in known_hosts") \
	ENTITY_FILTERED(m) \
	ENTITY_MADE(m)

#define ENTITY_TOKEN(m) \
	ENTITY_NAMED(m) \
	m(NEW, KEY, "agent", agent, TEXT, "name of the agent that shows it") \
	m(NEW, NOT, "scopes", scopes, TEXTS, "what it is good for: read, trigger, write, admin, agent") \
	m(NEW, KEY, "org", org, TEXT, "id of the organisation that it is for; all") \
	m(NEW, KEY, "repo", repo, TEXT, "id of the repository of it that it is for; all") \
	m(NEW, NOT, "expires", expires, TIME, "when it is good for nothing any more; never") \
	m(STORE, NOT, "used", used, TIME, "when it was shown last, to a minute") \
	ENTITY_MADE(m)

#define ENTITY_AGENT(m) \
	ENTITY_NAMED(m) \
	m(STORE, NOT, "labels", labels, OBJECT, "texts by name, as it said at its last claim") \
	m(STORE, NOT, "isolates", isolates, BOOL, "its runner keeps jobs from the machine") \
	m(STORE, NOT, "seen", seen, TIME, "when it last asked for a build") \
	ENTITY_MADE(m)

#endif
