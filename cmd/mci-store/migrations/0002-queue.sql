-- The queue of builds. What is decided: build, ask, skip, change, counter. What is projected, and is made anew
-- from the events of builds at any time: result, result_job.

-- numbers that are given once: of changes, of the builds of a repository
CREATE TABLE counter (
	name TEXT PRIMARY KEY,
	value BIGINT NOT NULL
);

CREATE TABLE build (
	id INTEGER PRIMARY KEY,
	repo INTEGER NOT NULL REFERENCES repo (id),
	number INTEGER NOT NULL,
	name TEXT NOT NULL UNIQUE,    -- ORG/REPO/N
	created BIGINT NOT NULL,
	key TEXT,                     -- of the trigger: a second one with it is no other build
	state TEXT NOT NULL,          -- queued, claimed or ended
	status TEXT,                  -- how the store has ended it, where no event of its last run did
	priority INTEGER NOT NULL,    -- higher ones first
	run INTEGER NOT NULL,         -- of the last claim, from 1; 0: there was none
	claim TEXT,                   -- its caller's id
	lease TEXT,                   -- what its holder has to show
	agent TEXT,                   -- who that is, for people
	cancel TEXT,                  -- why it is to be canceled
	trust TEXT NOT NULL,          -- trusted or stranger
	event TEXT NOT NULL,
	ref TEXT NOT NULL,
	branch TEXT,
	tag TEXT,
	target TEXT,
	rev TEXT,
	base TEXT,
	actor TEXT,
	message TEXT,
	params TEXT,                  -- JSON: texts by name
	options TEXT,                 -- JSON: array of texts
	rerun_of TEXT,                -- name of a build
	rerun_failed INTEGER NOT NULL,
	rerun_from TEXT,              -- id of a job
	specs TEXT,                   -- NDJSON
	UNIQUE (repo, number),
	UNIQUE (repo, key)
);
CREATE INDEX build_waiting ON build (priority DESC, id) WHERE state = 'queued';
CREATE INDEX build_claimed ON build (repo) WHERE state = 'claimed';
CREATE INDEX build_claim ON build (claim) WHERE claim IS NOT NULL;
CREATE INDEX build_branch ON build (repo, branch, id);

-- what people ask of a build that an agent has
CREATE TABLE ask (
	build INTEGER NOT NULL REFERENCES build (id),
	kind TEXT NOT NULL,           -- cancel-job or unblock
	job TEXT NOT NULL,
	PRIMARY KEY (build, kind, job)
);

-- triggers that made no build
CREATE TABLE skip (
	id INTEGER PRIMARY KEY,
	repo INTEGER NOT NULL REFERENCES repo (id),
	created BIGINT NOT NULL,
	key TEXT,
	reason TEXT NOT NULL,
	ref TEXT NOT NULL,
	rev TEXT,
	actor TEXT,
	UNIQUE (repo, key)
);

-- events that the hub does not have for certain; the number is theirs for good
CREATE TABLE change (
	id BIGINT PRIMARY KEY,
	event TEXT NOT NULL
);

-- up to where the hub's events are in the files of builds
CREATE TABLE place (
	name TEXT PRIMARY KEY,
	epoch BIGINT NOT NULL,
	next BIGINT NOT NULL          -- offset of the first event that may not be
);

CREATE TABLE result (
	build INTEGER PRIMARY KEY,
	repo INTEGER NOT NULL,
	status TEXT NOT NULL,
	run INTEGER NOT NULL,         -- the newest that said something
	ended_run INTEGER NOT NULL,   -- whose build/end came; -1: none
	started BIGINT,
	ended BIGINT,
	elapsed BIGINT,
	exit INTEGER,
	reason TEXT,
	error TEXT,
	jobs TEXT NOT NULL            -- JSON: numbers by status
);
CREATE INDEX result_status ON result (status, build);
CREATE INDEX result_repo_status ON result (repo, status, build);

CREATE TABLE result_job (
	build INTEGER NOT NULL,
	position INTEGER NOT NULL,    -- in the order they came, from 0
	job TEXT NOT NULL,
	name TEXT,
	status TEXT NOT NULL,
	attempt INTEGER NOT NULL,
	reason TEXT,
	error TEXT,
	exit INTEGER,
	signal INTEGER,
	started BIGINT,
	ended BIGINT,
	elapsed BIGINT,
	user_time BIGINT,
	system_time BIGINT,
	maxrss BIGINT,
	bytes BIGINT,
	cached INTEGER NOT NULL,
	allowed INTEGER NOT NULL,
	PRIMARY KEY (build, position)
);
