//! Whoever listens to the trail, or reads it: AC-U3.

use portcullis_accounts::{AuditEvent, AuditRequest, Collection, EventSink, NewUser};

use crate::common::{code, harness_with};
use crate::journey::journey;
use crate::people::{count, with_permissions};
use crate::{Heard, on, people, whole_trail, with_room};

#[derive(Debug)]
struct Panics;

impl EventSink for Panics {
    fn take(&self, _: &AuditEvent) {
        panic!("as the test wants it");
    }
}

/// AC-U3
#[tokio::test]
async fn ac_u3_a_sink_that_panics_fails_nothing() {
    let heard = Heard::default();
    let h = on(
        |store| store,
        |builder| {
            with_room(builder)
                .event_sink(Panics)
                .event_sink(heard.clone())
        },
    );
    journey(&h).await;
    let mut told = heard.0.lock().unwrap().clone();
    let mut written = whole_trail(&h).await;
    // Written past the flows by the test itself.
    written.retain(|event| told.iter().any(|one| one.id == event.id));
    told.sort_by_key(|event| event.id);
    written.sort_by_key(|event| event.id);
    assert!(told.len() > 100);
    assert_eq!(
        told, written,
        "who comes after the one that panics hears of everything"
    );
}

#[tokio::test]
async fn the_trail_is_read_page_by_page() {
    let h = on(|store| store, with_room);
    journey(&h).await;
    let auditor = with_permissions(&h, "auditor@example.com", &["audit:read"]).await;
    let read = async |request: AuditRequest| h.users().audit_trail(&auditor.caller, request).await;
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let limit = Some(7);
        let page = read(AuditRequest {
            cursor,
            limit,
            ..AuditRequest::default()
        })
        .await
        .unwrap();
        assert!(page.events.len() <= 7);
        seen.extend(page.events);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(
        seen,
        whole_trail(&h).await,
        "all of it, the newest first, none twice"
    );

    let kind = |kind: &str| AuditRequest {
        kind: Some(kind.to_owned()),
        limit: Some(200),
        ..AuditRequest::default()
    };
    let failed = read(kind("login.failed")).await.unwrap().events;
    assert_eq!(failed.len(), count(&h, "login.failed").await);
    let eve = h
        .users()
        .as_application()
        .user_by_email("eve@example.com")
        .await;
    let eve = eve.unwrap().unwrap().id;
    let request = AuditRequest {
        user: Some(eve.to_string()),
        limit: Some(200),
        ..AuditRequest::default()
    };
    let of_eve = read(request).await.unwrap().events;
    assert!(of_eve.len() > 5);
    for event in &of_eve {
        let actor = event.actor.as_ref().map(|actor| actor.id);
        assert!(event.subject == Some(eve) || actor == Some(eve));
    }
    assert_eq!(code(read(kind("login")).await), "422 invalid_field");
    let request = AuditRequest {
        user: Some("eve".to_owned()),
        ..AuditRequest::default()
    };
    assert_eq!(code(read(request).await), "422 invalid_field");
    let request = AuditRequest {
        cursor: Some("1".to_owned()),
        ..AuditRequest::default()
    };
    assert_eq!(code(read(request).await), "422 invalid_field");
    let body = serde_json::to_value(read(kind("user.banned")).await.unwrap()).unwrap();
    assert_eq!(body["events"][0]["subject"], eve.to_string());
    assert_eq!(body["events"][0]["actor"]["collection"], "users");
    assert_eq!(body["nextCursor"], serde_json::Value::Null);
}

/// Another collection's trail is another one.
#[tokio::test]
async fn trails_do_not_cross_collections() {
    let h = harness_with(Collection::new(), |builder| {
        builder.collection("customers", Collection::new())
    });
    let customers = h.accounts.users_of("customers").unwrap();
    people::person_of(&h, &customers, NewUser::new("eve@example.com")).await;
    let auditor = with_permissions(&h, "auditor@example.com", &["audit:read"]).await;
    let page = h
        .users()
        .audit_trail(&auditor.caller, AuditRequest::default())
        .await
        .unwrap();
    assert!(page.events.iter().all(|event| event.collection == "users"));
    assert!(
        customers
            .as_application()
            .audit_trail(AuditRequest::default())
            .await
            .unwrap()
            .events
            .len()
            > 2
    );
}
