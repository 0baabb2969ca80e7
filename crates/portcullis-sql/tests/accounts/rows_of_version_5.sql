-- Rows as version 5 wrote them beside those of version 1, in SQLite's way of writing bytes. Ids begin with 0190.
UPDATE portcullis_users SET mfa_since = 1700000030000;
INSERT INTO portcullis_factors (collection, owner_id, id, sealed, last_step, created_at, activated_at)
VALUES ('users', X'01900000000000000000000000000001', X'01900000000000000000000000000007', X'abcd', 56666667, 1700000000000, 1700000030000);
INSERT INTO portcullis_recovery_codes (collection, owner_id, digest)
VALUES ('users', X'01900000000000000000000000000001', X'abababababababababababababababababababababababababababababababab');
INSERT INTO portcullis_tickets (id, collection, owner_id, purpose, digest, sealed, attempts, created_at, expires_at)
VALUES (X'01900000000000000000000000000008', 'users', X'01900000000000000000000000000001', 'trusted_device', X'abababababababababababababababababababababababababababababababab', X'cdef', 2, 1700000000000, 1702592000000);
INSERT INTO portcullis_tickets (id, collection, owner_id, purpose, digest, sealed, attempts, created_at, expires_at)
VALUES (X'01900000000000000000000000000009', 'users', NULL, 'oauth_state', X'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd', X'', 0, 1700000000000, 1700000600000);
INSERT INTO portcullis_identities (id, collection, owner_id, provider, issuer, subject, email, sealed_tokens, created_at, last_used_at)
VALUES (X'0190000000000000000000000000000a', 'users', X'01900000000000000000000000000001', 'google', 'https://accounts.example.com', '1', 'alice@mail.example.com', NULL, 1700000000000, 1700000030000);
