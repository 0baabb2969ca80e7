//! AC-M2: remembered cookies that were copied.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::header::SET_COOKIE;
use http::{Request, Response};
use portcullis_core::{AuthUser, AuthnLayer, Denial};
use portcullis_session::{CookieSessions, Login, SessionErrorKind};
use tower::{ServiceBuilder, ServiceExt, service_fn};

use crate::world::{World, alice, id_in, owner, with_id, world};

const TOUCH: Duration = Duration::from_secs(600);
const GRACE: Duration = Duration::from_secs(10);

fn remembered() -> Login {
    alice().remember(true)
}

/// What the handler does while the request is under way.
#[derive(Clone, Default)]
enum During {
    #[default]
    Nothing,
    Slow(Duration),
    Rotate,
    LogOut,
    RevokeAll,
}

/// A request through both layers: who it was, and the cookie that the answer brings.
async fn send(world: &World, cookie: &str, during: During) -> (String, Option<String>) {
    let sessions = world.sessions.clone();
    let clock = world.clock.clone();
    let service = ServiceBuilder::new()
        .layer(sessions.renewal())
        .layer(AuthnLayer::new().scheme(sessions.clone()))
        .service(service_fn(move |request: Request<()>| {
            let (sessions, clock, during) = (sessions.clone(), clock.clone(), during.clone());
            async move {
                let user = AuthUser::of(request.extensions())?.map(|user| user.id().to_owned());
                let mut response = Response::new(());
                if let Some(set) = act(&sessions, &clock, during, request.headers()).await? {
                    response.headers_mut().append(SET_COOKIE, set);
                }
                response.extensions_mut().insert(user);
                Ok::<_, Denial>(response)
            }
        }));
    let request = Request::from_parts(with_id(cookie), ());
    let response = service.oneshot(request).await.unwrap();
    let user = response
        .extensions()
        .get::<Option<String>>()
        .unwrap()
        .clone();
    let mut set = response.headers().get_all(SET_COOKIE).iter();
    let cookie = set.next().map(id_in);
    assert!(set.next().is_none(), "one cookie is set at most");
    (user.unwrap_or_else(|| String::from("nobody")), cookie)
}

async fn act(
    sessions: &CookieSessions,
    clock: &portcullis_testkit::ManualClock,
    during: During,
    headers: &http::HeaderMap,
) -> Result<Option<http::HeaderValue>, Denial> {
    match during {
        During::Nothing => {}
        During::Slow(for_so_long) => clock.advance(for_so_long),
        During::Rotate => return Ok(Some(sessions.rotate(headers).await?.1)),
        During::LogOut => return Ok(Some(sessions.logout(headers).await?.1)),
        During::RevokeAll => drop(sessions.revoke_all(&owner(), None).await?),
    }
    Ok(None)
}

async fn use_it(world: &World, cookie: &str) -> (String, Option<String>) {
    send(world, cookie, During::Nothing).await
}

/// Logs in, and uses the login until it has its next token: the first cookie and the second.
async fn renewed(world: &World) -> (String, String) {
    let (_, first) = world.log_in(remembered()).await;
    world.clock.advance(TOUCH);
    let (user, second) = use_it(world, &first).await;
    assert_eq!(user, "alice");
    (first, second.expect("the cookie is renewed"))
}

async fn shown(world: &World) -> (String, String) {
    let (first, second) = renewed(world).await;
    assert_eq!(use_it(world, &second).await, ("alice".into(), None));
    (first, second)
}

fn split(cookie: &str) -> (&str, &str, &str) {
    let mut parts = cookie.split('.');
    let parts = [(); 3].map(|()| parts.next().unwrap());
    (parts[0], parts[1], parts[2])
}

#[tokio::test]
async fn ac_m2_the_token_changes_while_the_login_is_used() {
    let world = world();
    let (first, second) = renewed(&world).await;
    let ((id, zero, one_mac), (same, one, other_mac)) = (split(&first), split(&second));
    assert_eq!((id, zero, one), (same, "0", "1"), "the series stays");
    assert_ne!(one_mac, other_mac);
    assert_eq!(other_mac.len(), 22, "128 bits");
    assert_eq!(
        use_it(&world, &second).await,
        ("alice".into(), None),
        "not on each request"
    );
    world.clock.advance(TOUCH);
    let (_, third) = use_it(&world, &second).await;
    assert_eq!(split(&third.unwrap()).1, "2");
}

/// AC-M1: with the layer, the cookie lives for as long as the login does.
#[tokio::test]
async fn ac_m1_a_renewed_cookie_has_a_new_max_age() {
    let world = world();
    let (_, cookie) = world.log_in(remembered()).await;
    world.clock.advance(Duration::from_secs(13 * 86_400));
    let service = ServiceBuilder::new()
        .layer(world.sessions.renewal())
        .layer(AuthnLayer::new().scheme(world.sessions.clone()))
        .service(service_fn(|_: Request<()>| async {
            Ok::<_, Denial>(Response::new(()))
        }));
    let response = service
        .oneshot(Request::from_parts(with_id(&cookie), ()))
        .await
        .unwrap();
    let set_cookie = &response.headers()[SET_COOKIE];
    assert!(set_cookie.is_sensitive());
    let text = set_cookie.to_str().unwrap();
    let expected = "; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=1209600";
    assert!(text.ends_with(expected), "{text}");
}

/// Whoever comes second gives it away: the server cannot tell thief and owner apart, and need not.
#[tokio::test]
async fn ac_m2_a_copied_cookie_ends_all_sessions_of_the_user() {
    let stolen = Arc::new(Mutex::new(Vec::new()));
    let note = Arc::clone(&stolen);
    let mut world = world();
    world.sessions = world.sessions.on_theft(move |login| {
        note.lock().unwrap().push(login.sid().to_owned());
    });
    let (elsewhere, other) = world.log_in(alice()).await;
    let (_, bob) = world.log_in(Login::new("bob").remember(true)).await;
    let (copied, next) = shown(&world).await;
    let list = world.sessions.list(&owner()).await.unwrap();
    let sid = list
        .iter()
        .map(|one| &one.id)
        .find(|id| *id != elsewhere.sid())
        .unwrap();
    world.clock.advance(GRACE + Duration::from_millis(1));
    assert_eq!(use_it(&world, &copied).await, ("nobody".into(), None));
    assert_eq!(*stolen.lock().unwrap(), [sid.as_str()]);
    for cookie in [&copied, &next, &other] {
        assert_eq!(use_it(&world, cookie).await, ("nobody".into(), None));
    }
    assert!(world.sessions.list(&owner()).await.unwrap().is_empty());
    assert_eq!(
        use_it(&world, &bob).await.0,
        "bob",
        "other users are left alone"
    );
    assert_eq!(stolen.lock().unwrap().len(), 1, "it is said once");
    let (_, again) = world.log_in(remembered()).await;
    assert_eq!(
        use_it(&world, &again).await.0,
        "alice",
        "the user logs in again"
    );
}

/// Requests that were under way, for ten seconds.
#[tokio::test]
async fn ac_m2_the_token_before_is_good_for_ten_seconds_more() {
    let world = world();
    let (first, second) = shown(&world).await;
    for _ in 0..3 {
        assert_eq!(use_it(&world, &first).await, ("alice".into(), None));
    }
    world.clock.advance(GRACE);
    assert_eq!(use_it(&world, &first).await, ("alice".into(), None));
    assert_eq!(use_it(&world, &second).await, ("alice".into(), None));
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(use_it(&world, &first).await.0, "nobody");
    assert_eq!(use_it(&world, &second).await.0, "nobody");
}

/// An answer that was lost is no theft: the browser goes on with what it has, and is given the same again.
#[tokio::test]
async fn ac_m2_a_lost_answer_is_no_theft() {
    let world = world();
    let (first, lost) = renewed(&world).await;
    for hours in [0, 1, 100] {
        world.clock.advance(Duration::from_secs(hours * 3_600));
        let (user, again) = use_it(&world, &first).await;
        assert_eq!((user.as_str(), again.as_ref()), ("alice", Some(&lost)));
    }
    assert_eq!(use_it(&world, &lost).await.0, "alice");
    world.clock.advance(GRACE + Duration::from_millis(1));
    assert_eq!(
        use_it(&world, &first).await.0,
        "nobody",
        "until it has shown the next one"
    );
}

/// A token further back has no grace.
#[tokio::test]
async fn ac_m2_two_tokens_back_is_a_theft_at_once() {
    let world = world();
    let (first, second) = shown(&world).await;
    world.clock.advance(TOUCH);
    let (_, third) = use_it(&world, &second).await;
    assert_eq!(use_it(&world, &third.unwrap()).await.0, "alice");
    assert_eq!(use_it(&world, &first).await.0, "nobody");
    assert!(world.sessions.list(&owner()).await.unwrap().is_empty());
}

/// However often uses are noted, a token is not replaced within a minute of its being shown: an older answer that arrives late
/// must find it still the last.
#[tokio::test]
async fn ac_m2_a_token_stays_for_a_minute() {
    let world =
        crate::world::world_with(|sessions| sessions.with_touch_interval(Duration::from_secs(1)));
    let (_, cookie) = world.log_in(remembered()).await;
    world.clock.advance(Duration::from_secs(60));
    let (_, second) = use_it(&world, &cookie).await;
    let second = second.unwrap();
    for seconds in [0, 29, 30] {
        world.clock.advance(Duration::from_secs(seconds));
        assert_eq!(
            use_it(&world, &second).await,
            ("alice".into(), None),
            "{seconds}"
        );
    }
    world.clock.advance(Duration::from_secs(1));
    let (_, third) = use_it(&world, &second).await;
    assert_eq!(split(&third.unwrap()).1, "2");
}

/// Who has the id has had a cookie: what stands beside it is right, or was tampered with.
#[tokio::test]
async fn ac_m2_a_forged_token_is_a_theft() {
    let forge: [fn(&str) -> String; 5] = [
        |cookie| split(cookie).0.to_owned(),
        |cookie| format!("{}.7.{}", split(cookie).0, split(cookie).2),
        |cookie| format!("{}.0.{}", split(cookie).0, "A".repeat(22)),
        |cookie| format!("{}.4294967295.{}", split(cookie).0, split(cookie).2),
        |cookie| format!("{}.1.{}", split(cookie).0, split(cookie).2),
    ];
    for forge in forge {
        let world = world();
        let (_, cookie) = world.log_in(remembered()).await;
        assert_eq!(use_it(&world, &forge(&cookie)).await.0, "nobody");
        assert_eq!(use_it(&world, &cookie).await.0, "nobody");
    }
}

/// What cannot be read is no cookie, and costs the store nothing.
#[tokio::test]
async fn unreadable_tokens_are_absent() {
    let world = world();
    let (_, cookie) = world.log_in(remembered()).await;
    let (id, number, mac) = split(&cookie);
    let reads = world.store.reads();
    for unreadable in [
        format!("{id}."),
        format!("{id}.{number}"),
        format!("{id}.{number}."),
        format!("{id}..{mac}"),
        format!("{id}.+0.{mac}"),
        format!("{id}.-1.{mac}"),
        format!("{id}.4294967296.{mac}"),
        format!("{id}.{number}.{mac}A"),
        format!("{id}.{number}.{}", &mac[1..]),
        format!("{id}.{number}.{mac}.0"),
        format!("{id}-{number}.{mac}"),
        format!("{id}.{}.{mac}", "0".repeat(100_000)) + "!",
    ] {
        assert_eq!(
            use_it(&world, &unreadable).await,
            ("nobody".into(), None),
            "{unreadable:.80}"
        );
    }
    assert_eq!(world.store.reads(), reads);
    let two = format!("{cookie}; __Host-session={id}");
    assert_eq!(
        use_it(&world, &two).await.0,
        "nobody",
        "two that differ are none"
    );
    assert_eq!(use_it(&world, &cookie).await.0, "alice");
}

#[tokio::test]
async fn other_logins_have_no_token() {
    let world = world();
    let (_, brief) = world.log_in(alice()).await;
    assert_eq!(brief.len(), 22);
    world.clock.advance(TOUCH);
    assert_eq!(use_it(&world, &brief).await, ("alice".into(), None));
    let (_, moved) = world
        .sessions
        .rotate(&with_id(&brief).headers)
        .await
        .unwrap();
    assert_eq!(id_in(&moved).len(), 22);
}

/// Without the layer nothing is replaced, so nothing can be stale.
#[tokio::test]
async fn without_the_layer_the_cookie_stays() {
    let world = world();
    let (_, cookie) = world.log_in(remembered()).await;
    for _ in 0..20 {
        world.clock.advance(Duration::from_secs(86_400));
        assert_eq!(world.who(&cookie).await, "alice");
    }
}

/// Steps that give a session a new id begin a new series; a stale token opens none of them.
#[tokio::test]
async fn ac_m2_no_step_takes_a_stale_token() {
    for step in 0..6 {
        let world = world();
        let (first, _) = shown(&world).await;
        world.clock.advance(GRACE * 2);
        let (sessions, head) = (&world.sessions, with_id(&first));
        let refused = match step {
            0 => {
                assert_eq!(sessions.current(&head.headers).await.unwrap(), None);
                sessions.rotate(&head.headers).await
            }
            1 => sessions.rotate(&head.headers).await,
            2 => sessions.reauthenticate(&head.headers, ["pwd"]).await,
            3 => sessions.change_stamp(&head.headers, "x").await,
            4 => {
                sessions
                    .reauthenticate_with_stamp(&head.headers, ["otp"], "x")
                    .await
            }
            _ => sessions.change_rights(&head.headers, ["admin"], []).await,
        };
        assert_eq!(refused.unwrap_err().kind(), SessionErrorKind::NotLoggedIn);
        assert!(sessions.list(&owner()).await.unwrap().is_empty());
    }
}

/// The layer never puts a cookie over a newer one.
#[tokio::test]
async fn a_renewed_cookie_gives_way() {
    let due = async || {
        let world = world();
        let (_, cookie) = world.log_in(remembered()).await;
        world.clock.advance(TOUCH);
        (world, cookie)
    };
    let (world, cookie) = due().await;
    let (_, set) = send(&world, &cookie, During::Rotate).await;
    let set = set.unwrap();
    assert_ne!(split(&set).0, split(&cookie).0, "the handler's own");
    assert_eq!(use_it(&world, &set).await.0, "alice");

    let (world, cookie) = due().await;
    assert_eq!(
        send(&world, &cookie, During::LogOut).await,
        ("alice".into(), Some(String::new()))
    );

    let (world, cookie) = due().await;
    assert_eq!(
        send(&world, &cookie, During::RevokeAll).await,
        ("alice".into(), None)
    );

    let (world, cookie) = due().await;
    let slow = During::Slow(GRACE + Duration::from_millis(1));
    assert_eq!(send(&world, &cookie, slow).await, ("alice".into(), None));
    let (_, next) = send(&world, &cookie, During::Slow(GRACE)).await;
    assert_eq!(split(&next.unwrap()).1, "1", "the next answer brings it");

    let (world, cookie) = due().await;
    world.store.refuse_writes(true);
    assert_eq!(
        use_it(&world, &cookie).await,
        ("alice".into(), None),
        "what is not stored is not sent"
    );
}

/// A store that cannot end the sessions is no reason to let a thief in.
#[tokio::test]
async fn ac_m2_a_store_that_cannot_be_written_is_503() {
    let world = world();
    let (first, second) = shown(&world).await;
    world.clock.advance(GRACE * 2);
    world.store.refuse_writes(true);
    let denial = crate::world::who(&world.sessions, &with_id(&first))
        .await
        .unwrap_err();
    assert_eq!(denial.status().as_u16(), 503);
    world.store.refuse_writes(false);
    assert_eq!(use_it(&world, &first).await.0, "nobody");
    assert_eq!(use_it(&world, &second).await.0, "nobody");
}

/// 50 at once come to one next token (as AC-R3 has it for refresh tokens).
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_m2_requests_at_once_get_one_next_token() {
    let world = Arc::new(world());
    let (_, mut cookie) = world.log_in(remembered()).await;
    for generation in 1..=5 {
        world.clock.advance(TOUCH);
        let barrier = Arc::new(tokio::sync::Barrier::new(50));
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let (world, barrier, cookie) =
                    (Arc::clone(&world), Arc::clone(&barrier), cookie.clone());
                tokio::spawn(async move {
                    barrier.wait().await;
                    use_it(&world, &cookie).await
                })
            })
            .collect();
        let mut given = std::collections::HashSet::new();
        for task in tasks {
            let (user, set) = task.await.unwrap();
            assert_eq!(user, "alice");
            given.extend(set);
        }
        assert_eq!(given.len(), 1);
        cookie = given.into_iter().next().unwrap();
        assert_eq!(split(&cookie).1, generation.to_string());
        assert_eq!(use_it(&world, &cookie).await.0, "alice");
    }
}
