-- Accounts. Moments and durations are milliseconds; ids are UUIDs, sixteen bytes; lists and objects are JSON.

CREATE TABLE portcullis_users (
    collection TEXT NOT NULL,
    id BLOB NOT NULL,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL,
    password TEXT,
    roles TEXT NOT NULL,
    permissions TEXT NOT NULL,
    verified INTEGER NOT NULL,
    banned_at INTEGER,
    profile TEXT NOT NULL,
    language TEXT,
    stamp TEXT NOT NULL,
    rights_changed_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (collection, id),
    UNIQUE (collection, email_key)
) STRICT;

-- Who holds a role: the same as in the users' rows, to be found by the role.
CREATE TABLE portcullis_user_roles (
    collection TEXT NOT NULL,
    role TEXT NOT NULL,
    user_id BLOB NOT NULL,
    PRIMARY KEY (collection, role, user_id),
    FOREIGN KEY (collection, user_id) REFERENCES portcullis_users ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX portcullis_user_roles_user ON portcullis_user_roles (collection, user_id);

-- Logins that live by refresh tokens. expires_at is the earlier of ends_at and rotated_at + idle.
CREATE TABLE portcullis_families (
    id BLOB NOT NULL PRIMARY KEY,
    collection TEXT NOT NULL,
    owner_id BLOB NOT NULL,
    stamp TEXT NOT NULL,
    generation INTEGER NOT NULL,
    rotated_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    authenticated_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    idle INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    amr TEXT NOT NULL,
    remember INTEGER NOT NULL,
    address TEXT,
    user_agent TEXT,
    FOREIGN KEY (collection, owner_id) REFERENCES portcullis_users ON DELETE CASCADE
) STRICT;
CREATE INDEX portcullis_families_owner ON portcullis_families (collection, owner_id);
CREATE INDEX portcullis_families_expires ON portcullis_families (expires_at);

-- One-time links: one for each owner and purpose.
CREATE TABLE portcullis_links (
    id BLOB NOT NULL PRIMARY KEY,
    collection TEXT NOT NULL,
    owner_id BLOB NOT NULL,
    purpose TEXT NOT NULL,
    digest BLOB NOT NULL,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    UNIQUE (collection, owner_id, purpose),
    FOREIGN KEY (collection, owner_id) REFERENCES portcullis_users ON DELETE CASCADE
) STRICT;
CREATE INDEX portcullis_links_expires ON portcullis_links (expires_at);

CREATE TABLE portcullis_keys (
    id BLOB NOT NULL PRIMARY KEY,
    collection TEXT NOT NULL,
    owner_id BLOB NOT NULL,
    name TEXT NOT NULL,
    key_id TEXT UNIQUE,
    digest BLOB NOT NULL UNIQUE,
    start TEXT NOT NULL,
    scopes TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER,
    last_used_from TEXT,
    FOREIGN KEY (collection, owner_id) REFERENCES portcullis_users ON DELETE CASCADE
) STRICT;
CREATE INDEX portcullis_keys_owner ON portcullis_keys (collection, owner_id);

-- The audit trail. It outlives the users that it names.
CREATE TABLE portcullis_audit (
    id BLOB NOT NULL PRIMARY KEY,
    happened_at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    collection TEXT NOT NULL,
    actor_collection TEXT,
    actor_id BLOB,
    subject_id BLOB,
    ip TEXT,
    user_agent TEXT,
    request_id TEXT,
    session_id TEXT,
    detail TEXT
) STRICT;
CREATE INDEX portcullis_audit_collection ON portcullis_audit (collection, id);
CREATE INDEX portcullis_audit_kind ON portcullis_audit (collection, kind, id);
CREATE INDEX portcullis_audit_actor ON portcullis_audit (collection, actor_id, id) WHERE actor_id IS NOT NULL;
CREATE INDEX portcullis_audit_subject ON portcullis_audit (collection, subject_id, id) WHERE subject_id IS NOT NULL;
CREATE INDEX portcullis_audit_happened ON portcullis_audit (happened_at);

-- Mail that waits to be sent.
CREATE TABLE portcullis_outbox (
    id BLOB NOT NULL PRIMARY KEY,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    claimed_until INTEGER
) STRICT;
CREATE INDEX portcullis_outbox_created ON portcullis_outbox (created_at, id);
CREATE INDEX portcullis_outbox_expires ON portcullis_outbox (expires_at);

-- Access tokens that were taken back.
CREATE TABLE portcullis_revocations (
    number INTEGER NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    collection TEXT,
    subject TEXT,
    issued_before INTEGER,
    remember_until INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL
) STRICT;
CREATE INDEX portcullis_revocations_recorded ON portcullis_revocations (recorded_at);
CREATE INDEX portcullis_revocations_until ON portcullis_revocations (remember_until);
