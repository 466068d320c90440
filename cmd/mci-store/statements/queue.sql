-- The queue of builds: what is decided.

-- counter_next (text) writer
INSERT INTO counter (name, value) VALUES ($1, 1)
ON CONFLICT (name) DO UPDATE SET value = counter.value + 1
RETURNING value;

-- of changes: no smaller than the time, so that a copy of the database that was put back gives no
-- number a second time
-- change_next (integer) writer
INSERT INTO counter (name, value) VALUES ('change', $1)
ON CONFLICT (name) DO UPDATE
SET value = CASE WHEN counter.value < excluded.value THEN excluded.value ELSE counter.value + 1 END
RETURNING value;

-- repo_of_name (text, text) reader
SELECT repo.id, repo.url, repo.main, repo.supersede
FROM repo JOIN org ON org.id = repo.org
WHERE org.name = $1 AND repo.name = $2;

-- build_of_key (integer, text) reader
SELECT name, number FROM build WHERE repo = $1 AND key = $2;

-- skip_of_key (integer, text) reader
SELECT reason FROM skip WHERE repo = $1 AND key = $2;

-- skip_add (integer, integer, text, text, text, text, text) writer
INSERT INTO skip (id, repo, created, key, reason, ref, rev, actor)
VALUES ((SELECT coalesce(max(id), 0) + 1 FROM skip), $1, $2, $3, $4, $5, $6, $7);

-- build_add (integer, integer, text, integer, text, integer, text, text, text, text, text, text, text, text, text, text, text, text, text, integer, text, text, integer) writer
INSERT INTO build (id, repo, number, name, created, key, state, priority, run, trust, event, ref, branch, tag,
	target, rev, base, actor, message, params, options, rerun_of, rerun_failed, rerun_from, specs,
	rerun_no_cache, org)
VALUES ((SELECT coalesce(max(id), 0) + 1 FROM build), $1, $2, $3, $4, $5, 'queued', $6, 0, $7, $8, $9, $10, $11,
	$12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, (SELECT repo.org FROM repo WHERE repo.id = $1));

-- build_to_rerun (text) reader
SELECT repo, state, event, ref, branch, tag, target, rev, base, message, params, options, specs, trust, actor
FROM build WHERE name = $1;

-- builds_superseded (integer, text, integer) reader
SELECT id, name, run FROM build
WHERE state = 'queued' AND repo = $1 AND branch = $2 AND number < $3 ORDER BY id;

-- builds_waiting () reader
SELECT build.id, build.repo, build.trust, build.run, result.ended_run
FROM build LEFT JOIN result ON result.build = build.id
WHERE build.state = 'queued' ORDER BY build.priority DESC, build.id;

-- the next build that the end of this one may have made room for, where there are limits
-- build_with_room (integer) reader
SELECT waiting.name, waiting.run
FROM build AS done JOIN repo ON repo.id = done.repo JOIN org ON org.id = repo.org
JOIN repo AS other ON other.org = org.id
JOIN build AS waiting ON waiting.repo = other.id AND waiting.state = 'queued'
WHERE done.id = $1 AND (org.max_builds IS NOT NULL OR (repo.max_builds IS NOT NULL AND other.id = repo.id))
ORDER BY waiting.priority DESC, waiting.id LIMIT 1;

-- builds_claimed () reader
SELECT build.repo, repo.org, count(*) FROM build JOIN repo ON repo.id = build.repo
WHERE build.state = 'claimed' GROUP BY build.repo, repo.org;

-- queue_counts (integer) reader
SELECT (SELECT count(*) FROM build WHERE state = 'queued'), (SELECT count(*) FROM build WHERE state = 'claimed'),
	(SELECT count(*) FROM change), (SELECT min(created) FROM build WHERE state = 'queued'),
	(SELECT count(*) FROM agent WHERE seen >= $1);

-- by the index of statuses alone
-- result_counts () reader
SELECT status, count(*) FROM result GROUP BY status;

-- repo_rules (integer) reader
SELECT repo.org, repo.agents, repo.max_builds, org.max_builds, org.name, repo.name
FROM repo JOIN org ON org.id = repo.org WHERE repo.id = $1;

-- build_of_claim (text) reader
SELECT id, state, agent FROM build WHERE claim = $1;

-- build_take (text, text, text, integer) writer
UPDATE build SET state = 'claimed', run = run + 1, claim = $1, lease = $2, agent = $3 WHERE id = $4;

-- build_order (integer) reader
SELECT build.name, build.run, build.lease, build.trust, build.event, build.ref, build.branch, build.tag,
	build.target, build.rev, build.base, build.actor, build.message, build.params, build.rerun_of,
	build.rerun_failed, build.rerun_from, build.specs, build.repo, org.name, repo.name, repo.url, repo.main,
	build.agent, build.rerun_no_cache
FROM build JOIN repo ON repo.id = build.repo JOIN org ON org.id = repo.org WHERE build.id = $1;

-- build_held (text) reader
SELECT build.id, build.state, build.run, build.lease, build.cancel, build.status, result.status, result.ended_run
FROM build LEFT JOIN result ON result.build = build.id WHERE build.name = $1;

-- builds_held () reader
SELECT id, name, run, lease, agent FROM build WHERE state = 'claimed';

-- build_state (text, text, integer) writer
UPDATE build SET state = $1, status = coalesce($2, status) WHERE id = $3;

-- build_cancel (text, integer) writer
UPDATE build SET cancel = coalesce(cancel, $1) WHERE id = $2;

-- ask_add (integer, text, text) writer
INSERT INTO ask (build, kind, job) VALUES ($1, $2, $3) ON CONFLICT (build, kind, job) DO NOTHING;

-- asks (integer) reader
SELECT kind, job FROM ask WHERE build = $1 ORDER BY kind, job;

-- change_add (integer, text) writer
INSERT INTO change (id, event) VALUES ($1, $2);

-- changes (integer) reader
SELECT id, event FROM change WHERE id > $1 ORDER BY id LIMIT 256;

-- changes_sent (integer) writer
DELETE FROM change WHERE id <= $1;
