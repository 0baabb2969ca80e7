-- Failed attempts: runs of failures, in rounds that each end with a lock. Keys are hashes. Moments are milliseconds.

CREATE TABLE portcullis_lockouts (
    key BYTEA NOT NULL PRIMARY KEY,
    forgotten_at BIGINT NOT NULL,
    open_at BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    locks BIGINT NOT NULL
);
CREATE INDEX portcullis_lockouts_forgotten ON portcullis_lockouts (forgotten_at);
