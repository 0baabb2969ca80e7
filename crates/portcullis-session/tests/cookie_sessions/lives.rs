//! How long logins last, what is written when, and what is fresh.

use std::time::Duration;

use http::header::SET_COOKIE;
use http::{Request, Response};
use portcullis_core::{AuthnLayer, Denial, fresh, require};
use portcullis_session::SessionLimits;
use tower::{ServiceBuilder, ServiceExt, service_fn};

use crate::world::{alice, id_in, owner, request, with_id, world, world_with};

const MINUTE: u64 = 60;
const DAY: u64 = 24 * 60 * MINUTE;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// AC-M1: not remembered.
#[tokio::test]
async fn ac_m1_a_login_that_is_not_remembered_lasts_for_a_day() {
    let world = world();
    let head = request(&[]);
    let (login, set_cookie) = world.sessions.login(&head.headers, alice()).await.unwrap();
    let text = set_cookie.to_str().unwrap();
    assert!(
        !text.contains("Max-Age") && !text.contains("Expires"),
        "{text}"
    );
    let id = id_in(&set_cookie);
    world.clock.advance(seconds(DAY / 2));
    assert_eq!(world.who(&id).await, "alice");
    world.clock.advance(seconds(DAY / 2 - 1));
    assert_eq!(world.who(&id).await, "alice");
    world.clock.advance(seconds(1));
    assert_eq!(world.who(&id).await, "nobody", "used or not");
    assert!(!login.is_live(login.ends_at()));
}

/// AC-M1: remembered.
#[tokio::test]
async fn ac_m1_a_remembered_login_lasts_for_14_days_without_use_and_30_in_all() {
    let world = world();
    let head = request(&[]);
    let login = alice().remember(true);
    let (_, set_cookie) = world
        .sessions
        .login(&head.headers, login.clone())
        .await
        .unwrap();
    assert!(
        set_cookie
            .to_str()
            .unwrap()
            .ends_with("; Path=/; Max-Age=1209600"),
        "14 days"
    );
    let (_, unused) = world.log_in(login).await;
    let id = id_in(&set_cookie);
    for day in [7, 13, 14, 20, 29] {
        world.at(seconds(day * DAY));
        assert_eq!(world.who(&id).await, "alice", "day {day}");
    }
    assert_eq!(world.who(&unused).await, "nobody");
    world.at(seconds(30 * DAY - 1));
    assert_eq!(world.who(&id).await, "alice");
    world.at(seconds(30 * DAY));
    assert_eq!(world.who(&id).await, "nobody");
}

/// AC-M1: both are settings; a later step says what is left.
#[tokio::test]
async fn ac_m1_limits_are_settings() {
    let world = world_with(|sessions| {
        let remembered = SessionLimits::new(seconds(100), seconds(150));
        let brief = SessionLimits::new(seconds(10), seconds(10));
        sessions.with_remembered(remembered).with_brief(brief)
    });
    let head = request(&[]);
    let login = alice().remember(true);
    let (_, set_cookie) = world.sessions.login(&head.headers, login).await.unwrap();
    assert!(set_cookie.to_str().unwrap().ends_with("; Max-Age=100"));
    let id = id_in(&set_cookie);
    world.clock.advance(seconds(60));
    assert_eq!(world.who(&id).await, "alice");
    world.clock.advance(seconds(60));
    let (_, set_cookie) = world.sessions.rotate(&with_id(&id).headers).await.unwrap();
    assert!(
        set_cookie.to_str().unwrap().ends_with("; Max-Age=30"),
        "{set_cookie:?}"
    );
    let (_, brief) = world.log_in(alice()).await;
    world.clock.advance(seconds(10));
    assert_eq!(world.who(&brief).await, "nobody");
}

/// AC-M3: being remembered proves nothing.
#[tokio::test]
async fn ac_m3_a_remembered_session_is_not_fresh() {
    let world = world();
    let service = ServiceBuilder::new()
        .layer(AuthnLayer::new().scheme(world.sessions.clone()))
        .layer(require(
            fresh(seconds(600)).with_clock(&world.clock.shared()),
        ))
        .service(service_fn(|_: Request<()>| async {
            Ok::<_, Denial>(Response::new(String::new()))
        }));
    let code = async |id: &str| {
        let request = Request::from_parts(with_id(id), ());
        let response = service.clone().oneshot(request).await.unwrap();
        assert!(!response.headers().contains_key(SET_COOKIE));
        let denial = response.extensions().get::<Denial>();
        (
            response.status().as_u16(),
            denial.map(|denial| denial.code().to_owned()),
        )
    };
    let (login, id) = world.log_in(alice().remember(true)).await;
    assert_eq!(code(&id).await, (200, None));
    world.clock.advance(seconds(3 * DAY));
    let stale = Some(String::from("reauthentication_required"));
    assert_eq!(code(&id).await, (401, stale.clone()));
    assert_eq!(
        code(&id).await,
        (401, stale.clone()),
        "using it does not make it fresh"
    );
    let current = world
        .sessions
        .current(&with_id(&id).headers)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(current.authenticated_at(), login.authenticated_at());

    let (_, moved) = world.sessions.rotate(&with_id(&id).headers).await.unwrap();
    let moved = id_in(&moved);
    assert_eq!(code(&moved).await, (401, stale), "nor does a new id");
    let (after, again) = world
        .sessions
        .reauthenticate(&with_id(&moved).headers, ["otp"])
        .await
        .unwrap();
    assert_eq!(code(&id_in(&again)).await, (200, None));
    assert_eq!(after.amr().collect::<Vec<_>>(), ["pwd", "otp"]);
    assert_eq!(after.ends_at(), login.ends_at(), "and the limits stay");
}

/// A request that only reads writes nothing, but a note of the login's use now and then.
#[tokio::test]
async fn uses_are_noted_now_and_then() {
    let world = world();
    let (_, id) = world.log_in(alice().remember(true)).await;
    let writes = world.store.writes();
    for _ in 0..5 {
        assert_eq!(world.who(&id).await, "alice");
    }
    assert_eq!(world.store.writes(), writes);
    let reads = world.store.reads();
    world.clock.advance(seconds(10 * MINUTE));
    for _ in 0..5 {
        assert_eq!(world.who(&id).await, "alice");
    }
    assert_eq!(world.store.writes(), writes + 1, "one note in ten minutes");
    assert_eq!(world.store.reads(), reads + 5, "one look for each request");
    let list = world.sessions.list(&owner()).await.unwrap();
    assert_eq!(
        list[0].last_seen_at,
        portcullis_core::Clock::now(&world.clock)
    );
}

/// Ended logins are not taken up again by any step.
#[tokio::test]
async fn nothing_revives_what_has_ended() {
    let world = world();
    let (_, id) = world.log_in(alice()).await;
    world.clock.advance(seconds(DAY));
    let head = with_id(&id);
    assert!(world.sessions.rotate(&head.headers).await.is_err());
    assert!(
        world
            .sessions
            .reauthenticate(&head.headers, ["pwd"])
            .await
            .is_err()
    );
    assert_eq!(world.sessions.current(&head.headers).await.unwrap(), None);
    assert_eq!(world.who(&id).await, "nobody");
}
