-- Sessions by cookie that have ended, wherever they are kept. No reference to the user: these rows say no to whatever a session store brings
-- back, and go when the session would have ended by itself.
CREATE TABLE portcullis_ended_sessions (
    collection TEXT NOT NULL,
    owner_id BLOB NOT NULL,
    sid TEXT NOT NULL,
    through INTEGER NOT NULL,
    remember_until INTEGER NOT NULL,
    PRIMARY KEY (collection, owner_id, sid)
) STRICT, WITHOUT ROWID;
CREATE INDEX portcullis_ended_sessions_until ON portcullis_ended_sessions (remember_until);
