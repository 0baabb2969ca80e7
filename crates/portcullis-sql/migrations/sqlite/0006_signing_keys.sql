-- The keys that access tokens are signed with, where nodes keep them together. Their private halves are sealed.

CREATE TABLE portcullis_signing_keys (
    number INTEGER NOT NULL PRIMARY KEY,
    kid TEXT NOT NULL UNIQUE,
    algorithm TEXT NOT NULL,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    signs_from INTEGER NOT NULL
) STRICT;
