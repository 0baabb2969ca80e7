-- What is half done, and who users are at providers.

-- A ticket may be nobody's: who comes back from a provider is not known yet.
CREATE TABLE portcullis_tickets (
    id BLOB NOT NULL PRIMARY KEY,
    collection TEXT NOT NULL,
    owner_id BLOB,
    purpose TEXT NOT NULL,
    digest BLOB NOT NULL,
    sealed BLOB NOT NULL,
    attempts INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    FOREIGN KEY (collection, owner_id) REFERENCES portcullis_users ON DELETE CASCADE
) STRICT;
CREATE INDEX portcullis_tickets_owner ON portcullis_tickets (collection, owner_id);
CREATE INDEX portcullis_tickets_expires ON portcullis_tickets (expires_at);

-- Issuer and subject together are one identity in a collection; nothing else tells it.
CREATE TABLE portcullis_identities (
    id BLOB NOT NULL PRIMARY KEY,
    collection TEXT NOT NULL,
    owner_id BLOB NOT NULL,
    provider TEXT NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    email TEXT,
    sealed_tokens BLOB,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    UNIQUE (collection, issuer, subject),
    FOREIGN KEY (collection, owner_id) REFERENCES portcullis_users ON DELETE CASCADE
) STRICT;
CREATE INDEX portcullis_identities_owner ON portcullis_identities (collection, owner_id);
