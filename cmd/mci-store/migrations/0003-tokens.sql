-- What a token is good for: scopes, and whose things alone. Those that are there are agents'.
ALTER TABLE token ADD COLUMN scopes TEXT NOT NULL DEFAULT '["agent"]'; -- JSON: array of texts
ALTER TABLE token ADD COLUMN org TEXT;      -- name of an organisation; NULL: of all
ALTER TABLE token ADD COLUMN repo TEXT;     -- name of a repository of it; NULL: all of the organisation
ALTER TABLE token ADD COLUMN expires BIGINT; -- NULL: never
ALTER TABLE token ADD COLUMN used BIGINT;   -- when it was last shown, to a minute
CREATE INDEX token_org ON token (org);
