-- Rows as version 3 wrote them beside those of version 1, in SQLite's way of writing bytes.
INSERT INTO portcullis_sessions (digest, data, login, collection, user_id, sid, expires_at)
VALUES (X'1111111111111111111111111111111111111111111111111111111111111111', '{}', '{}', X'7573657273', X'616c696365', X'736964', 1900000000000);
INSERT INTO portcullis_lockouts (key, forgotten_at, open_at, failures, locks)
VALUES (X'2222222222222222222222222222222222222222222222222222222222222222', 1900000000000, 1700000000000, 3, 1);
