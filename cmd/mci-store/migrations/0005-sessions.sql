-- A session is a token that another one began: it ends with that one.
ALTER TABLE token ADD COLUMN parent TEXT; -- name of the token; NULL: nobody began it
ALTER TABLE token ADD COLUMN once BIGINT NOT NULL DEFAULT 0; -- 1: good for one session/begin and nothing else
CREATE INDEX token_parent ON token (parent);
