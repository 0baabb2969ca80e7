-- Sessions by cookie that have ended, wherever they are kept. No reference to the user: these rows say no to whatever a session store brings
-- back, and go when the session would have ended by itself.
CREATE TABLE portcullis_ended_sessions (
    collection TEXT COLLATE "C" NOT NULL,
    owner_id UUID NOT NULL,
    sid TEXT COLLATE "C" NOT NULL,
    through BIGINT NOT NULL,
    remember_until BIGINT NOT NULL,
    PRIMARY KEY (collection, owner_id, sid)
);
CREATE INDEX portcullis_ended_sessions_until ON portcullis_ended_sessions (remember_until);
