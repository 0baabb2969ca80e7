//! The conformance suite of account stores.
//!
//! [`conformance`] runs all of it; [`rules`], [`races`] and [`agreement`] are its parts.

mod agreement;
mod atomicity;
mod audit;
mod belongings;
mod bytes;
mod companions;
mod contest;
mod credential_races;
mod factors;
mod families;
mod family_ends;
mod guards;
mod identities;
mod key_bounds;
mod keys;
mod links;
mod nodes;
mod outbox;
mod pages;
mod purge;
mod races;
mod random;
mod recovery_codes;
mod revocations;
mod roles;
mod rows;
mod scene;
mod session_ends;
mod signing_keys;
mod snapshot;
mod story;
mod tickets;
mod updates;
mod users;

use std::future::Future;
use std::time::Duration;

pub use self::agreement::agreement;
pub use self::nodes::Nodes;

/// How long one case may take. The slowest takes seconds; a deadlock takes for ever.
const LIMIT: Duration = Duration::from_secs(120);

/// Tests every rule that [the contracts of account stores](portcullis_accounts::store) set, and panics at the first that is
/// broken.
///
/// The closure makes an empty store for each case: on a schema, a database or a file of its own. It gives two [`Nodes`] over
/// it, as two processes of one application would open it; [`Nodes::one`] is for stores that only one process can use. The
/// runtime must have several threads and its timers on, since much of this is races. Moments are given as parameters and
/// nothing waits for one; only the store's own clock, by which revocations are noted, must be the machine's.
///
/// ```
/// use portcullis_accounts::MemoryStore;
/// use portcullis_testkit::account_store::{self, Nodes};
///
/// # #[tokio::main(flavor = "multi_thread", worker_threads = 2)]
/// # async fn main() {
/// let make_store = || async { Nodes::one(MemoryStore::new()) };
/// account_store::conformance(make_store).await;
/// # }
/// ```
///
/// # Panics
///
/// If the store breaks a rule; the message says which.
pub async fn conformance<Make, Made>(make_store: Make)
where
    Make: Fn() -> Made,
    Made: Future<Output = Nodes>,
{
    rules(&make_store).await;
    races(&make_store).await;
    for seed in 1..=4 {
        agreement(&make_store().await, seed, 300).await;
    }
}

/// The rules that one request at a time can break.
///
/// # Panics
///
/// If the store breaks one; the message says which.
pub async fn rules<Make, Made>(make_store: Make)
where
    Make: Fn() -> Made,
    Made: Future<Output = Nodes>,
{
    let make = &make_store;
    users::all_in(make).await;
    bytes::all_in(make).await;
    updates::all_in(make).await;
    roles::all_in(make).await;
    families::all_in(make).await;
    family_ends::all_in(make).await;
    links::all_in(make).await;
    keys::all_in(make).await;
    key_bounds::all_in(make).await;
    factors::all_in(make).await;
    recovery_codes::all_in(make).await;
    tickets::all_in(make).await;
    identities::all_in(make).await;
    guards::all_in(make).await;
    belongings::all_in(make).await;
    audit::all_in(make).await;
    pages::all_in(make).await;
    outbox::all_in(make).await;
    revocations::all_in(make).await;
    session_ends::all_in(make).await;
    signing_keys::all_in(make).await;
    purge::all_in(make).await;
    atomicity::all_in(make).await;
    companions::all_in(make).await;
}

/// The rules that only many requests at once can break: from a barrier, on both nodes.
///
/// # Panics
///
/// If the store breaks one, or has not answered within two minutes; the message says where.
pub async fn races<Make, Made>(make_store: Make)
where
    Make: Fn() -> Made,
    Made: Future<Output = Nodes>,
{
    races::all_in(&make_store).await;
    credential_races::all_in(&make_store).await;
    signing_keys::races_in(&make_store).await;
}

/// Runs cases one after the other, each on an empty store.
macro_rules! cases {
    ($($case:ident),+ $(,)?) => {
        pub(super) async fn all_in<Make, Made>(make: &Make)
        where
            Make: Fn() -> Made,
            Made: Future<Output = super::Nodes>,
        {
            $(super::within_limit(stringify!($case), $case(make().await)).await;)+
        }
    };
}

use cases;

/// Runs a case, but not for ever.
async fn within_limit(name: &str, case: impl Future<Output = ()>) {
    let ended = tokio::time::timeout(LIMIT, case).await;
    assert!(
        ended.is_ok(),
        "{name}: no end within {LIMIT:?}; does something wait for itself?"
    );
}
