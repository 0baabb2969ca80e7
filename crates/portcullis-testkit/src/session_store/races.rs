//! Real races: each round lets tasks go at once, from a barrier, on the threads of the runtime.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use portcullis_core::BoxFuture;
use portcullis_session::tower_sessions::session::Record;
use portcullis_session::{AuthMark, AuthRecord, IndexedSessionStore};
use serde_json::json;
use tokio::sync::Barrier;

use super::rows::{
    create, created_login, delete, listed, load, logged_out, login_in, owner, save, visitor, with,
};

const ROUNDS: usize = 40;

type Task<T> = BoxFuture<'static, T>;

/// Runs tasks at once and waits for all.
async fn at_once<T: Send + 'static>(tasks: Vec<Task<T>>) -> Vec<T> {
    let barrier = Arc::new(Barrier::new(tasks.len()));
    let running: Vec<_> = tasks
        .into_iter()
        .map(|task| {
            let barrier = Arc::clone(&barrier);
            tokio::spawn(async move {
                barrier.wait().await;
                task.await
            })
        })
        .collect();
    let mut results = Vec::new();
    for task in running {
        results.push(task.await.expect("a task does not panic"));
    }
    results
}

fn saving<S: IndexedSessionStore>(store: &Arc<S>, record: Record) -> Task<()> {
    let store = Arc::clone(store);
    Box::pin(async move { save(&*store, &record).await })
}

/// What a request does that gives a session a new id; `None` where the store would not have it.
fn moving<S: IndexedSessionStore>(store: &Arc<S>, mut record: Record) -> Task<Option<Record>> {
    let store = Arc::clone(store);
    Box::pin(async move {
        delete(&*store, &record.id).await;
        store.create(&mut record).await.ok().map(|()| record)
    })
}

async fn assert_over(store: &impl IndexedSessionStore, old: &Record, moved: Option<Record>) {
    assert_eq!(load(store, &old.id).await, None, "the old id is dead");
    if let Some(moved) = moved {
        assert_eq!(load(store, &moved.id).await, None, "and so is the new one");
    }
    assert!(listed(store, "alice").await.is_empty(), "nothing is listed");
}

/// AC-S8: whatever the order, a deleted session is gone.
pub(super) async fn saves_against_a_delete<S: IndexedSessionStore>(store: Arc<S>) {
    for round in 0..ROUNDS {
        let record = created_login(&*store, "alice").await;
        let mut tasks: Vec<Task<()>> = (0..4)
            .map(|slow| saving(&store, with(&record, "slow", slow)))
            .collect();
        let (deleting, id) = (Arc::clone(&store), record.id);
        tasks.insert(
            round % 5,
            Box::pin(async move { delete(&*deleting, &id).await }),
        );
        at_once(tasks).await;
        assert_over(&*store, &record, None).await;
    }
}

pub(super) async fn a_logout_against_a_new_id<S: IndexedSessionStore>(store: Arc<S>) {
    for _ in 0..ROUNDS {
        let record = created_login(&*store, "alice").await;
        let (leaving, last) = (Arc::clone(&store), record.clone());
        let logout: Task<Option<Record>> = Box::pin(async move {
            save(&*leaving, &logged_out(&last)).await;
            delete(&*leaving, &last.id).await;
            None
        });
        let moved = at_once(vec![moving(&store, record.clone()), logout]).await;
        assert_over(&*store, &record, moved.into_iter().flatten().next()).await;
    }
}

pub(super) async fn a_revocation_against_a_new_id<S: IndexedSessionStore>(store: Arc<S>) {
    for _ in 0..ROUNDS {
        let record = created_login(&*store, "alice").await;
        let revoking = Arc::clone(&store);
        let revocation: Task<Option<Record>> = Box::pin(async move {
            let revoked = revoking.revoke_all(&owner("alice"), None).await;
            revoked.expect("a store answers");
            None
        });
        let moved = at_once(vec![revocation, moving(&store, record.clone())]).await;
        assert_over(&*store, &record, moved.into_iter().flatten().next()).await;
    }
}

pub(super) async fn two_new_ids<S: IndexedSessionStore>(store: Arc<S>) {
    for _ in 0..ROUNDS {
        let record = created_login(&*store, "alice").await;
        let tasks = (0..4).map(|_| moving(&store, record.clone())).collect();
        let moved: Vec<Record> = at_once(tasks).await.into_iter().flatten().collect();
        assert_eq!(moved.len(), 1, "a login goes on under one new id");
        assert_eq!(listed(&*store, "alice").await.len(), 1);
        delete(&*store, &moved[0].id).await;
    }
}

pub(super) async fn two_sessions_of_one_wish<S: IndexedSessionStore>(store: Arc<S>) {
    let tasks = (0..8).map(|number| {
        let (store, record) = (Arc::clone(&store), with(&visitor(), "number", number));
        let task: Task<Record> = Box::pin(async move { create(&*store, record).await });
        task
    });
    let created = at_once(tasks.collect()).await;
    let ids: HashSet<_> = created.iter().map(|record| record.id).collect();
    assert_eq!(
        ids.len(),
        created.len(),
        "every session has an id of its own"
    );
    for record in created {
        let found = load(&*store, &record.id).await.expect("it was created");
        assert_eq!(found.data, record.data, "and its own data");
    }
}

/// Slow requests save old copies while others note uses: the login keeps its rights and its latest use.
pub(super) async fn uses_against_writes<S: IndexedSessionStore>(store: Arc<S>) {
    for _ in 0..ROUNDS {
        let record = created_login(&*store, "alice").await;
        let began = login_in(&record).expect("a login");
        let later = began.seen_at().saturating_add(Duration::from_secs(60));
        let mut tasks: Vec<Task<()>> = (0..3)
            .map(|slow| saving(&store, with(&record, "slow", slow)))
            .collect();
        tasks.push(saving(&store, used_at(&record, &began, later)));
        at_once(tasks).await;
        let found = load(&*store, &record.id).await.expect("it is there");
        let login = login_in(&found).expect("somebody is logged in");
        assert_eq!(login.seen_at(), later, "the latest use is not lost");
        assert_eq!(login.sid(), began.sid());
    }
}

/// A copy of a record as a request leaves it that has noted a use.
fn used_at(record: &Record, login: &AuthRecord, at: portcullis_core::Timestamp) -> Record {
    let mut value = serde_json::to_value(login).expect("a login is JSON");
    value["seenAt"] = json!(at.unix_millis());
    let login: AuthRecord = serde_json::from_value(value).expect("and back");
    let mut record = with(record, "used", true);
    AuthMark::write(Some(&login), &mut record);
    record
}

pub(super) async fn many_logins<S: IndexedSessionStore>(store: Arc<S>) {
    let tasks = (0..16).map(|_| {
        let store = Arc::clone(&store);
        let task: Task<Record> = Box::pin(async move { created_login(&*store, "alice").await });
        task
    });
    let created = at_once(tasks.collect()).await;
    assert_eq!(
        listed(&*store, "alice").await.len(),
        created.len(),
        "each is listed"
    );
    let revoked = store.revoke_all(&owner("alice"), None).await;
    assert_eq!(revoked.expect("a store answers"), 16, "each is revoked");
    for record in created {
        assert_eq!(load(&*store, &record.id).await, None, "each is over");
    }
}
