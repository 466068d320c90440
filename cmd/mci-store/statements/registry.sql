-- What the methods of entities ask besides what their tables say (entity.c).

-- token_add (integer, text, text, text, text, text, text, text, integer, text, integer) secret
INSERT INTO token (id, created, name, title, agent, hash, scopes, org, repo, expires, parent, once)
VALUES ((SELECT coalesce(max(id), 0) + 1 FROM token), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- token_of_hash (text) secret
SELECT name, agent, scopes, org, repo, expires, used, parent, once FROM token WHERE hash = $1;

-- token_expires (text) writer
SELECT coalesce(expires, 0) FROM token WHERE name = $1;

-- token_remove (text) writer
DELETE FROM token WHERE name = $1;

-- sessions_remove (text) writer
DELETE FROM token WHERE parent = $1;

-- sessions_over (integer) writer
DELETE FROM token WHERE parent IS NOT NULL AND expires < $1;

-- token_used (integer, text) writer
UPDATE token SET used = $1 WHERE name = $2;

-- tokens_of_repo_remove (text, text) writer
DELETE FROM token WHERE org = $1 AND repo = $2;

-- tokens_of_org_remove (text) writer
DELETE FROM token WHERE org = $1;

-- agent_seen (text, integer, integer, text) writer
UPDATE agent SET labels = $1, isolates = $2, seen = $3 WHERE name = $4;

-- tokens_remove (text) writer
DELETE FROM token WHERE agent = $1 OR parent IN (SELECT name FROM token WHERE agent = $1);
