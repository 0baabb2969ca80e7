//! What stands in cookies, ours and the enemy's.

use http::header::COOKIE;
use http::{HeaderValue, Request};
use portcullis_session::{CookieSessions, MemorySessions, SessionCookie, Sessions};
use proptest::prelude::*;
use tower_sessions::session::Id;

use crate::world::{alice, id_in, request, who, with_id, world};

/// AC-S6.
#[tokio::test]
async fn ac_s6_the_cookie_is_strict() {
    let world = world();
    let head = request(&[]);
    let (_, set_cookie) = world.sessions.login(&head.headers, alice()).await.unwrap();
    let id = id_in(&set_cookie);
    let expected = format!("__Host-session={id}; HttpOnly; SameSite=Lax; Secure; Path=/");
    assert_eq!(set_cookie, expected);
    assert!(set_cookie.is_sensitive());
    assert!(!format!("{set_cookie:?}").contains(&id));
}

/// AC-S6: whatever is configured, the two ways in write the same cookie.
#[tokio::test]
async fn ac_s6_the_cookie_is_as_configured() {
    let strict = SessionCookie::new().with_strict_same_site();
    let insecure = SessionCookie::new().with_insecure_cookies();
    let named = SessionCookie::new().with_base_name("id").unwrap();
    let cases = [
        (
            strict,
            "__Host-session=",
            "; HttpOnly; SameSite=Strict; Secure; Path=/",
        ),
        (insecure, "session=", "; HttpOnly; SameSite=Lax; Path=/"),
        (
            named,
            "__Host-id=",
            "; HttpOnly; SameSite=Lax; Secure; Path=/",
        ),
    ];
    for (cookie, start, end) in cases {
        let sessions = CookieSessions::new(Sessions::new(), MemorySessions::new(), &cookie);
        let (_, set_cookie) = sessions
            .login(&request(&[]).headers, alice())
            .await
            .unwrap();
        let text = set_cookie.to_str().unwrap();
        assert!(text.starts_with(start) && text.ends_with(end), "{text}");
        let pair = text.split(';').next().unwrap();
        assert_eq!(who(&sessions, &request(&[pair])).await.unwrap(), "alice");
        let longer = format!("x{pair}; {pair}x");
        assert_ne!(who(&sessions, &request(&[&longer])).await.unwrap(), "alice");
    }
}

/// v5.0.0-7.2.1: what is no id costs the store nothing.
#[tokio::test]
async fn malformed_cookies_are_absent() {
    let world = world();
    let (_, id) = world.log_in(alice()).await;
    let reads = world.store.reads();
    let malformed = [
        String::new(),
        String::from("="),
        format!("{id}A"),
        id[1..].to_owned(),
        format!("{}=", &id[..21]),
        format!("{}/", &id[..21]),
        format!("{}\u{e9}", &id[..20]),
        "A".repeat(100_000),
        "__Host-session=".repeat(10_000),
    ];
    for cookie in malformed {
        let mut head = request(&[]);
        let line = HeaderValue::from_bytes(format!("__Host-session={cookie}").as_bytes());
        head.headers.insert(COOKIE, line.unwrap());
        assert_eq!(who(&world.sessions, &head).await.unwrap(), "absent");
        assert_eq!(world.sessions.current(&head.headers).await.unwrap(), None);
    }
    for line in ["", ";;;", "__Host-session", "__host-session=x", "session=x"] {
        assert_eq!(
            who(&world.sessions, &request(&[line])).await.unwrap(),
            "absent"
        );
    }
    assert_eq!(world.store.reads(), reads, "the store was not asked");
}

/// A large jar around a good cookie does no harm.
#[tokio::test]
async fn a_good_cookie_is_found_in_100_kilobytes() {
    let world = world();
    let (_, id) = world.log_in(alice()).await;
    let others = "other=value; ".repeat(8_000);
    let line = format!("{others}__Host-session={id}; {others}");
    assert_eq!(
        who(&world.sessions, &request(&[&line])).await.unwrap(),
        "alice"
    );
    let quoted = format!("__Host-session=\"{id}\"");
    assert_eq!(
        who(&world.sessions, &request(&[&quoted])).await.unwrap(),
        "alice"
    );
}

/// A browser sends one cookie of a name with the prefix: whoever sends two ids gets nobody's, and no session of a neighbour's
/// choice.
#[tokio::test]
async fn two_ids_are_none() {
    let world = world();
    let (_, alices) = world.log_in(alice()).await;
    let (_, other) = world
        .log_in(portcullis_session::Login::new("mallory"))
        .await;
    let unknown = Id(9).to_string();
    for (one, two) in [
        (&alices, &other),
        (&other, &alices),
        (&alices, &unknown),
        (&unknown, &alices),
    ] {
        let (one, two) = (
            format!("__Host-session={one}"),
            format!("__Host-session={two}"),
        );
        for head in [request(&[&format!("{one}; {two}")]), request(&[&one, &two])] {
            let reads = world.store.reads();
            assert_eq!(who(&world.sessions, &head).await.unwrap(), "absent");
            assert_eq!(world.sessions.current(&head.headers).await.unwrap(), None);
            assert_eq!(world.store.reads(), reads);
        }
    }
    let same = format!("__Host-session={alices}; __Host-session={alices}; __Host-session=junk");
    assert_eq!(
        who(&world.sessions, &request(&[&same])).await.unwrap(),
        "alice",
        "one id, said twice"
    );
    let both = request(&[&format!("__Host-session={other}; __Host-session={alices}")]);
    world.sessions.logout(&both.headers).await.unwrap();
    assert_eq!(
        (world.who(&alices).await, world.who(&other).await),
        ("nobody".into(), "nobody".into())
    );
}

/// Thousands of ids in one request do not become thousands of questions.
#[tokio::test]
async fn a_logout_asks_for_four_ids_at_most() {
    let world = world();
    let ids: Vec<_> = (0..4_000)
        .map(|id| format!("__Host-session={}", Id(id)))
        .collect();
    let before = world.store.reads() + world.store.writes();
    world
        .sessions
        .logout(&request(&[&ids.join("; ")]).headers)
        .await
        .unwrap();
    let asked = world.store.reads() + world.store.writes() - before;
    assert!((1..=4).contains(&asked), "{asked}");
}

proptest! {
    /// v5.0.0-7.2.1: whatever bytes stand in the header, nothing panics, and it is nobody.
    #[test]
    fn headers_of_any_bytes_are_nobody(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let Ok(line) = HeaderValue::from_bytes(&bytes) else { return Ok(()) };
        let mut named = b"__Host-session=".to_vec();
        named.extend_from_slice(&bytes);
        let named = HeaderValue::from_bytes(&named).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = world();
            for line in [line, named] {
                let head = Request::builder().header(COOKIE, line).body(()).unwrap().into_parts().0;
                let who = who(&world.sessions, &head).await.unwrap();
                prop_assert!(who == "absent" || who == "nobody");
                prop_assert!(world.sessions.logout(&head.headers).await.is_ok());
            }
            Ok(())
        })?;
    }

    /// Whatever id is guessed is nobody's.
    #[test]
    fn guessed_ids_are_nobody(id in any::<i128>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = world();
            world.log_in(alice()).await;
            let who = who(&world.sessions, &with_id(&Id(id).to_string())).await.unwrap();
            prop_assert_eq!(who, "nobody");
            Ok(())
        })?;
    }
}
