-- Who and what: organisations, their repositories, parameters and ssh keys, the agents and their tokens.
-- Times are nanoseconds since 1970, truth values 0 and 1, JSON is text. A name is readable, has its place in
-- paths, and does not change; a title is what people call it.

CREATE TABLE migration (
	version INTEGER PRIMARY KEY,
	name TEXT NOT NULL,
	sum TEXT NOT NULL,            -- SHA-256 of its SQL
	program TEXT NOT NULL,        -- the version of mci that made it
	time BIGINT NOT NULL,
	backup TEXT                   -- the copy of what was there before
);

CREATE TABLE org (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	title TEXT,
	max_builds INTEGER,           -- at once; NULL: any number
	created BIGINT NOT NULL
);

CREATE TABLE repo (
	id INTEGER PRIMARY KEY,
	org INTEGER NOT NULL REFERENCES org (id),
	name TEXT NOT NULL,
	title TEXT,
	url TEXT,
	main TEXT NOT NULL,           -- its main branch
	labels TEXT,                  -- JSON: texts by name
	public INTEGER NOT NULL DEFAULT 0,
	max_builds INTEGER,
	supersede INTEGER NOT NULL DEFAULT 0, -- a newer build of a branch cancels those that wait
	agents TEXT,                  -- JSON: the labels that an agent has to have
	created BIGINT NOT NULL,
	UNIQUE (org, name)
);

CREATE TABLE param (
	id INTEGER PRIMARY KEY,
	org INTEGER NOT NULL REFERENCES org (id),
	name TEXT NOT NULL,
	title TEXT NOT NULL,          -- what builds call it
	value TEXT,                   -- where it is plain; else it is in secret
	plain INTEGER NOT NULL DEFAULT 0,
	filters TEXT,                 -- JSON: one of these objects has to be among the repository's labels
	description TEXT,
	size INTEGER NOT NULL DEFAULT 0, -- what it takes in a claim
	created BIGINT NOT NULL,
	UNIQUE (org, name)
);

CREATE TABLE ssh_key (
	id INTEGER PRIMARY KEY,
	org INTEGER NOT NULL REFERENCES org (id),
	name TEXT NOT NULL,
	title TEXT,
	host TEXT,                    -- that it is for; NULL: any
	known_hosts TEXT,             -- lines of ssh_known_hosts
	public TEXT,
	filters TEXT,
	description TEXT,
	size INTEGER NOT NULL DEFAULT 0,
	created BIGINT NOT NULL,
	UNIQUE (org, name)
);

-- Sealed values: seal.h has the format. Nothing but statements of the role secret may name these two: so no
-- other table's keys are checked against them either.
CREATE TABLE org_secret (
	org INTEGER PRIMARY KEY,
	master TEXT NOT NULL,         -- the fingerprint of the key that seals it
	sealed TEXT NOT NULL          -- the organisation's key
);
CREATE TABLE secret (
	kind TEXT NOT NULL,           -- param or key
	owner INTEGER NOT NULL,       -- its row
	org INTEGER NOT NULL,
	wrapped TEXT NOT NULL,        -- the key of this one, sealed by the organisation's
	sealed TEXT NOT NULL,
	PRIMARY KEY (kind, owner)
);

CREATE TABLE agent (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	title TEXT,
	labels TEXT,                  -- JSON: texts by name; as it said at its last claim
	isolates INTEGER NOT NULL DEFAULT 0,
	seen BIGINT,                  -- its last claim
	created BIGINT NOT NULL
);

CREATE TABLE token (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	title TEXT,
	agent TEXT,                   -- the name of the agent that shows it
	hash TEXT NOT NULL UNIQUE,    -- SHA-256 of it; for statements of the role secret alone
	created BIGINT NOT NULL
);
CREATE INDEX token_agent ON token (agent);
