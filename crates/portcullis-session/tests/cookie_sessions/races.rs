//! AC-S8: real races, let go from a barrier on the threads of the runtime.

use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use portcullis_core::BoxFuture;
use tokio::sync::Barrier;

use crate::world::{World, alice, id_in, owner, who, with_id, world, world_with};

const ROUNDS: usize = 60;

type Task<T> = BoxFuture<'static, T>;

async fn at_once<T: Send + 'static>(tasks: Vec<Task<T>>) -> Vec<T> {
    let barrier = Arc::new(Barrier::new(tasks.len()));
    let run = |task: Task<T>| {
        let barrier = Arc::clone(&barrier);
        tokio::spawn(async move {
            barrier.wait().await;
            task.await
        })
    };
    let running: Vec<_> = tasks.into_iter().map(run).collect();
    let mut results = Vec::new();
    for task in running {
        results.push(task.await.unwrap());
    }
    results
}

/// A step of a request with this session id; the id that its answer sets, if it was done.
fn step<F, Fut>(world: &Arc<World>, id: &str, step: F) -> Task<Option<String>>
where
    F: FnOnce(Arc<World>, http::HeaderMap) -> Fut + Send + 'static,
    Fut: Future<Output = Option<String>> + Send + 'static,
{
    let (world, headers) = (Arc::clone(world), with_id(id).headers);
    Box::pin(async move { step(world, headers).await })
}

fn using(world: &Arc<World>, id: &str) -> Task<Option<String>> {
    let (world, head) = (Arc::clone(world), with_id(id));
    Box::pin(async move {
        who(&world.sessions, &head).await.unwrap();
        None
    })
}

fn rotating(world: &Arc<World>, id: &str) -> Task<Option<String>> {
    step(world, id, |world, headers| async move {
        let rotated = world.sessions.rotate(&headers).await.ok();
        rotated.map(|(_, set_cookie)| id_in(&set_cookie))
    })
}

fn logging_out(world: &Arc<World>, id: &str) -> Task<Option<String>> {
    step(world, id, |world, headers| async move {
        world.sessions.logout(&headers).await.unwrap();
        None
    })
}

fn revoking(world: &Arc<World>, sid: &str, round: usize) -> Task<Option<String>> {
    let (world, sid) = (Arc::clone(world), sid.to_owned());
    Box::pin(async move {
        match round % 4 < 2 {
            true => drop(world.sessions.revoke(&owner(), &sid).await.unwrap()),
            false => drop(world.sessions.revoke_all(&owner(), None).await.unwrap()),
        }
        None
    })
}

fn touchy() -> Arc<World> {
    Arc::new(world_with(|sessions| {
        sessions.with_touch_interval(Duration::ZERO)
    }))
}

async fn assert_over(world: &World, old: &str, moved: Vec<Option<String>>) {
    assert_eq!(world.who(old).await, "nobody");
    for id in moved.into_iter().flatten() {
        assert_eq!(world.who(&id).await, "nobody", "nor under a new id");
    }
    assert!(world.sessions.list(&owner()).await.unwrap().is_empty());
    assert!(world.store.store.is_empty(), "no row is left behind");
}

/// AC-S8: whatever the order, a use that is being noted does not bring back what was revoked or logged out.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_s8_uses_against_an_end() {
    let world = touchy();
    for round in 0..ROUNDS {
        let (login, id) = world.log_in(alice().remember(true)).await;
        world.clock.advance(Duration::from_secs(1));
        let mut tasks: Vec<_> = (0..5).map(|_| using(&world, &id)).collect();
        let end = match round % 2 {
            0 => revoking(&world, login.sid(), round),
            _ => logging_out(&world, &id),
        };
        tasks.insert(round % 6, end);
        let moved = at_once(tasks).await;
        assert_over(&world, &id, moved).await;
    }
}

/// AC-S8: nor does a new id.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_s8_a_new_id_against_a_revocation() {
    let world = touchy();
    for round in 0..ROUNDS {
        let (login, id) = world.log_in(alice()).await;
        let mut tasks = vec![rotating(&world, &id), using(&world, &id)];
        tasks.insert(round % 3, revoking(&world, login.sid(), round));
        let moved = at_once(tasks).await;
        assert_over(&world, &id, moved).await;
    }
}

/// AC-S8: a logout that found the login ends it, whatever id it is about to get. One that came after the id's end found nobody,
/// and then there is one session, under the new id.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_s8_a_new_id_against_a_logout() {
    let world = touchy();
    for round in 0..ROUNDS {
        let (login, id) = world.log_in(alice()).await;
        let found = Arc::new(AtomicBool::new(false));
        let noted = Arc::clone(&found);
        let logout = step(&world, &id, |world, headers| async move {
            let (ended, _) = world.sessions.logout(&headers).await.unwrap();
            noted.store(ended.is_some(), Ordering::SeqCst);
            None
        });
        let mut tasks = vec![rotating(&world, &id)];
        tasks.insert(round % 2, logout);
        let moved = at_once(tasks).await;
        if found.load(Ordering::SeqCst) {
            assert_over(&world, &id, moved).await;
        } else {
            let new = moved.into_iter().flatten().next().unwrap();
            assert_eq!(world.who(&new).await, "alice");
            assert!(world.sessions.revoke(&owner(), login.sid()).await.unwrap());
        }
    }
}

/// AC-S1, AC-S8: many logins with one planted cookie are many sessions, and none of them is the planted one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_s8_logins_with_one_planted_cookie() {
    let world = touchy();
    for _ in 0..ROUNDS {
        let (_, planted) = world.log_in(alice()).await;
        let logging_in = |_| {
            step(&world, &planted, |world, headers| async move {
                let (_, set_cookie) = world.sessions.login(&headers, alice()).await.unwrap();
                Some(id_in(&set_cookie))
            })
        };
        let ids = at_once((0..6).map(logging_in).collect()).await;
        let ids: HashSet<_> = ids.into_iter().flatten().collect();
        assert_eq!(ids.len(), 6);
        assert!(!ids.contains(&planted));
        assert_eq!(world.who(&planted).await, "nobody");
        for id in &ids {
            assert_eq!(world.who(id).await, "alice");
        }
        assert_eq!(world.sessions.revoke_all(&owner(), None).await.unwrap(), 6);
    }
}

/// AC-S8: of many new ids of one login, one is given.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_s8_new_ids_against_each_other() {
    let world = touchy();
    for _ in 0..ROUNDS {
        let (login, id) = world.log_in(alice()).await;
        let moved = at_once((0..6).map(|_| rotating(&world, &id)).collect()).await;
        let moved: Vec<_> = moved.into_iter().flatten().collect();
        assert_eq!(moved.len(), 1);
        assert_eq!(world.who(&moved[0]).await, "alice");
        assert_eq!(world.who(&id).await, "nobody");
        let list = world.sessions.list(&owner()).await.unwrap();
        assert_eq!(list.len(), 1);
        assert_eq!(list[0].id, login.sid());
        assert!(world.sessions.revoke(&owner(), login.sid()).await.unwrap());
    }
}

/// AC-S8: a use that was being noted while the session ended, step by step: loaded before, saved after.
#[tokio::test]
async fn ac_s8_a_slow_use_revives_nothing() {
    let (loaded, go_on) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let gates = (Arc::clone(&loaded), Arc::clone(&go_on));
    let world = Arc::new(world_with(move |sessions| {
        let gates = gates.clone();
        // The loader stands between the load and the note.
        sessions
            .with_touch_interval(Duration::ZERO)
            .with_user_loader(
                move |_: portcullis_session::AuthRecord, user: portcullis_core::AuthUserBuilder| {
                    let (loaded, go_on) = gates.clone();
                    async move {
                        loaded.wait().await;
                        go_on.wait().await;
                        Ok::<_, portcullis_core::Denial>(Some(user))
                    }
                },
            )
    }));
    let (login, id) = world.log_in(alice()).await;
    world.clock.advance(Duration::from_secs(1));
    let slow = tokio::spawn(using(&world, &id));
    loaded.wait().await;
    assert!(world.sessions.revoke(&owner(), login.sid()).await.unwrap());
    go_on.wait().await;
    slow.await.unwrap();
    assert!(world.store.store.is_empty());
    assert_eq!(
        world.sessions.current(&with_id(&id).headers).await.unwrap(),
        None
    );
}

/// Other users, and other sessions of the same user, are left alone.
#[tokio::test]
async fn ends_are_of_ones_own_sessions() {
    let world = world();
    let (here, here_id) = world.log_in(alice()).await;
    let (there, there_id) = world.log_in(alice()).await;
    let (bob, bob_id) = world.log_in(portcullis_session::Login::new("bob")).await;
    let sessions = &world.sessions;
    assert!(
        !sessions.revoke(&owner(), bob.sid()).await.unwrap(),
        "another user's is none"
    );
    assert!(sessions.revoke(&owner(), there.sid()).await.unwrap());
    assert!(!sessions.revoke(&owner(), there.sid()).await.unwrap());
    let (_, third) = world.log_in(alice()).await;
    assert_eq!(
        sessions
            .revoke_all(&owner(), Some(here.sid()))
            .await
            .unwrap(),
        1
    );
    let now = [&here_id, &there_id, &bob_id, &third];
    let expected = ["alice", "nobody", "bob", "nobody"];
    for (id, expected) in now.into_iter().zip(expected) {
        assert_eq!(world.who(id).await, expected);
    }
}
