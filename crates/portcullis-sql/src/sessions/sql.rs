//! The statements on sessions. Each is atomic by itself, and says in its conditions what must still hold.

use crate::dialect::Sql;

/// A live row: `$1` is its digest.
pub(super) const LOAD: &str = "SELECT data, login, expires_at FROM portcullis_sessions
    WHERE digest = $1 AND data IS NOT NULL AND expires_at > $2";

/// A new session. Nothing is written where the digest, or the public id of the owner's, is taken.
pub(super) const INSERT: &str = "INSERT INTO portcullis_sessions
    (digest, data, login, expires_at, collection, user_id, sid)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";

/// A login that is between two ids goes on under a new one.
pub(super) const CONTINUE: &str = "UPDATE portcullis_sessions
    SET digest = $1, data = $2, login = $3, expires_at = $4
    WHERE collection = $5 AND user_id = $6 AND sid = $7 AND data IS NULL AND expires_at > $8";

/// New data for a live session that nobody is logged in to afterwards.
pub(super) const SAVE_FOR_NOBODY: &str = "UPDATE portcullis_sessions
    SET data = $2, login = NULL, collection = NULL, user_id = NULL, sid = NULL, expires_at = $3
    WHERE digest = $1 AND data IS NOT NULL AND expires_at > $4";

/// New data for a live session whose login is still what it was when it was read: `$5`.
pub(super) const SAVE_FOR_LOGIN: &str = "UPDATE portcullis_sessions
    SET data = $2, login = $3, expires_at = $4
    WHERE digest = $1 AND login = $5 AND expires_at > $6";

/// A live session with a login gives its id up: what is left may take another one until `$2`.
pub(super) const DEPART: &str =
    "UPDATE portcullis_sessions SET data = NULL, login = NULL, expires_at = $2
    WHERE digest = $1 AND login IS NOT NULL AND expires_at > $3";

/// Any other session goes; a login that is between two ids already stays there.
pub(super) const DELETE: &str = "DELETE FROM portcullis_sessions
    WHERE digest = $1 AND data IS NOT NULL AND (login IS NULL OR expires_at <= $2)";

pub(super) const LIST: &str = "SELECT login FROM portcullis_sessions
    WHERE collection = $1 AND user_id = $2 AND sid IS NOT NULL AND login IS NOT NULL AND expires_at > $3";

/// A login is over, under whatever id it lives and between two ids as well. Says of each whether it was live.
pub(super) const END: &str = "DELETE FROM portcullis_sessions
    WHERE collection = $1 AND user_id = $2 AND sid = $3
    RETURNING expires_at > $4";

/// The same for all logins of a user but one, which may be NULL.
pub(super) const END_ALL: Sql = Sql::per_dialect(
    "DELETE FROM portcullis_sessions
        WHERE collection = $1 AND user_id = $2 AND sid IS NOT NULL AND sid IS NOT $3
        RETURNING expires_at > $4",
    "DELETE FROM portcullis_sessions
        WHERE collection = $1 AND user_id = $2 AND sid IS NOT NULL AND sid IS DISTINCT FROM $3
        RETURNING expires_at > $4",
);

/// Up to `$2` rows that are past their end. On PostgreSQL those that somebody else is busy with are left for the next time.
pub(super) const PURGE: Sql = Sql::per_dialect(
    "DELETE FROM portcullis_sessions WHERE digest IN
        (SELECT digest FROM portcullis_sessions WHERE expires_at <= $1 LIMIT $2)",
    "DELETE FROM portcullis_sessions WHERE digest = ANY (ARRAY
        (SELECT digest FROM portcullis_sessions WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED))",
);
