-- Second factors. What is sealed is AES-256-GCM under the server's key; recovery codes are digests.

-- Since when a second factor is asked for: while the factor is active.
ALTER TABLE portcullis_users ADD COLUMN mfa_since BIGINT;

-- One for each user. It is under way until it has activated_at.
CREATE TABLE portcullis_factors (
    collection TEXT COLLATE "C" NOT NULL,
    owner_id UUID NOT NULL,
    id UUID NOT NULL,
    sealed BYTEA NOT NULL,
    last_step BIGINT,
    created_at BIGINT NOT NULL,
    activated_at BIGINT,
    PRIMARY KEY (collection, owner_id),
    FOREIGN KEY (collection, owner_id) REFERENCES portcullis_users ON DELETE CASCADE
);

-- Those that are left.
CREATE TABLE portcullis_recovery_codes (
    collection TEXT COLLATE "C" NOT NULL,
    owner_id UUID NOT NULL,
    digest BYTEA NOT NULL,
    PRIMARY KEY (collection, owner_id, digest),
    FOREIGN KEY (collection, owner_id) REFERENCES portcullis_users ON DELETE CASCADE
);
