-- Failed attempts: runs of failures, in rounds that each end with a lock. Keys are hashes. Moments are milliseconds.

CREATE TABLE portcullis_lockouts (
    key BLOB NOT NULL PRIMARY KEY,
    forgotten_at INTEGER NOT NULL,
    open_at INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    locks INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX portcullis_lockouts_forgotten ON portcullis_lockouts (forgotten_at);
