-- What is known of builds from their events, and the pages of both.

-- place_get (text) reader
SELECT epoch, next FROM place WHERE name = $1;

-- place_set (text, integer, integer) writer
INSERT INTO place (name, epoch, next) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch, next = excluded.next;

-- build_of_name (text) reader
SELECT id, repo, number FROM build WHERE name = $1;

-- result_set (integer, integer, text, integer, integer, integer, integer, integer, integer, text, text, text) writer
INSERT INTO result (build, repo, status, run, ended_run, started, ended, elapsed, exit, reason, error, jobs)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (build) DO UPDATE SET status = excluded.status, run = excluded.run, ended_run = excluded.ended_run,
	started = excluded.started, ended = excluded.ended, elapsed = excluded.elapsed, exit = excluded.exit,
	reason = excluded.reason, error = excluded.error, jobs = excluded.jobs;

-- result_job_set (integer, integer, text, text, text, integer, text, text, integer, integer, integer, integer, integer, integer, integer, integer, integer, integer, integer) writer
INSERT INTO result_job (build, position, job, name, status, attempt, reason, error, exit, signal, started, ended,
	elapsed, user_time, system_time, maxrss, bytes, cached, allowed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
ON CONFLICT (build, position) DO UPDATE SET job = excluded.job, name = excluded.name, status = excluded.status,
	attempt = excluded.attempt, reason = excluded.reason, error = excluded.error, exit = excluded.exit,
	signal = excluded.signal, started = excluded.started, ended = excluded.ended, elapsed = excluded.elapsed,
	user_time = excluded.user_time, system_time = excluded.system_time, maxrss = excluded.maxrss,
	bytes = excluded.bytes, cached = excluded.cached, allowed = excluded.allowed;

-- result_artifact_set (integer, integer, text, text, text, text, integer, integer, integer) writer
INSERT INTO result_artifact (build, position, job, artifact, name, digest, files, bytes, saved)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (build, position, artifact) DO UPDATE SET job = excluded.job, name = excluded.name,
	digest = excluded.digest, files = excluded.files, bytes = excluded.bytes, saved = excluded.saved;

-- result_artifacts_forget (integer) writer
DELETE FROM result_artifact WHERE build = $1;

-- result_forget (integer) writer
DELETE FROM result WHERE build = $1;

-- result_jobs_forget (integer) writer
DELETE FROM result_job WHERE build = $1;

-- builds_from (integer) reader
SELECT id, repo, name FROM build WHERE id > $1 ORDER BY id LIMIT 100;

-- result_over (text) reader
SELECT build.run, result.ended_run FROM build LEFT JOIN result ON result.build = build.id WHERE build.name = $1;

-- result_jobs (integer, integer) reader
SELECT job, name, status, attempt, reason, error, exit, signal, started, ended, elapsed, user_time, system_time,
	maxrss, bytes, cached, allowed
FROM result_job WHERE build = $1 AND position >= $2 ORDER BY position;

-- result_job_status (integer, text) reader
SELECT status FROM result_job WHERE build = $1 AND job = $2;

-- artifacts (integer, text, text, integer, integer) reader
SELECT build.name, a.job, a.artifact, a.name, a.digest, a.files, a.bytes, a.saved, build.trust
FROM result_artifact AS a JOIN build ON build.id = a.build
WHERE a.build = $1 AND ($2 IS NULL OR a.job = $2) AND ($3 IS NULL OR a.artifact = $3)
ORDER BY a.position, a.artifact LIMIT $4 OFFSET $5;

-- those of the newest builds alone are looked at: what is searched for may be in none
-- artifacts_search (text, integer) reader
SELECT build.name, a.job, a.artifact, a.name, a.digest, a.files, a.bytes, a.saved, build.trust
FROM (SELECT * FROM result_artifact ORDER BY build DESC, position DESC, artifact DESC LIMIT 20000) AS a
JOIN build ON build.id = a.build
WHERE ($1 IS NULL OR lower(a.artifact) LIKE $1 ESCAPE '!')
ORDER BY a.build DESC, a.position, a.artifact LIMIT $2;

-- artifacts_search_org (integer, integer, text, integer) reader
SELECT a.build_name, a.job, a.artifact, a.name, a.digest, a.files, a.bytes, a.saved, a.trust
FROM (SELECT build.name AS build_name, build.trust, result_artifact.*
	FROM build JOIN result_artifact ON result_artifact.build = build.id
	WHERE build.org = $1 AND ($2 IS NULL OR build.repo = $2) ORDER BY build.id DESC LIMIT 20000) AS a
WHERE ($3 IS NULL OR lower(a.artifact) LIKE $3 ESCAPE '!')
ORDER BY a.build DESC, a.position, a.artifact LIMIT $4;

-- build_get (text) reader
SELECT build.name, build.number, build.state, build.trust, build.event, build.created, build.run, build.priority,
	build.ref, build.branch, build.tag, build.rev, build.base, build.actor, build.message, build.rerun_of,
	build.agent, build.cancel, build.status, result.status, result.started, result.ended, result.elapsed, result.exit,
	result.reason, result.error, result.jobs, build.params
FROM build LEFT JOIN result ON result.build = build.id WHERE build.name = $1;

-- Pages: each begins with what an index finds, then builds before one, then what is looked at in each.

-- builds_page (integer, text, text, text, integer, integer, integer) reader
SELECT build.name, build.number, build.state, build.trust, build.event, build.created, build.run, build.priority,
	build.ref, build.branch, build.tag, build.rev, build.base, build.actor, build.message, build.rerun_of,
	build.agent, build.cancel, build.status, result.status, result.started, result.ended, result.elapsed, result.exit,
	result.reason, result.error, result.jobs
FROM build LEFT JOIN result ON result.build = build.id
WHERE build.id < $1 AND ($2 IS NULL OR build.branch = $2) AND ($3 IS NULL OR build.event = $3) AND ($4 IS NULL OR build.actor = $4)
	AND ($5 IS NULL OR build.created >= $5) AND ($6 IS NULL OR build.created < $6)
ORDER BY build.id DESC LIMIT $7;

-- builds_page_org (integer, integer, text, text, text, integer, integer, integer) reader
SELECT build.name, build.number, build.state, build.trust, build.event, build.created, build.run, build.priority,
	build.ref, build.branch, build.tag, build.rev, build.base, build.actor, build.message, build.rerun_of,
	build.agent, build.cancel, build.status, result.status, result.started, result.ended, result.elapsed, result.exit,
	result.reason, result.error, result.jobs
FROM build LEFT JOIN result ON result.build = build.id
WHERE build.org = $1 AND build.id < $2 AND ($3 IS NULL OR build.branch = $3) AND ($4 IS NULL OR build.event = $4) AND ($5 IS NULL OR build.actor = $5)
	AND ($6 IS NULL OR build.created >= $6) AND ($7 IS NULL OR build.created < $7)
ORDER BY build.id DESC LIMIT $8;

-- builds_page_repo (integer, integer, text, text, integer, integer, integer) reader
SELECT build.name, build.number, build.state, build.trust, build.event, build.created, build.run, build.priority,
	build.ref, build.branch, build.tag, build.rev, build.base, build.actor, build.message, build.rerun_of,
	build.agent, build.cancel, build.status, result.status, result.started, result.ended, result.elapsed, result.exit,
	result.reason, result.error, result.jobs
FROM build LEFT JOIN result ON result.build = build.id
WHERE build.repo = $1 AND build.number < $2 AND ($3 IS NULL OR build.event = $3) AND ($4 IS NULL OR build.actor = $4)
	AND ($5 IS NULL OR build.created >= $5) AND ($6 IS NULL OR build.created < $6)
ORDER BY build.number DESC LIMIT $7;

-- builds_page_branch (integer, integer, text, text, text, integer, integer, integer) reader
SELECT build.name, build.number, build.state, build.trust, build.event, build.created, build.run, build.priority,
	build.ref, build.branch, build.tag, build.rev, build.base, build.actor, build.message, build.rerun_of,
	build.agent, build.cancel, build.status, result.status, result.started, result.ended, result.elapsed, result.exit,
	result.reason, result.error, result.jobs
FROM build LEFT JOIN result ON result.build = build.id
WHERE build.repo = $1 AND build.id < $2 AND build.branch = $3 AND ($4 IS NULL OR build.event = $4) AND ($5 IS NULL OR build.actor = $5)
	AND ($6 IS NULL OR build.created >= $6) AND ($7 IS NULL OR build.created < $7)
ORDER BY build.id DESC LIMIT $8;

-- builds_page_status (integer, text, integer, text, text, text, integer, integer, integer) reader
SELECT build.name, build.number, build.state, build.trust, build.event, build.created, build.run, build.priority,
	build.ref, build.branch, build.tag, build.rev, build.base, build.actor, build.message, build.rerun_of,
	build.agent, build.cancel, build.status, result.status, result.started, result.ended, result.elapsed, result.exit,
	result.reason, result.error, result.jobs
FROM result JOIN build ON build.id = result.build
WHERE result.build < $1 AND result.status = $2 AND ($3 IS NULL OR build.org = $3) AND ($4 IS NULL OR build.branch = $4)
	AND ($5 IS NULL OR build.event = $5) AND ($6 IS NULL OR build.actor = $6)
	AND ($7 IS NULL OR build.created >= $7) AND ($8 IS NULL OR build.created < $8)
ORDER BY result.build DESC LIMIT $9;

-- builds_page_repo_status (integer, integer, text, text, text, text, integer, integer, integer) reader
SELECT build.name, build.number, build.state, build.trust, build.event, build.created, build.run, build.priority,
	build.ref, build.branch, build.tag, build.rev, build.base, build.actor, build.message, build.rerun_of,
	build.agent, build.cancel, build.status, result.status, result.started, result.ended, result.elapsed, result.exit,
	result.reason, result.error, result.jobs
FROM result JOIN build ON build.id = result.build
WHERE result.repo = $1 AND result.build < $2 AND result.status = $3 AND ($4 IS NULL OR build.branch = $4)
	AND ($5 IS NULL OR build.event = $5) AND ($6 IS NULL OR build.actor = $6)
	AND ($7 IS NULL OR build.created >= $7) AND ($8 IS NULL OR build.created < $8)
ORDER BY result.build DESC LIMIT $9;

-- the newest build of each repository of an organisation (NULL: of all), behind one of that name
-- builds_latest (integer, text, text, integer) reader
SELECT build.name, build.number, build.state, build.trust, build.event, build.created, build.run, build.priority,
	build.ref, build.branch, build.tag, build.rev, build.base, build.actor, build.message, build.rerun_of,
	build.agent, build.cancel, build.status, result.status, result.started, result.ended, result.elapsed, result.exit,
	result.reason, result.error, result.jobs
FROM repo JOIN org ON org.id = repo.org
JOIN build ON build.repo = repo.id AND build.number = (SELECT max(b.number) FROM build b WHERE b.repo = repo.id)
LEFT JOIN result ON result.build = build.id
WHERE ($1 IS NULL OR repo.org = $1) AND (org.name, repo.name) > ($2, $3)
ORDER BY org.name, repo.name LIMIT $4;

-- result_job (integer, text) reader
SELECT job, name, status, attempt, reason, error, exit, signal, started, ended, elapsed, user_time, system_time,
	maxrss, bytes, cached, allowed
FROM result_job WHERE build = $1 AND job = $2;
