-- What is half done, and who users are at providers.

-- A ticket may be nobody's: who comes back from a provider is not known yet.
CREATE TABLE portcullis_tickets (
    id UUID NOT NULL PRIMARY KEY,
    collection TEXT COLLATE "C" NOT NULL,
    owner_id UUID,
    purpose TEXT COLLATE "C" NOT NULL,
    digest BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    attempts BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    FOREIGN KEY (collection, owner_id) REFERENCES portcullis_users ON DELETE CASCADE
);
CREATE INDEX portcullis_tickets_owner ON portcullis_tickets (collection, owner_id);
CREATE INDEX portcullis_tickets_expires ON portcullis_tickets (expires_at);

-- Issuer and subject together are one identity in a collection; nothing else tells it.
CREATE TABLE portcullis_identities (
    id UUID NOT NULL PRIMARY KEY,
    collection TEXT COLLATE "C" NOT NULL,
    owner_id UUID NOT NULL,
    provider TEXT COLLATE "C" NOT NULL,
    issuer TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    email TEXT COLLATE "C",
    sealed_tokens BYTEA,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    UNIQUE (collection, issuer, subject),
    FOREIGN KEY (collection, owner_id) REFERENCES portcullis_users ON DELETE CASCADE
);
CREATE INDEX portcullis_identities_owner ON portcullis_identities (collection, owner_id);
