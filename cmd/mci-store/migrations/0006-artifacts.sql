-- What jobs have left in the store of large files: projected, as result and result_job.
CREATE TABLE result_artifact (
	build INTEGER NOT NULL,
	position INTEGER NOT NULL,    -- of its job
	job TEXT NOT NULL,
	artifact TEXT NOT NULL,
	name TEXT,                    -- what it is called in that store
	digest TEXT,                  -- SHA-256 of its manifest, in hex
	files BIGINT NOT NULL,
	bytes BIGINT NOT NULL,
	saved BIGINT NOT NULL,
	PRIMARY KEY (build, position, artifact)
);
