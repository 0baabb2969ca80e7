//! Ids that change, ids that were planted, ids that are over.

use std::collections::HashSet;
use std::time::Duration;

use portcullis_session::SessionErrorKind;
use tower_sessions::session::{Id, Record};
use tower_sessions::{Session, SessionStore};

use crate::world::{alice, owner, request, who, with_id, world, world_with};

/// AC-S1, v5.0.0-7.2.4: with an id that we made for nobody, and with ids that nobody made.
#[tokio::test]
async fn ac_s1_a_planted_id_never_becomes_anybodys() {
    let world = world();
    let visitor = Session::new(None, std::sync::Arc::new(world.store.clone()), None);
    visitor.insert("planted", true).await.unwrap();
    visitor.save().await.unwrap();
    let ours = visitor.id().unwrap();
    for planted in [ours, Id(0), Id(1), Id(-1)] {
        let planted = planted.to_string();
        let (_, id) = world.log_in_from(&with_id(&planted), alice()).await;
        assert_ne!(id, planted);
        assert_eq!(world.who(&id).await, "alice");
        assert_eq!(world.who(&planted).await, "nobody");
        assert!(!world.is_stored(&planted).await);
    }
}

/// AC-S1: a login on top of another ends that.
#[tokio::test]
async fn ac_s1_the_id_before_a_login_is_unknown_after_it() {
    let world = world();
    let (first, old) = world.log_in(alice()).await;
    let (second, new) = world.log_in_from(&with_id(&old), alice()).await;
    assert_ne!(first.sid(), second.sid());
    assert_eq!(
        (world.who(&old).await, world.who(&new).await),
        ("nobody".into(), "alice".into())
    );
    let list = world.sessions.list(&owner()).await.unwrap();
    assert_eq!(list.len(), 1);
    assert_eq!(list[0].id, second.sid());
}

/// AC-S2.
#[tokio::test]
async fn ac_s2_the_id_changes_with_every_change_of_privilege() {
    for step in 0..6 {
        let world = world();
        let (login, old) = world.log_in(alice()).await;
        let head = with_id(&old);
        let sessions = &world.sessions;
        let (after, set_cookie) = match step {
            0 => sessions
                .reauthenticate(&head.headers, ["otp"])
                .await
                .unwrap(),
            1 => sessions
                .change_rights(&head.headers, ["admin"], [])
                .await
                .unwrap(),
            2 => sessions.change_stamp(&head.headers, "two").await.unwrap(),
            3 => sessions.rotate(&head.headers).await.unwrap(),
            4 => sessions
                .reauthenticate_with_stamp(&head.headers, ["otp"], "two")
                .await
                .unwrap(),
            _ => {
                let (ended, removal) = sessions.logout(&head.headers).await.unwrap();
                (ended.unwrap(), removal)
            }
        };
        assert_eq!(after.sid(), login.sid(), "it is one login");
        assert!(!world.is_stored(&old).await, "step {step} ends the old id");
        assert_eq!(world.who(&old).await, "nobody");
        if step < 5 {
            let new = crate::world::id_in(&set_cookie);
            assert!(
                world.is_stored(&new).await,
                "durable before the step returns"
            );
            assert_eq!(world.who(&new).await, "alice");
            assert_eq!(world.sessions.list(&owner()).await.unwrap().len(), 1);
        }
    }
}

/// A login goes on with the stamp of the password that was changed in it; others end.
#[tokio::test]
async fn a_new_stamp_is_seen_by_the_user_loader() {
    let stamp = std::sync::Arc::new(std::sync::Mutex::new("one"));
    let now = std::sync::Arc::clone(&stamp);
    let world = world_with(move |sessions| {
        let now = std::sync::Arc::clone(&now);
        sessions.with_user_loader(
            move |login: portcullis_session::AuthRecord, user: portcullis_core::AuthUserBuilder| {
                let good = login.stamp() == Some(*now.lock().unwrap());
                async move { Ok::<_, portcullis_core::Denial>(good.then_some(user)) }
            },
        )
    });
    let (before, here) = world.log_in(alice().stamp("one")).await;
    let (_, elsewhere) = world.log_in(alice().stamp("one")).await;
    *stamp.lock().unwrap() = "two";
    assert_eq!(
        world.who(&here).await,
        "nobody",
        "until it has the new stamp"
    );
    let head = with_id(&here);
    let (after, set_cookie) = world
        .sessions
        .change_stamp(&head.headers, "two")
        .await
        .unwrap();
    assert_eq!(after.stamp(), Some("two"));
    assert_eq!(
        after.authenticated_at(),
        before.authenticated_at(),
        "it proves nothing"
    );
    assert_eq!(world.who(&crate::world::id_in(&set_cookie)).await, "alice");
    assert_eq!(world.who(&elsewhere).await, "nobody");
    *stamp.lock().unwrap() = "three";
    world.clock.advance(Duration::from_secs(60));
    let head = with_id(&crate::world::id_in(&set_cookie));
    let (proved, set_cookie) = world
        .sessions
        .reauthenticate_with_stamp(&head.headers, ["otp"], "three")
        .await
        .unwrap();
    assert_eq!(proved.stamp(), Some("three"));
    assert!(before.authenticated_at() < proved.authenticated_at());
    assert!(proved.amr().any(|method| method == "otp"));
    assert_eq!(world.who(&crate::world::id_in(&set_cookie)).await, "alice");
    *stamp.lock().unwrap() = "two";
    let (_, again) = world.log_in(alice().stamp("two")).await;
    assert_eq!(
        world.who(&again).await,
        "alice",
        "a new login has the new stamp"
    );
}

/// AC-S4: 128 bits, never the same, and not what the store keeps or the lists show.
#[tokio::test]
async fn ac_s4_ids_are_long_and_never_repeat() {
    let world = world();
    let mut seen = HashSet::new();
    for _ in 0..1_000 {
        let (login, id) = world.log_in(alice()).await;
        assert_eq!(id.len(), 22, "128 bits in base64url");
        assert_ne!(login.sid(), id);
        assert!(seen.insert(id));
    }
    let (login, id) = world.log_in(alice()).await;
    assert_eq!(
        world.who(login.sid()).await,
        "nobody",
        "the public id opens nothing"
    );
    let list = world.sessions.list(&owner()).await.unwrap();
    let text = serde_json::to_string(&list).unwrap() + &format!("{:?}", world.sessions);
    assert!(!text.contains(&id));
}

/// AC-S5: half a login, and what is no login, is nobody.
#[tokio::test]
async fn ac_s5_what_is_no_whole_login_is_nobody() {
    let world = world();
    let rows = [
        (
            "portcullis.pending",
            serde_json::json!({"pending": {"user": "alice"}}),
        ),
        ("portcullis.auth", serde_json::json!("{\"login\":{}}")),
        ("portcullis.auth", serde_json::json!({"login": {}})),
        ("x", serde_json::json!(1)),
    ];
    for (key, value) in rows {
        let mut record = Record {
            id: Id(1),
            data: [(key.to_owned(), value)].into(),
            expiry_date: time::OffsetDateTime::now_utc() + time::Duration::days(1),
        };
        world.store.create(&mut record).await.unwrap();
        assert_eq!(world.who(&record.id.to_string()).await, "nobody", "{key}");
        let head = with_id(&record.id.to_string());
        let refused = world.sessions.reauthenticate(&head.headers, ["otp"]).await;
        assert_eq!(refused.unwrap_err().kind(), SessionErrorKind::NotLoggedIn);
    }
}

/// AC-S7, v5.0.0-7.4.1.
#[tokio::test]
async fn ac_s7_logout_can_be_done_again_and_again() {
    let world = world();
    let (login, id) = world.log_in(alice().remember(true)).await;
    let removal = "__Host-session=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0";
    let heads = [
        request(&[]),
        with_id(&id),
        with_id(&id),
        with_id("junk"),
        with_id(&Id(7).to_string()),
    ];
    for (number, head) in heads.iter().enumerate() {
        let (ended, set_cookie) = world.sessions.logout(&head.headers).await.unwrap();
        assert_eq!(set_cookie, removal, "the cookie is taken back each time");
        let expected = (number == 1).then(|| login.sid().to_owned());
        assert_eq!(
            ended.map(|ended| ended.sid().to_owned()),
            expected,
            "{number}"
        );
    }
    assert_eq!(world.who(&id).await, "nobody");
    assert!(world.store.store.is_empty());
}

/// v5.0.0-7.4.1: old ids are replayed for nothing, in each step.
#[tokio::test]
async fn replayed_ids_stay_dead() {
    let world = world();
    let (_, old) = world.log_in(alice()).await;
    let head = with_id(&old);
    let (_, set_cookie) = world.sessions.rotate(&head.headers).await.unwrap();
    let new = crate::world::id_in(&set_cookie);
    for _ in 0..2 {
        let sessions = &world.sessions;
        let kinds = [
            sessions
                .reauthenticate(&head.headers, ["otp"])
                .await
                .unwrap_err()
                .kind(),
            sessions
                .change_rights(&head.headers, ["admin"], [])
                .await
                .unwrap_err()
                .kind(),
            sessions
                .change_stamp(&head.headers, "x")
                .await
                .unwrap_err()
                .kind(),
            sessions
                .reauthenticate_with_stamp(&head.headers, ["otp"], "x")
                .await
                .unwrap_err()
                .kind(),
            sessions.rotate(&head.headers).await.unwrap_err().kind(),
        ];
        assert_eq!(kinds, [SessionErrorKind::NotLoggedIn; 5]);
        assert_eq!(sessions.current(&head.headers).await.unwrap(), None);
        assert_eq!(sessions.logout(&head.headers).await.unwrap().0, None);
        assert_eq!(who(sessions, &head).await.unwrap(), "nobody");
        assert_eq!(
            world.who(&new).await,
            "alice",
            "which does the login no harm"
        );
    }
}
