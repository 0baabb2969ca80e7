-- Sessions by cookie. A row is a live session, or a login between two ids, which has no data.
-- Owners and public ids are the bytes of their UTF-8, so that nothing can fold them together.

CREATE TABLE portcullis_sessions (
    digest BYTEA NOT NULL PRIMARY KEY,
    data TEXT COLLATE "C",
    login TEXT COLLATE "C",
    collection BYTEA,
    user_id BYTEA,
    sid BYTEA,
    expires_at BIGINT NOT NULL,
    CHECK ((sid IS NULL) = (collection IS NULL) AND (sid IS NULL) = (user_id IS NULL)),
    CHECK ((login IS NOT NULL) = (data IS NOT NULL AND sid IS NOT NULL)),
    CHECK (data IS NOT NULL OR sid IS NOT NULL)
);
CREATE UNIQUE INDEX portcullis_sessions_owner ON portcullis_sessions (collection, user_id, sid) WHERE sid IS NOT NULL;
CREATE INDEX portcullis_sessions_expires ON portcullis_sessions (expires_at);
