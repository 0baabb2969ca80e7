//! AC-J10 and the rules of the identifying layer.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use http::{Request, StatusCode};
use portcullis_core::{
    Attempt, AuthContext, AuthUser, AuthnLayer, CredentialPlace, Denial, SchemeName, authenticated,
    authorization, from_async_fn, require, role,
};
use tower::{Layer, Service, ServiceBuilder};

use crate::common::{Answer, Echo, Place, Told, jwt_user, request, through};

const HEADER: Place = Place::Header("x-one");
const OTHER_HEADER: Place = Place::Header("x-two");
const COOKIE: Place = Place::Cookie("session");

/// A header scheme first, a cookie scheme second.
fn header_then_cookie() -> AuthnLayer {
    AuthnLayer::new()
        .scheme(Told::new("header", HEADER).challenge(Some("Header")))
        .scheme(Told::new("cookie", COOKIE).challenge(None))
}

fn cookie_then_header() -> AuthnLayer {
    AuthnLayer::new()
        .scheme(Told::new("cookie", COOKIE).challenge(None))
        .scheme(Told::new("header", HEADER).challenge(Some("Header")))
}

async fn answer(layer: &AuthnLayer, headers: &[(&'static str, &str)]) -> Answer {
    through(layer, request(headers)).await
}

#[tokio::test]
async fn ac_j10_nothing_presented_is_nobody() {
    for layer in [
        AuthnLayer::new(),
        AuthnLayer::default(),
        header_then_cookie(),
    ] {
        let answer = answer(&layer, &[]).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (StatusCode::OK, "nobody")
        );
    }
}

#[tokio::test]
async fn ac_j10_each_scheme_alone_and_together() {
    for (header, value, who) in [
        ("x-one", "user:alice", "header:alice"),
        ("x-one", "later:alice", "header:alice"),
        ("cookie", "session=user:bob", "cookie:bob"),
        ("cookie", "session=later:bob", "cookie:bob"),
    ] {
        for layer in [header_then_cookie(), cookie_then_header()] {
            assert_eq!(answer(&layer, &[(header, value)]).await.body, who);
        }
    }
}

#[tokio::test]
async fn ac_j10_a_broken_credential_is_neither_nobody_nor_the_next_schemes() {
    let asked = Arc::default();
    let layer = AuthnLayer::new()
        .scheme(
            Told::new("first", COOKIE)
                .noting(&asked)
                .challenge(Some("First")),
        )
        .scheme(
            Told::new("second", Place::Cookie("other"))
                .noting(&asked)
                .challenge(Some("Second")),
        );
    let answer = answer(&layer, &[("cookie", "session=broken; other=user:mallory")]).await;
    assert_eq!(
        (answer.status, answer.code()),
        (StatusCode::UNAUTHORIZED, "broken")
    );
    assert_eq!(answer.challenges(), ["First", "Second"]);
    assert_eq!(*asked.lock().unwrap(), ["first"]);
}

#[tokio::test]
async fn v5_0_0_11_2_5_a_store_that_is_down_is_503_and_never_a_pass() {
    for layer in [
        header_then_cookie(),
        cookie_then_header(),
        header_then_cookie().required(),
    ] {
        let answer = answer(&layer, &[("x-one", "down")]).await;
        assert_eq!(
            (answer.status, answer.code()),
            (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
        );
        assert_eq!(answer.headers["retry-after"], "1");
        assert!(answer.challenges().is_empty());
    }
}

#[tokio::test]
async fn schemes_are_asked_in_order_until_one_decides() {
    let asked: Arc<Mutex<Vec<&'static str>>> = Arc::default();
    let layer = ["a", "b", "c", "d"]
        .into_iter()
        .fold(AuthnLayer::new(), |layer, name| {
            layer.scheme(Told::new(name, Place::Cookie(name)).noting(&asked))
        });
    let answer = answer(
        &layer,
        &[("cookie", "a=absent; b=gone; c=user:carol; d=user:dave")],
    )
    .await;
    assert_eq!(answer.body, "c:carol");
    assert_eq!(*asked.lock().unwrap(), ["a", "b", "c"]);
}

#[tokio::test]
async fn a_scheme_that_waited_for_nothing_gives_way() {
    let layer = header_then_cookie();
    assert_eq!(answer(&layer, &[("x-one", "gone")]).await.body, "nobody");
    let both = [("x-one", "gone"), ("cookie", "session=later:bob")];
    assert_eq!(answer(&layer, &both).await.body, "cookie:bob");
    assert_eq!(
        answer(&cookie_then_header(), &both).await.body,
        "cookie:bob"
    );
    let broken = [("x-one", "gone"), ("cookie", "session=broken")];
    assert_eq!(
        answer(&layer, &broken).await.status,
        StatusCode::UNAUTHORIZED
    );
    let down = [("x-one", "gone"), ("cookie", "session=down")];
    assert_eq!(
        answer(&layer, &down).await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
}

#[tokio::test]
async fn ac_k2_an_explicit_credential_wins_over_a_cookie_in_either_order() {
    for layer in [header_then_cookie(), cookie_then_header()] {
        for value in ["user:alice", "later:alice"] {
            let both = [("cookie", "session=user:bob"), ("x-one", value)];
            assert_eq!(answer(&layer, &both).await.body, "header:alice");
        }
        // A cookie cannot help a broken explicit credential, nor hurt a good one.
        let broken = [("cookie", "session=user:bob"), ("x-one", "broken")];
        assert_eq!(
            answer(&layer, &broken).await.status,
            StatusCode::UNAUTHORIZED
        );
        let beside = [("cookie", "session=broken"), ("x-one", "user:alice")];
        assert_eq!(answer(&layer, &beside).await.body, "header:alice");
    }
}

#[tokio::test]
async fn ac_k2_two_explicit_credentials_are_400() {
    let layer = AuthnLayer::new()
        .scheme(Told::new("one", HEADER))
        .scheme(Told::new("cookie", COOKIE))
        .scheme(Told::new("two", OTHER_HEADER));
    for value in ["user:alice", "broken", "gone", "down", "nonsense", ""] {
        let answer = answer(&layer, &[("x-one", "user:alice"), ("x-two", value)]).await;
        assert_eq!(
            (answer.status, answer.code()),
            (StatusCode::BAD_REQUEST, "multiple_credentials")
        );
        assert_eq!(answer.challenges(), [r#"Bearer error="invalid_request""#]);
    }
}

#[tokio::test]
async fn ac_k2_two_authorization_headers_are_400_whatever_the_schemes() {
    let both = [("authorization", "Bearer a"), ("authorization", "Basic b")];
    for layer in [
        AuthnLayer::new(),
        header_then_cookie(),
        AuthnLayer::new().required(),
    ] {
        let answer = answer(&layer, &both).await;
        assert_eq!(
            (answer.status, answer.code()),
            (StatusCode::BAD_REQUEST, "multiple_credentials")
        );
    }
    let same = [("authorization", "Bearer a"), ("authorization", "Bearer a")];
    assert_eq!(
        answer(&AuthnLayer::new(), &same).await.status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn ac_k2_of_two_schemes_that_read_one_header_the_surer_has_it() {
    let sure = || Told::new("sure", Place::Prefixed("x-one"));
    let unsure = || Told::new("unsure", HEADER);
    for layer in [
        AuthnLayer::new().scheme(sure()).scheme(unsure()),
        AuthnLayer::new().scheme(unsure()).scheme(sure()),
    ] {
        assert_eq!(
            answer(&layer, &[("x-one", "sure_user:alice")]).await.body,
            "sure:alice"
        );
        let broken = answer(&layer, &[("x-one", "sure_broken")]).await;
        assert_eq!(broken.status, StatusCode::UNAUTHORIZED);
    }
    // Where neither is sure, the first has it.
    let layer = AuthnLayer::new().scheme(unsure()).scheme(sure());
    assert_eq!(
        answer(&layer, &[("x-one", "user:alice")]).await.body,
        "unsure:alice"
    );
}

#[tokio::test]
async fn required_refuses_nobody_and_no_one_else() {
    let layer = header_then_cookie().required();
    let nobody = answer(&layer, &[]).await;
    assert_eq!(
        (nobody.status, nobody.code()),
        (StatusCode::UNAUTHORIZED, "unauthenticated")
    );
    assert_eq!(nobody.challenges(), ["Header"]);
    let gone = answer(&layer, &[("x-one", "gone")]).await;
    assert_eq!(gone.code(), "unauthenticated");
    assert_eq!(
        answer(&layer, &[("x-one", "later:alice")]).await.body,
        "header:alice"
    );
}

#[tokio::test]
async fn a_401_always_has_a_challenge() {
    let silent = AuthnLayer::new()
        .scheme(Told::new("silent", HEADER).challenge(None))
        .required();
    assert_eq!(answer(&silent, &[]).await.challenges(), ["Bearer"]);
    assert_eq!(
        answer(&silent, &[("x-one", "broken")]).await.challenges(),
        ["Bearer"]
    );
    assert_eq!(
        answer(&AuthnLayer::new().required(), &[])
            .await
            .challenges(),
        ["Bearer"]
    );
}

#[tokio::test]
async fn ac_j10_a_401_names_what_was_wrong_first_and_then_the_other_ways_in() {
    let precise = from_async_fn("precise", |_| async {
        let challenge = http::HeaderValue::from_static(r#"Precise error="invalid_token""#);
        Err(Denial::invalid_credential("invalid_token").with_challenge(challenge))
    });
    let layer = AuthnLayer::new()
        .scheme(precise.with_challenge("Precise"))
        .scheme(Told::new("b", COOKIE).challenge(Some("Other")))
        .scheme(Told::new("c", HEADER).challenge(Some("Other")));
    let answer = answer(&layer, &[]).await;
    assert_eq!(
        answer.challenges(),
        [r#"Precise error="invalid_token""#, "Other"]
    );
}

#[tokio::test]
async fn nested_layers_compose() {
    let outer = AuthnLayer::new().scheme(Told::new("outer", HEADER));
    let asked = Arc::default();
    let inner = AuthnLayer::new()
        .scheme(Told::new("inner", OTHER_HEADER).noting(&asked))
        .required();
    let stack = ServiceBuilder::new().layer(outer).layer(inner);
    let ask = async |headers: &[(&'static str, &str)]| through(&stack, request(headers)).await;

    assert_eq!(ask(&[("x-one", "user:alice")]).await.body, "outer:alice");
    assert!(
        asked.lock().unwrap().is_empty(),
        "an identity that is there is left alone"
    );
    assert_eq!(ask(&[("x-two", "user:bob")]).await.body, "inner:bob");
    assert_eq!(
        ask(&[("x-one", "user:alice"), ("x-two", "broken")])
            .await
            .body,
        "outer:alice"
    );
    assert_eq!(ask(&[]).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_user_from_elsewhere_does_not_survive_a_layer_that_finds_nobody() {
    let layer = AuthnLayer::new();
    let handler = tower::service_fn(|request: Request<()>| async move {
        let planted = request.extensions().get::<AuthUser>().is_some();
        assert!(!planted, "an `Extension<AuthUser>` would have believed it");
        Ok::<_, std::convert::Infallible>(http::Response::new(String::new()))
    });
    let mut request = Request::new(());
    request.extensions_mut().insert(jwt_user().build());
    let response = layer.layer(handler).call(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn the_handler_sees_the_same_user_everywhere() {
    let layer = header_then_cookie();
    let handler = tower::service_fn(|request: Request<()>| async move {
        let extensions = request.extensions();
        let user = extensions.get::<AuthUser>().unwrap();
        let context = extensions.get::<AuthContext>().unwrap();
        assert_eq!(user.id(), context.user().unwrap().id());
        assert_eq!(user.id(), AuthUser::of(extensions).unwrap().unwrap().id());
        assert_eq!(context.challenges(), ["Header"]);
        Ok::<_, std::convert::Infallible>(http::Response::new(String::new()))
    });
    let response = layer
        .layer(handler)
        .call(request(&[("x-one", "user:alice")]))
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_request_dropped_while_it_waits_takes_its_work_along() {
    let gone = Arc::new(());
    let held = Arc::clone(&gone);
    let scheme = from_async_fn("stuck", move |_| {
        let held = Arc::clone(&held);
        async move {
            let _held = held;
            std::future::pending().await
        }
    });
    let layer = AuthnLayer::new().scheme(scheme);
    let mut service = layer.layer(Echo);
    let before = Arc::strong_count(&gone);
    let mut future = Box::pin(service.call(Request::new(())));
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..3 {
        assert!(matches!(future.as_mut().poll(&mut context), Poll::Pending));
    }
    assert_eq!(
        Arc::strong_count(&gone),
        before + 1,
        "the scheme is at work"
    );
    drop(future);
    assert_eq!(
        Arc::strong_count(&gone),
        before,
        "and its work is dropped with the request"
    );
}

#[tokio::test]
async fn ac_j10_a_scheme_of_ones_own_is_one_async_fn() {
    async fn ticket(parts: http::request::Parts) -> Result<Option<AuthUser>, Denial> {
        match authorization(&parts.headers, "Ticket")? {
            None => Ok(None),
            Some("T-1") => Ok(Some(
                AuthUser::builder(SchemeName::new("ticket"), "visitor").build(),
            )),
            Some(_) => Err(Denial::invalid_credential("invalid_ticket")),
        }
    }
    let scheme = from_async_fn("ticket", ticket)
        .with_challenge("Ticket")
        .with_place(CredentialPlace::Authorization("Ticket"));
    let layer = AuthnLayer::new()
        .scheme(Told::new("cookie", COOKIE).challenge(None))
        .scheme(scheme);

    let cookie = ("cookie", "session=user:bob");
    assert_eq!(answer(&layer, &[cookie]).await.body, "cookie:bob");
    assert_eq!(
        answer(&layer, &[cookie, ("authorization", "ticket T-1")])
            .await
            .body,
        "ticket:visitor"
    );
    for broken in [
        "Ticket T-2",
        "Ticket",
        "Ticket ",
        "Ticket\tT-1",
        "Ticket  \tT-1",
        "TICKET t-1",
        "Ticket \u{e9}",
    ] {
        let refused = answer(&layer, &[cookie, ("authorization", broken)]).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{broken:?}");
        assert_eq!(refused.challenges(), ["Ticket"]);
    }
    assert_eq!(
        answer(&layer, &[cookie, ("authorization", "Bearer x")])
            .await
            .body,
        "cookie:bob"
    );
}

#[tokio::test]
async fn a_shared_scheme_serves_many_layers_and_services() {
    let asked = Arc::default();
    let scheme: Arc<dyn portcullis_core::Scheme> =
        Arc::new(Told::new("shared", HEADER).noting(&asked));
    let one = AuthnLayer::new().shared_scheme(Arc::clone(&scheme));
    let two = AuthnLayer::new().shared_scheme(scheme);
    for layer in [&one, &two] {
        let service = layer.layer(Echo);
        for service in [service.clone(), service] {
            let mut service = service;
            let _ = service
                .call(request(&[("x-one", "user:alice")]))
                .await
                .unwrap();
        }
    }
    assert_eq!(asked.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn many_requests_at_once_keep_their_users_apart() {
    let layer = header_then_cookie();
    let service = layer.layer(Echo);
    let tasks: Vec<_> = (0..200)
        .map(|n| {
            let mut service = service.clone();
            tokio::spawn(async move {
                let wish = if n % 2 == 0 {
                    format!("later:u{n}")
                } else {
                    format!("user:u{n}")
                };
                let response = service.call(request(&[("x-one", &wish)])).await.unwrap();
                (n, crate::common::collect(response).await.body)
            })
        })
        .collect();
    for task in tasks {
        let (n, who) = task.await.unwrap();
        assert_eq!(who, format!("header:u{n}"));
    }
}

#[tokio::test]
async fn debug_output_says_what_a_scheme_answered_and_no_more() {
    let user = jwt_user()
        .email("alice@example.com", true)
        .claims(r#"{"secret":1}"#)
        .build();
    let ready = format!("{:?}", Attempt::Ready(Ok(user)));
    assert!(
        ready.starts_with("Ready(Ok(AuthUser") && !ready.contains("example.com"),
        "{ready}"
    );
    assert_eq!(
        format!("{:?}", Attempt::Pending(Box::pin(async { Ok(None) }))),
        "Pending"
    );
    let layer = header_then_cookie();
    let debug = format!(
        "{layer:?} {:?} {:?}",
        layer.layer(Echo),
        require(role("x").and(authenticated()))
    );
    assert!(
        debug.contains("AuthnLayer") && debug.contains("role x and authenticated"),
        "{debug}"
    );
}

/// A scheme that says where its credential stands is not asked, and costs no future, where that place is empty.
#[tokio::test]
async fn a_scheme_with_a_place_is_not_called_where_the_place_is_empty() {
    let calls = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&calls);
    let scheme = from_async_fn("ticket", move |_| {
        *counted.lock().unwrap() += 1;
        async { Ok(None) }
    })
    .with_place(CredentialPlace::Authorization("Ticket"));
    let layer = AuthnLayer::new().scheme(scheme);
    assert_eq!(through(&layer, request(&[])).await.status, StatusCode::OK);
    assert_eq!(*calls.lock().unwrap(), 0);
    let presented = request(&[("authorization", "Ticket 1")]);
    assert_eq!(through(&layer, presented).await.status, StatusCode::OK);
    assert_eq!(*calls.lock().unwrap(), 1);
}
