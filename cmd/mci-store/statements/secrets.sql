-- Parameters and keys, and what is sealed of them.

-- master_name () secret
SELECT master FROM org_secret LIMIT 1;

-- org_secret_get (integer) secret
SELECT sealed FROM org_secret WHERE org = $1;

-- org_secret_put (integer, text, text) secret
INSERT INTO org_secret (org, master, sealed) VALUES ($1, $2, $3)
ON CONFLICT (org) DO UPDATE SET master = excluded.master, sealed = excluded.sealed;

-- the next one behind that organisation
-- org_secret_next (integer) secret
SELECT s.org, o.name, s.sealed FROM org_secret s JOIN org o ON o.id = s.org
WHERE s.org > $1 ORDER BY s.org LIMIT 1;

-- org_secret_remove (integer) secret
DELETE FROM org_secret WHERE org = $1;

-- secret_get (text, integer) secret
SELECT wrapped, sealed FROM secret WHERE kind = $1 AND owner = $2;

-- secret_put (text, integer, integer, text, text) secret
INSERT INTO secret (kind, owner, org, wrapped, sealed) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (kind, owner) DO UPDATE SET wrapped = excluded.wrapped, sealed = excluded.sealed;

-- secret_remove (text, integer) secret
DELETE FROM secret WHERE kind = $1 AND owner = $2;

-- param_find (integer, text, text) reader
SELECT name FROM param WHERE org = $1 AND title = $2 AND coalesce(filters, '') = $3;

-- param_size (integer, integer) writer
UPDATE param SET size = $1 WHERE id = $2;

-- key_size (integer, integer) writer
UPDATE ssh_key SET size = $1 WHERE id = $2;

-- org_size (integer) reader
SELECT coalesce(sum(size), 0)
FROM (SELECT size FROM param WHERE org = $1
	UNION ALL SELECT size + 2 * length(coalesce(known_hosts, '')) FROM ssh_key WHERE org = $1) AS taken;

-- params_of_org (integer) reader
SELECT id, title, plain, value, filters FROM param WHERE org = $1 ORDER BY id;

-- keys_of_org (integer) reader
SELECT id, name, host, known_hosts, filters FROM ssh_key WHERE org = $1 ORDER BY id;

-- params_sealed (integer) reader
SELECT id, title FROM param WHERE org = $1 AND plain = 0 ORDER BY id;

-- keys_sealed (integer) reader
SELECT id, name FROM ssh_key WHERE org = $1 ORDER BY id;

-- repo_labels (integer) reader
SELECT r.org, o.name, r.labels FROM repo r JOIN org o ON o.id = r.org WHERE r.id = $1;

-- org_of_name (text) reader
SELECT id FROM org WHERE name = $1;
