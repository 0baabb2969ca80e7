//! The stores of sessions and lockouts that come with an account store.

use std::collections::HashMap;
use std::future::Future;

use portcullis_core::{Clock, SystemClock};
use portcullis_limit::{Counter, LimitKey, Steps};
use portcullis_session::tower_sessions::session::{Id, Record};
use portcullis_session::{AuthMark, AuthRecord, Login, SessionLimits, SessionOwner};
use time::OffsetDateTime;

use super::Nodes;

super::cases![sessions_are_shared, lockouts_are_shared];

async fn sessions_are_shared(nodes: Nodes) {
    let now = SystemClock.now();
    let limits = SessionLimits::REMEMBERED;
    let login = AuthRecord::begin(Login::new("alice"), &limits, now);
    let login = login.expect("there is randomness");
    let end = time::Duration::milliseconds(now.unix_millis()) + time::Duration::hours(1);
    let mut record = Record {
        id: Id(0),
        data: HashMap::new(),
        expiry_date: OffsetDateTime::UNIX_EPOCH + end,
    };
    AuthMark::write(Some(&login), &mut record);
    let created = nodes.a.sessions().create(&mut record).await;
    created.expect("a store takes a new session");

    let found = nodes.b.sessions().load(&record.id).await;
    let found = found
        .expect("a store answers")
        .expect("what one node has created");
    let sid = AuthMark::of(&found).into_login();
    let sid = sid.map(|login| login.sid().to_owned());
    assert_eq!(
        sid.as_deref(),
        Some(login.sid()),
        "both nodes have the same sessions"
    );
    let owner = SessionOwner::new("users", "alice");
    let revoked = nodes.b.sessions().revoke_all(&owner, None).await;
    assert_eq!(revoked.expect("a store answers"), 1, "what one ends");
    let found = nodes.a.sessions().load(&record.id).await;
    assert_eq!(
        found.expect("a store answers"),
        None,
        "has ended for the other"
    );
}

/// AC-L5: nodes count together.
async fn lockouts_are_shared(nodes: Nodes) {
    let mut key = LimitKey::from("portcullis-testkit");
    key.push(super::rows::new_id().as_bytes());
    let steps = Steps::new(4);
    let counter = [Counter {
        key: &key,
        steps: &steps,
    }];
    for failure in 0..4 {
        let counted = nodes.turn(failure).lockouts().count(&counter).await;
        let counted = counted.expect("a store answers");
        assert!(counted.is_counted(), "four failures, before the lock");
    }
    for node in [&nodes.a, &nodes.b] {
        let counted = node.lockouts().count(&counter).await;
        let counted = counted.expect("a store answers");
        assert!(!counted.is_counted(), "both nodes count together");
    }
    let cleared = nodes.a.lockouts().settle(&counter, &[]).await;
    cleared.expect("a store answers");
    let counted = nodes.b.lockouts().count(&counter).await;
    assert!(
        counted.expect("a store answers").is_counted(),
        "and forget together"
    );
}
