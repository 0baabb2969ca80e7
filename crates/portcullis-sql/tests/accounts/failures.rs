//! Databases that do not answer: an error within seconds, nothing half done, and everything as before when they are back.

use std::time::Duration;

use portcullis_accounts::store::{Change, FamilyStore as _, Ledger as _, UserStore as _};
use portcullis_accounts::{User, UserQuery};
use portcullis_sql::{SqlStore, SqlStoreBuilder};
use sqlx::Connection as _;

use crate::frozen::Freezer;
use crate::support::{
    Place, assert_down, connect, family, insert, is_there, now, patient, user, within_seconds,
};

/// One that does not wait for long. What has to succeed is asked of one that does, or again and again.
fn hasty(url: &str) -> SqlStoreBuilder {
    let short = Duration::from_secs(1);
    patient(url)
        .pool_size(2)
        .acquire_timeout(short)
        .busy_timeout(Duration::from_millis(300))
        .statement_timeout(short)
}

/// A store that had no answer gets one again, to read and to write.
async fn heals(store: &SqlStore) {
    for number in 0..300 {
        let new = user(&format!("healed{number}@example.com"));
        if store.commit(&insert(&new)).await.is_ok() && store.ping().await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it never heals");
}

async fn all_users(store: &SqlStore) -> Vec<User> {
    let query = UserQuery {
        collection: String::from("users"),
        contains: None,
        after: None,
        limit: 10_000,
    };
    store.users(&query).await.expect("the store answers")
}

#[tokio::test]
async fn a_locked_file_refuses_to_write_and_still_reads() {
    let place = Place::sqlite();
    let (patient, store) = (place.store().await, hasty(&place.url).connect().await);
    let store = store.unwrap();
    let (alice, bob) = (user("alice@example.com"), user("bob@example.com"));
    patient.commit(&insert(&alice)).await.unwrap();

    let mut other = sqlx::SqliteConnection::connect(&place.url).await.unwrap();
    let locked = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    assert_down(&within_seconds(store.commit(&insert(&bob))).await);
    within_seconds(store.purge(now(), None, 10)).await;
    assert!(is_there(&patient, &alice).await, "readers need no lock");
    locked.rollback().await.unwrap();

    patient
        .commit(&insert(&bob))
        .await
        .expect("the lock is gone");
    assert_eq!(all_users(&patient).await.len(), 2);
    heals(&store).await;
}

#[tokio::test]
async fn a_table_that_is_locked_is_an_error_in_time() {
    let Some(place) = Place::postgres() else {
        return;
    };
    let (patient, store) = (place.store().await, hasty(&place.url).connect().await);
    let store = store.unwrap();
    let alice = user("alice@example.com");
    patient.commit(&insert(&alice)).await.unwrap();

    let mut other = sqlx::PgConnection::connect(&place.url).await.unwrap();
    let mut locked = other.begin().await.unwrap();
    let lock = sqlx::raw_sql("LOCK TABLE portcullis_users");
    lock.execute(&mut *locked).await.unwrap();
    let bob = user("bob@example.com");
    assert_down(&within_seconds(store.commit(&insert(&bob))).await);
    within_seconds(store.user(&alice.reference())).await;
    locked.rollback().await.unwrap();

    assert!(is_there(&patient, &alice).await);
    assert!(
        !is_there(&patient, &bob).await,
        "what was not answered is not there"
    );
    patient
        .commit(&insert(&bob))
        .await
        .expect("the lock is gone");
    heals(&store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_pool_at_its_end_is_an_error_in_time() {
    let Some(place) = Place::postgres() else {
        return;
    };
    let long = Duration::from_secs(60);
    let store = hasty(&place.url).statement_timeout(long).connect().await;
    let store = store.unwrap();
    let mut other = sqlx::PgConnection::connect(&place.url).await.unwrap();
    let mut locked = other.begin().await.unwrap();
    let lock = sqlx::raw_sql("LOCK TABLE portcullis_users");
    lock.execute(&mut *locked).await.unwrap();
    let waiting: Vec<_> = (0..2)
        .map(|number| {
            let (store, user) = (store.clone(), user(&format!("user{number}@example.com")));
            tokio::spawn(async move { store.commit(&insert(&user)).await.map(|_| user) })
        })
        .collect();
    // Both connections wait for the lock.
    let waiters = "SELECT count(*) FROM pg_locks WHERE NOT granted";
    while place.server().query(&place.url, waiters).trim() != "2" {
        assert!(waiting.iter().all(|one| !one.is_finished()));
    }

    within_seconds(store.ping()).await;
    assert_down(&within_seconds(store.commit(&insert(&user("late@example.com")))).await);
    locked.rollback().await.unwrap();
    for one in waiting {
        let made = one.await.unwrap().expect("who had a connection is served");
        assert!(is_there(&store, &made).await);
    }
    heals(&store).await;
}

#[tokio::test]
async fn a_sqlite_pool_at_its_end_is_an_error_in_time() {
    let place = Place::sqlite();
    let builder = hasty(&place.url).busy_timeout(Duration::from_secs(8));
    let store = builder.connect().await.unwrap();
    let patient = place.store().await;
    let mut other = sqlx::SqliteConnection::connect(&place.url).await.unwrap();
    let locked = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let (alice, bob) = (user("alice@example.com"), user("bob@example.com"));
    let (first, second) = (insert(&alice), insert(&bob));
    let first = store.commit(&first);
    tokio::pin!(first);
    // It has the only connection that writes, and waits for the lock.
    let is_over = tokio::time::timeout(Duration::from_millis(50), &mut first).await;
    assert!(is_over.is_err());
    assert_down(&within_seconds(store.commit(&second)).await);
    locked.rollback().await.unwrap();
    let _ = first.await;
    heals(&store).await;
    patient.commit(&second).await.expect("it was not written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_stops_and_comes_back() {
    let Some(place) = Place::postgres_of_its_own() else {
        return;
    };
    let patient = place.store().await;
    let alice = user("alice@example.com");
    patient.commit(&insert(&alice)).await.unwrap();
    let family = family(alice.reference());
    let began = [Change::InsertFamily(Box::new(family.clone()))];
    patient.commit(&began).await.unwrap();
    let store = hasty(&place.url).pool_size(4).connect().await.unwrap();
    // As many connections as there may be are open, and all will be dead.
    let _ = tokio::join!(store.ping(), store.ping(), store.ping(), store.ping());

    place.server().stop();
    within_seconds(store.user(&alice.reference())).await;
    assert_down(&within_seconds(store.commit(&insert(&user("bob@example.com")))).await);
    within_seconds(store.ping()).await;
    place.server().start_again();

    heals(&store).await;
    assert!(is_there(&patient, &alice).await, "nothing is lost");
    let found = patient.family(family.id).await.expect("the store answers");
    assert_eq!(found, Some(family));
    patient
        .commit(&insert(&user("bob@example.com")))
        .await
        .expect("what was not answered is not there");
}

/// Nobody notices who asks nothing meanwhile: neither to read nor to write.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_restart_between_two_questions_is_not_noticed() {
    let Some(place) = Place::postgres_of_its_own() else {
        return;
    };
    let store = patient(&place.url).pool_size(4).connect().await.unwrap();
    for round in 0..3 {
        let (a, b, c, d) = tokio::join!(store.ping(), store.ping(), store.ping(), store.ping());
        assert!([a, b, c, d].iter().all(Result::is_ok));
        place.server().stop();
        place.server().start_again();
        let new = user(&format!("user{round}@example.com"));
        match round % 2 {
            0 => assert!(all_users(&store).await.len() == round),
            _ => store.ping().await.expect("it answers"),
        }
        store.commit(&insert(&new)).await.expect("it writes");
        assert!(is_there(&store, &new).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_crash_of_the_server_loses_nothing_that_was_answered() {
    let Some(place) = Place::postgres_of_its_own() else {
        return;
    };
    let separator = if place.url.contains('?') { '&' } else { '?' };
    let url = format!(
        "{}{separator}options=-c%20synchronous_commit%3Don",
        place.url
    );
    let (patient, store) = (connect(&url).await, hasty(&url).connect().await.unwrap());
    let mut answered = Vec::new();
    for number in 0..20 {
        let new = user(&format!("user{number}@example.com"));
        patient.commit(&insert(&new)).await.unwrap();
        answered.push(new);
    }
    place.server().crash();
    within_seconds(store.ping()).await;
    place.server().start_again();
    for user in &answered {
        assert!(is_there(&patient, user).await);
    }
    heals(&store).await;
}

/// No end of the connection, no error: the server just says nothing any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_falls_silent_is_an_error_in_time() {
    let Some(place) = Place::postgres() else {
        return;
    };
    let freezer = Freezer::before(&place.url);
    let (patient, store) = (place.store().await, hasty(&freezer.url()).connect().await);
    let store = store.unwrap();
    let alice = user("alice@example.com");
    patient.commit(&insert(&alice)).await.unwrap();

    freezer.freeze();
    within_seconds(store.user(&alice.reference())).await;
    assert_down(&within_seconds(store.commit(&insert(&user("bob@example.com")))).await);
    // Every connection is stuck now, and this is an error as well.
    for _ in 0..3 {
        within_seconds(store.ping()).await;
    }
    freezer.mend();
    // The connections that are stuck are given up.
    heals(&store).await;
    assert!(is_there(&patient, &alice).await);
}

/// A client that goes away in the middle of a commit: its transaction is not left open on the connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_question_that_is_given_up_leaves_nothing_behind() {
    for place in Place::each() {
        let store = patient(&place.url).pool_size(1).connect().await.unwrap();
        let alice = user("alice@example.com");
        for steps in 0..40 {
            let commit = insert(&alice);
            let commit = store.commit(&commit);
            tokio::pin!(commit);
            for _ in 0..steps {
                tokio::select! {
                    biased;
                    _ = &mut commit => break,
                    () = tokio::task::yield_now() => {}
                }
            }
        }
        // Committed by then or not, the next one is served.
        let bob = user("bob@example.com");
        store
            .commit(&insert(&bob))
            .await
            .expect("nothing is in the way");
        assert!(is_there(&store, &bob).await);
        assert!(all_users(&store).await.len() <= 2);
    }
}
