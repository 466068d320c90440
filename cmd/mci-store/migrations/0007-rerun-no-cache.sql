-- Whether a build that is run again takes no result from the store of large files.
ALTER TABLE build ADD COLUMN rerun_no_cache INTEGER NOT NULL DEFAULT 0;
