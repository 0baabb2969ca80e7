//! Users in a table of the application's own, everything else here: what belongs to somebody has an owner all the same.
#![cfg(feature = "sqlite")]

#[path = "../../portcullis-accounts/tests/foreign/mod.rs"]
mod foreign;

use foreign::OwnTable;
use portcullis_accounts::store::WithUsers;
use portcullis_sql::SqlStore;
use portcullis_testkit::account_store::{self, Nodes};

async fn nodes() -> Nodes {
    let long = std::time::Duration::from_secs(60);
    let builder = SqlStore::builder("sqlite::memory:").acquire_timeout(long);
    let rest = builder.statement_timeout(long).connect().await;
    let users = OwnTable::default();
    Nodes::one(WithUsers::new(users, rest.expect("a database in memory")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn it_keeps_the_contracts() {
    account_store::conformance(nodes).await;
}
