-- The store's own state.

-- store_version () reader
SELECT max(version) FROM migration;
