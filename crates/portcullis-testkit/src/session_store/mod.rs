//! The conformance suite of session stores; [`agreement`] with another store along random requests; and [`Nodes`] over one database.

mod agreement;
mod basics;
mod ends;
mod ids;
mod logins;
mod nodes;
mod owners;
mod races;
mod rows;

use std::future::Future;
use std::sync::Arc;

use portcullis_session::IndexedSessionStore;

pub use self::agreement::agreement;
pub use self::nodes::Nodes;

/// Tests every rule that [`IndexedSessionStore`] sets for its stores, and panics at the first that is broken.
///
/// The closure makes an empty store for each case: on a schema, a database or a key prefix of its own. The suite takes the
/// time from the machine's clock, so a store with a clock of its own must be on the system's; rows that are past their end
/// are made by creating them with an end in the past, never by waiting. It needs a runtime of several threads, since half of
/// it is races.
///
/// ```
/// use portcullis_session::MemorySessions;
/// use portcullis_testkit::session_store;
///
/// # #[tokio::main(flavor = "multi_thread", worker_threads = 2)]
/// # async fn main() {
/// session_store::conformance(|| async { MemorySessions::new() }).await;
/// # }
/// ```
///
/// # Panics
///
/// If the store breaks a rule; the message says which.
pub async fn conformance<Store, Make, Made>(make: Make)
where
    Store: IndexedSessionStore,
    Make: Fn() -> Made,
    Made: Future<Output = Store>,
{
    let store = async || Arc::new(make().await);

    basics::a_session_is_found_again(&*store().await).await;
    basics::what_is_not_there_is_nothing(&*store().await).await;
    basics::a_save_replaces_the_data(&*store().await).await;
    basics::a_save_creates_nothing(&*store().await).await;
    basics::a_deleted_session_stays_deleted(&*store().await).await;
    basics::strange_data_survives(&*store().await).await;

    ends::an_ended_row_is_not_returned(&*store().await).await;
    ends::the_login_ends_the_row(&*store().await).await;
    ends::a_save_does_not_revive(&*store().await).await;
    ends::a_save_moves_the_end(&*store().await).await;
    ends::purging_removes_what_has_ended(&*store().await).await;

    logins::a_save_cannot_log_in(&*store().await).await;
    logins::a_save_cannot_change_the_login(&*store().await).await;
    logins::the_later_use_counts(&*store().await).await;
    logins::a_save_without_the_login_ends_it(&*store().await).await;
    logins::the_unreadable_is_nobody(&*store().await).await;

    ids::an_id_is_never_chosen(&*store().await).await;
    ids::a_login_moves_to_a_new_id(&*store().await).await;
    ids::a_login_that_ended_between_ids_stays_ended(&*store().await).await;
    ids::a_logout_finds_the_login_under_its_new_id(&*store().await).await;
    ids::a_login_has_one_id_at_a_time(&*store().await).await;

    owners::lists_are_by_owner(&*store().await).await;
    owners::one_session_is_revoked_by_its_owner_alone(&*store().await).await;
    owners::all_sessions_but_one_are_revoked(&*store().await).await;
    owners::owners_are_told_apart(&*store().await).await;

    races::saves_against_a_delete(store().await).await;
    races::a_logout_against_a_new_id(store().await).await;
    races::a_revocation_against_a_new_id(store().await).await;
    races::two_new_ids(store().await).await;
    races::two_sessions_of_one_wish(store().await).await;
    races::uses_against_writes(store().await).await;
    races::many_logins(store().await).await;
}
