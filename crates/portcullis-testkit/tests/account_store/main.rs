//! The suite itself: a store that breaks one rule does not pass it.
#![cfg(feature = "accounts")]

mod bend;
mod bend_credentials;
mod credentials;
mod fault;
mod faulty;
mod hasty;
mod hasty_credentials;
mod session_ends;

use portcullis_accounts::MemoryStore;
use portcullis_testkit::account_store::{self, Nodes};

use self::fault::Fault;
use self::faulty::Faulty;

fn passes(fault: Fault) -> bool {
    ends_well(fault, async |fault| {
        account_store::conformance(|| nodes(fault)).await;
    })
}

fn passes_races(fault: Fault) -> bool {
    ends_well(fault, async |fault| {
        account_store::races(|| nodes(fault)).await;
    })
}

async fn nodes(fault: Fault) -> Nodes {
    let store = MemoryStore::new();
    Nodes::two(Faulty::new(fault, &store), Faulty::new(fault, &store))
}

/// On a thread of its own, so that the suite may panic.
fn ends_well(fault: Fault, suite: impl AsyncFnOnce(Fault) + Send + 'static) -> bool {
    let suite = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime starts");
        runtime.block_on(suite(fault));
    });
    suite.join().is_ok()
}

#[test]
fn a_store_without_a_fault_passes() {
    assert!(passes(Fault::None));
}

#[test]
fn a_store_with_any_fault_does_not() {
    let unnoticed: Vec<_> = Fault::ALL.iter().filter(|fault| passes(**fault)).collect();
    assert!(unnoticed.is_empty(), "not noticed: {unnoticed:?}");
}

/// Even where every rule holds for one request at a time.
#[test]
fn reading_first_and_writing_afterwards_is_noticed_by_races_alone() {
    assert!(passes_races(Fault::None));
    let unnoticed: Vec<_> = Fault::HASTY
        .iter()
        .filter(|fault| passes_races(**fault))
        .collect();
    assert!(unnoticed.is_empty(), "not noticed: {unnoticed:?}");
}
