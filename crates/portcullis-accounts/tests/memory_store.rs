//! The store in memory keeps the contracts; it is the measure of all others.

use portcullis_accounts::MemoryStore;
use portcullis_testkit::account_store::{self, Nodes};

async fn one_node() -> Nodes {
    Nodes::one(MemoryStore::new())
}

/// Clones share the accounts.
async fn two_nodes() -> Nodes {
    let store = MemoryStore::new();
    Nodes::two(store.clone(), store)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_store_in_memory_keeps_the_contracts() {
    account_store::conformance(one_node).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn clones_of_the_store_in_memory_are_nodes_of_one() {
    account_store::conformance(two_nodes).await;
}
