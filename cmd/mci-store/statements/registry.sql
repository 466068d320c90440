-- What the methods of entities ask besides what their tables say (entity.c).

-- token_add (integer, text, text, text, text) secret
INSERT INTO token (id, created, name, title, agent, hash)
VALUES ((SELECT coalesce(max(id), 0) + 1 FROM token), $1, $2, $3, $4, $5);

-- token_of_hash (text) secret
SELECT name, agent FROM token WHERE hash = $1;

-- agent_seen (text, integer, integer, text) writer
UPDATE agent SET labels = $1, isolates = $2, seen = $3 WHERE name = $4;

-- tokens_remove (text) writer
DELETE FROM token WHERE agent = $1;
