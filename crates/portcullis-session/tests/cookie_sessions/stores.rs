//! Stores that are down, stores behind pointers, users that are looked up.

use std::sync::Arc;
use std::time::Duration;

use portcullis_core::{AuthUserBuilder, Denial};
use portcullis_session::{
    AuthRecord, CookieSessions, IndexedSessionStore, MemorySessions, SessionCookie,
    SessionErrorKind, Sessions, SharedSessionStore,
};
use portcullis_testkit::session_store;
use tower_sessions::session::Id;

use crate::world::{alice, request, who, with_id, world, world_with};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_shared_store_conforms() {
    session_store::conformance(|| async {
        let chosen: Arc<dyn IndexedSessionStore> = Arc::new(MemorySessions::new());
        SharedSessionStore::from(chosen)
    })
    .await;
}

#[tokio::test]
async fn a_store_may_come_behind_a_pointer() {
    let store = SharedSessionStore::new(MemorySessions::new());
    let both = [store.clone(), store]
        .map(|store| CookieSessions::new(Sessions::new(), store, &SessionCookie::new()));
    let (_, set_cookie) = both[0].login(&request(&[]).headers, alice()).await.unwrap();
    let head = with_id(&crate::world::id_in(&set_cookie));
    assert_eq!(
        who(&both[1], &head).await.unwrap(),
        "alice",
        "clones are the same store"
    );
}

/// A store that does not answer is 503: never a pass, and never nobody.
#[tokio::test]
async fn a_store_that_cannot_be_read_is_503() {
    let world = world();
    let (_, id) = world.log_in(alice()).await;
    world.store.refuse_reads(true);
    for head in [with_id(&id), with_id(&Id(3).to_string())] {
        let denial = who(&world.sessions, &head).await.unwrap_err();
        assert_eq!(
            (denial.status().as_u16(), denial.code()),
            (503, "unavailable")
        );
        let sessions = &world.sessions;
        let errors = [
            sessions.current(&head.headers).await.unwrap_err(),
            sessions.login(&head.headers, alice()).await.unwrap_err(),
            sessions.logout(&head.headers).await.unwrap_err(),
            sessions.rotate(&head.headers).await.unwrap_err(),
            sessions
                .reauthenticate(&head.headers, [])
                .await
                .unwrap_err(),
            sessions.list(&crate::world::owner()).await.unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), SessionErrorKind::Unavailable);
        }
    }
    assert_eq!(
        who(&world.sessions, &request(&[])).await.unwrap(),
        "absent",
        "it is not asked"
    );
    world.store.refuse_reads(false);
    assert_eq!(world.who(&id).await, "alice", "and nothing is lost");
}

/// What cannot be stored is not answered for.
#[tokio::test]
async fn a_store_that_cannot_be_written_gives_no_cookie() {
    let world = world();
    let (_, id) = world.log_in(alice()).await;
    world.store.refuse_writes(true);
    let (sessions, head) = (&world.sessions, with_id(&id));
    let errors = [
        sessions
            .login(&request(&[]).headers, alice())
            .await
            .unwrap_err(),
        sessions.login(&head.headers, alice()).await.unwrap_err(),
        sessions.logout(&head.headers).await.unwrap_err(),
        sessions.rotate(&head.headers).await.unwrap_err(),
        sessions.change_stamp(&head.headers, "x").await.unwrap_err(),
        sessions
            .revoke(&crate::world::owner(), "x")
            .await
            .unwrap_err(),
        sessions
            .revoke_all(&crate::world::owner(), None)
            .await
            .unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), SessionErrorKind::Unavailable);
    }
    world.store.refuse_writes(false);
    assert_eq!(world.who(&id).await, "alice", "the user is still logged in");
}

/// The note of a use is no reason to refuse: the idle limit counts from the note before, which is the stricter one.
#[tokio::test]
async fn a_use_that_cannot_be_noted_is_a_use() {
    let world = world();
    let (_, id) = world.log_in(alice().remember(true)).await;
    world.clock.advance(Duration::from_secs(13 * 86_400));
    world.store.refuse_writes(true);
    assert_eq!(world.who(&id).await, "alice");
    world.clock.advance(Duration::from_secs(86_400));
    assert_eq!(world.who(&id).await, "nobody", "it was not noted");
}

#[tokio::test]
async fn a_user_who_may_not_come_in_is_nobody_and_leaves_no_note() {
    let world = world_with(|sessions| {
        sessions.with_user_loader(|login: AuthRecord, user: AuthUserBuilder| async move {
            match login.user() {
                "alice" => Ok(None),
                "bob" => Err(Denial::unavailable()),
                _ => Ok(Some(user)),
            }
        })
    });
    let (_, alices) = world.log_in(alice()).await;
    let (_, bobs) = world.log_in(portcullis_session::Login::new("bob")).await;
    let (_, carols) = world.log_in(portcullis_session::Login::new("carol")).await;
    world.clock.advance(Duration::from_secs(3_600));
    let writes = world.store.writes();
    assert_eq!(world.who(&alices).await, "nobody");
    assert_eq!(
        who(&world.sessions, &with_id(&bobs))
            .await
            .unwrap_err()
            .status(),
        503
    );
    assert_eq!(world.store.writes(), writes);
    assert_eq!(world.who(&carols).await, "carol");
    assert_eq!(world.store.writes(), writes + 1);
}
