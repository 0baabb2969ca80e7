use crate::dialect::Sql;

/// One step forwards. What was once released is never changed: a later step mends it.
pub(super) struct Migration {
    /// One more than that of the step before.
    pub(super) version: i64,
    /// What it brings.
    pub(super) name: &'static str,
    pub(super) sql: Sql,
}

macro_rules! migrations {
    ($($version:literal $name:literal $file:literal,)+) => {
        /// All steps, the first one first.
        pub(super) const MIGRATIONS: &[Migration] = &[$(Migration {
            version: $version,
            name: $name,
            sql: Sql::per_dialect(
                include_str!(concat!("../../migrations/sqlite/", $file)),
                include_str!(concat!("../../migrations/postgres/", $file)),
            ),
        }),+];
    };
}

migrations! {
    1 "accounts" "0001_accounts.sql",
    2 "sessions" "0002_sessions.sql",
    3 "lockouts" "0003_lockouts.sql",
    4 "second factors" "0004_second_factors.sql",
    5 "tickets and identities" "0005_tickets_and_identities.sql",
    6 "signing keys" "0006_signing_keys.sql",
    7 "ended sessions" "0007_ended_sessions.sql",
}
