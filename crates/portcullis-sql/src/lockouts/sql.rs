//! The statements on counters. Keys go in as a JSON list of hexadecimal texts, runs as a JSON list of objects: so that however
//! many there are, it is one statement.

use crate::dialect::Sql;

/// The runs of these keys; changes nothing.
pub(super) const LOOK: Sql = Sql::per_dialect(
    "SELECT key, forgotten_at, open_at, failures, locks FROM portcullis_lockouts
        WHERE key IN (SELECT unhex(value) FROM json_each($1))",
    "SELECT key, forgotten_at, open_at, failures, locks FROM portcullis_lockouts
        WHERE key IN (SELECT decode(value, 'hex') FROM json_array_elements_text($1::json))",
);

/// The same, and nobody else may change them before the transaction ends, nor make those that are missing. On SQLite beginning to
/// write has seen to that. On PostgreSQL rows are made where there are none, to have something to lock: always in the order of
/// the keys, so that no two transactions wait for each other.
pub(super) const HOLD: Sql = Sql::per_dialect(
    LOOK.text(crate::Dialect::Sqlite),
    "INSERT INTO portcullis_lockouts (key, forgotten_at, open_at, failures, locks)
        SELECT decode(value, 'hex') AS key, 0, 0, 0, 0 FROM json_array_elements_text($1::json) ORDER BY key
        ON CONFLICT (key) DO UPDATE SET locks = portcullis_lockouts.locks
        RETURNING key, forgotten_at, open_at, failures, locks",
);

/// The same, but of missing ones none is made.
pub(super) const HOLD_KNOWN: Sql = Sql::per_dialect(
    LOOK.text(crate::Dialect::Sqlite),
    "SELECT key, forgotten_at, open_at, failures, locks FROM portcullis_lockouts
        WHERE key IN (SELECT decode(value, 'hex') FROM json_array_elements_text($1::json))
        ORDER BY key FOR UPDATE",
);

/// Writes runs that are held.
pub(super) const WRITE: Sql = Sql::per_dialect(
    "INSERT INTO portcullis_lockouts (key, forgotten_at, open_at, failures, locks)
        SELECT unhex(value ->> 'key'), value ->> 'forgottenAt', value ->> 'openAt', value ->> 'failures', value ->> 'locks'
        FROM json_each($1) WHERE true
        ON CONFLICT (key) DO UPDATE SET forgotten_at = excluded.forgotten_at, open_at = excluded.open_at,
            failures = excluded.failures, locks = excluded.locks",
    r#"UPDATE portcullis_lockouts AS kept
        SET forgotten_at = run."forgottenAt", open_at = run."openAt", failures = run.failures, locks = run.locks
        FROM json_to_recordset($1::json)
            AS run (key text, "forgottenAt" bigint, "openAt" bigint, failures bigint, locks bigint)
        WHERE kept.key = decode(run.key, 'hex')"#,
);

/// Forgets keys that are held.
pub(super) const CLEAR: Sql = Sql::per_dialect(
    "DELETE FROM portcullis_lockouts WHERE key IN (SELECT unhex(value) FROM json_each($1))",
    "DELETE FROM portcullis_lockouts
        WHERE key IN (SELECT decode(value, 'hex') FROM json_array_elements_text($1::json))",
);

/// Up to `$2` runs that are forgotten. On PostgreSQL those that somebody else is busy with are left for the next time.
pub(super) const PURGE: Sql = Sql::per_dialect(
    "DELETE FROM portcullis_lockouts WHERE key IN
        (SELECT key FROM portcullis_lockouts WHERE forgotten_at <= $1 LIMIT $2)",
    "DELETE FROM portcullis_lockouts WHERE key = ANY (ARRAY
        (SELECT key FROM portcullis_lockouts WHERE forgotten_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED))",
);
