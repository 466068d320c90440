-- Builds of an organisation, the newest first, without a look at those of others.
ALTER TABLE build ADD COLUMN org INTEGER;
UPDATE build SET org = (SELECT repo.org FROM repo WHERE repo.id = build.repo);
CREATE INDEX build_org ON build (org, id);
