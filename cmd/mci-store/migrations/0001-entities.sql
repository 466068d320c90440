-- Who and what: organisations, their repositories, parameters, keys and tokens, and the agents.
-- Times are nanoseconds since 1970, truth values 0 and 1, JSON is text.

CREATE TABLE migration (
	version INTEGER PRIMARY KEY,
	name TEXT NOT NULL,
	sum TEXT NOT NULL,      -- SHA-256 of its SQL
	program TEXT NOT NULL,  -- the version of mci that made it
	time BIGINT NOT NULL,
	backup TEXT             -- the copy of what was there before
);
