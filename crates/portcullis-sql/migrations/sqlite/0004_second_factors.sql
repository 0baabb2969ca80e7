-- Second factors. What is sealed is AES-256-GCM under the server's key; recovery codes are digests.

-- Since when a second factor is asked for: while the factor is active.
ALTER TABLE portcullis_users ADD COLUMN mfa_since INTEGER;

-- One for each user. It is under way until it has activated_at.
CREATE TABLE portcullis_factors (
    collection TEXT NOT NULL,
    owner_id BLOB NOT NULL,
    id BLOB NOT NULL,
    sealed BLOB NOT NULL,
    last_step INTEGER,
    created_at INTEGER NOT NULL,
    activated_at INTEGER,
    PRIMARY KEY (collection, owner_id),
    FOREIGN KEY (collection, owner_id) REFERENCES portcullis_users ON DELETE CASCADE
) STRICT;

-- Those that are left.
CREATE TABLE portcullis_recovery_codes (
    collection TEXT NOT NULL,
    owner_id BLOB NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (collection, owner_id, digest),
    FOREIGN KEY (collection, owner_id) REFERENCES portcullis_users ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
