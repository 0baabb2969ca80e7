-- Accounts. Moments and durations are milliseconds; ids are UUIDs; lists and objects are JSON, kept byte by byte.
-- Text is compared byte by byte, whatever the database's collation is.

CREATE TABLE portcullis_users (
    collection TEXT COLLATE "C" NOT NULL,
    id UUID NOT NULL,
    email TEXT COLLATE "C" NOT NULL,
    email_key TEXT COLLATE "C" NOT NULL,
    password TEXT COLLATE "C",
    roles TEXT COLLATE "C" NOT NULL,
    permissions TEXT COLLATE "C" NOT NULL,
    verified BOOLEAN NOT NULL,
    banned_at BIGINT,
    profile TEXT COLLATE "C" NOT NULL,
    language TEXT COLLATE "C",
    stamp TEXT COLLATE "C" NOT NULL,
    rights_changed_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (collection, id),
    UNIQUE (collection, email_key)
);

-- Who holds a role: the same as in the users' rows, to be found by the role.
CREATE TABLE portcullis_user_roles (
    collection TEXT COLLATE "C" NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    user_id UUID NOT NULL,
    PRIMARY KEY (collection, role, user_id),
    FOREIGN KEY (collection, user_id) REFERENCES portcullis_users ON DELETE CASCADE
);
CREATE INDEX portcullis_user_roles_user ON portcullis_user_roles (collection, user_id);

-- Logins that live by refresh tokens. expires_at is the earlier of ends_at and rotated_at + idle.
CREATE TABLE portcullis_families (
    id UUID NOT NULL PRIMARY KEY,
    collection TEXT COLLATE "C" NOT NULL,
    owner_id UUID NOT NULL,
    stamp TEXT COLLATE "C" NOT NULL,
    generation BIGINT NOT NULL,
    rotated_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    authenticated_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    idle BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    amr TEXT COLLATE "C" NOT NULL,
    remember BOOLEAN NOT NULL,
    address TEXT COLLATE "C",
    user_agent TEXT COLLATE "C",
    FOREIGN KEY (collection, owner_id) REFERENCES portcullis_users ON DELETE CASCADE
);
CREATE INDEX portcullis_families_owner ON portcullis_families (collection, owner_id);
CREATE INDEX portcullis_families_expires ON portcullis_families (expires_at);

-- One-time links: one for each owner and purpose.
CREATE TABLE portcullis_links (
    id UUID NOT NULL PRIMARY KEY,
    collection TEXT COLLATE "C" NOT NULL,
    owner_id UUID NOT NULL,
    purpose TEXT COLLATE "C" NOT NULL,
    digest BYTEA NOT NULL,
    email TEXT COLLATE "C" NOT NULL,
    email_key TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    UNIQUE (collection, owner_id, purpose),
    FOREIGN KEY (collection, owner_id) REFERENCES portcullis_users ON DELETE CASCADE
);
CREATE INDEX portcullis_links_expires ON portcullis_links (expires_at);

CREATE TABLE portcullis_keys (
    id UUID NOT NULL PRIMARY KEY,
    collection TEXT COLLATE "C" NOT NULL,
    owner_id UUID NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    key_id TEXT COLLATE "C" UNIQUE,
    digest BYTEA NOT NULL UNIQUE,
    start TEXT COLLATE "C" NOT NULL,
    scopes TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT,
    last_used_from TEXT COLLATE "C",
    FOREIGN KEY (collection, owner_id) REFERENCES portcullis_users ON DELETE CASCADE
);
CREATE INDEX portcullis_keys_owner ON portcullis_keys (collection, owner_id);

-- The audit trail. It outlives the users that it names.
CREATE TABLE portcullis_audit (
    id UUID NOT NULL PRIMARY KEY,
    happened_at BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C",
    collection TEXT COLLATE "C" NOT NULL,
    actor_collection TEXT COLLATE "C",
    actor_id UUID,
    subject_id UUID,
    ip TEXT COLLATE "C",
    user_agent TEXT COLLATE "C",
    request_id TEXT COLLATE "C",
    session_id TEXT COLLATE "C",
    detail TEXT COLLATE "C"
);
CREATE INDEX portcullis_audit_collection ON portcullis_audit (collection, id);
CREATE INDEX portcullis_audit_kind ON portcullis_audit (collection, kind, id);
CREATE INDEX portcullis_audit_actor ON portcullis_audit (collection, actor_id, id) WHERE actor_id IS NOT NULL;
CREATE INDEX portcullis_audit_subject ON portcullis_audit (collection, subject_id, id) WHERE subject_id IS NOT NULL;
CREATE INDEX portcullis_audit_happened ON portcullis_audit (happened_at);

-- Mail that waits to be sent.
CREATE TABLE portcullis_outbox (
    id UUID NOT NULL PRIMARY KEY,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    claimed_until BIGINT
);
CREATE INDEX portcullis_outbox_created ON portcullis_outbox (created_at, id);
CREATE INDEX portcullis_outbox_expires ON portcullis_outbox (expires_at);

-- Access tokens that were taken back.
CREATE TABLE portcullis_revocations (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL,
    collection TEXT COLLATE "C",
    subject TEXT COLLATE "C",
    issued_before BIGINT,
    remember_until BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL
);
CREATE INDEX portcullis_revocations_recorded ON portcullis_revocations (recorded_at);
CREATE INDEX portcullis_revocations_until ON portcullis_revocations (remember_until);
