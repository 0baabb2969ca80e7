-- Rows as version 1 wrote them, in SQLite's way of writing bytes. Ids begin with 0190.
INSERT INTO portcullis_users (collection, id, email, email_key, password, roles, permissions, verified, banned_at, profile, language, stamp, rights_changed_at, created_at, updated_at)
SELECT 'users', X'01900000000000000000000000000001', 'Alice@example.com', 'alice@example.com', '$argon2id$hash', '["admin"]', '[]', verified, NULL, '{"name":"Alice"}', NULL, 'stamp', 1700000000000, 1700000000000, 1700000000000 FROM (SELECT 1 = 1 AS verified) AS yes;
INSERT INTO portcullis_user_roles (collection, role, user_id) VALUES ('users', 'admin', X'01900000000000000000000000000001');
INSERT INTO portcullis_families (id, collection, owner_id, stamp, generation, rotated_at, created_at, authenticated_at, ends_at, idle, expires_at, amr, remember, address, user_agent)
SELECT X'01900000000000000000000000000002', 'users', X'01900000000000000000000000000001', 'stamp', 7, 1700000000000, 1700000000000, 1700000000000, 1702592000000, 1209600000, 1701209600000, '["pwd"]', remember, '192.0.2.1', 'curl' FROM (SELECT 1 = 0 AS remember) AS no;
INSERT INTO portcullis_links (id, collection, owner_id, purpose, digest, email, email_key, created_at, expires_at)
VALUES (X'01900000000000000000000000000003', 'users', X'01900000000000000000000000000001', 'reset_password', X'abababababababababababababababababababababababababababababababab', 'Alice@example.com', 'alice@example.com', 1700000000000, 1700003600000);
INSERT INTO portcullis_keys (id, collection, owner_id, name, key_id, digest, start, scopes, created_at, expires_at, last_used_at, last_used_from)
VALUES (X'01900000000000000000000000000004', 'users', X'01900000000000000000000000000001', 'ci', NULL, X'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd', 'sk_1', '["read"]', 1700000000000, NULL, NULL, NULL);
INSERT INTO portcullis_audit (id, happened_at, kind, outcome, reason, collection, actor_collection, actor_id, subject_id, ip, user_agent, request_id, session_id, detail)
VALUES (X'01900000000000000000000000000005', 1700000000000, 'login.failed', 'failure', 'wrong_password', 'users', NULL, NULL, X'01900000000000000000000000000001', '192.0.2.1', 'curl', NULL, NULL, NULL);
INSERT INTO portcullis_outbox (id, sealed, created_at, due_at, expires_at, attempts, claimed_until)
VALUES (X'01900000000000000000000000000006', X'efefef', 1700000000000, 1700000000000, 1700003600000, 0, NULL);
INSERT INTO portcullis_revocations (kind, collection, subject, issued_before, remember_until, recorded_at)
VALUES ('session', NULL, 'sid', NULL, 1700000900000, 1700000000000);
