-- The keys that access tokens are signed with, where nodes keep them together. Their private halves are sealed.

CREATE TABLE portcullis_signing_keys (
    number BIGINT NOT NULL PRIMARY KEY,
    kid TEXT COLLATE "C" NOT NULL UNIQUE,
    algorithm TEXT COLLATE "C" NOT NULL,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    signs_from BIGINT NOT NULL
);
