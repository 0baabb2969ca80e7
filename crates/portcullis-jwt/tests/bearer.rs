//! The scheme behind an `AuthnLayer`: AC-J10, RFC 6750.

mod support;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use http::header::{AUTHORIZATION, COOKIE, SEC_WEBSOCKET_PROTOCOL, WWW_AUTHENTICATE};
use http::request::Builder;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use portcullis_core::{AuthUser, AuthnLayer, BoxFuture, from_async_fn};
use portcullis_jwt::{
    Algorithm, Bearer, Grant, Issuer, KeySet, KeySource, KeysUnavailable, SigningKey,
    TokenErrorKind, Verifier,
};
use serde_json::Value;
use support::{START, claims, signed, token, verifier, with};
use tower::{ServiceBuilder, ServiceExt, service_fn};

type Body = Full<bytes::Bytes>;

struct Answer {
    status: StatusCode,
    challenges: Vec<String>,
    body: String,
}

/// Sends a request through the layer to a service that says who is calling.
async fn ask(layer: AuthnLayer, request: Builder) -> Answer {
    let service = ServiceBuilder::new().layer(layer).service(service_fn(
        |request: Request<Body>| async move {
            let user = AuthUser::of(request.extensions())
                .unwrap()
                .map_or("nobody", AuthUser::id)
                .to_owned();
            Ok::<_, Infallible>(Response::new(Body::from(user)))
        },
    ));
    let response = service
        .oneshot(request.body(Body::default()).unwrap())
        .await
        .unwrap();
    let (parts, body) = response.into_parts();
    let challenges = parts.headers.get_all(WWW_AUTHENTICATE).iter();
    Answer {
        status: parts.status,
        challenges: challenges
            .map(|value| value.to_str().unwrap().to_owned())
            .collect(),
        body: String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap(),
    }
}

fn layer() -> AuthnLayer {
    AuthnLayer::new().scheme(Bearer::new(verifier()))
}

fn bearer(token: &str) -> Builder {
    Request::builder().header(AUTHORIZATION, format!("Bearer {token}"))
}

fn good() -> String {
    signed(&claims())
}

#[tokio::test]
async fn ac_j10_a_good_token_is_a_user() {
    for header in ["Bearer ", "bearer ", "BEARER ", "bEaReR  ", "Bearer     "] {
        let request = Request::builder().header(AUTHORIZATION, format!("{header}{}", good()));
        let answer = ask(layer(), request).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (StatusCode::OK, "alice"),
            "{header:?}"
        );
    }
}

#[tokio::test]
async fn ac_j10_no_token_is_nobody() {
    let answer = ask(layer(), Request::builder()).await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (StatusCode::OK, "nobody")
    );
    let answer = ask(
        layer(),
        Request::builder().header(AUTHORIZATION, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
    )
    .await;
    assert_eq!(answer.body, "nobody", "another scheme's credential");
    let required = ask(layer().required(), Request::builder()).await;
    assert_eq!(
        (required.status, required.challenges),
        (StatusCode::UNAUTHORIZED, vec!["Bearer".to_owned()])
    );
}

/// RFC 6750 §3, to the letter.
#[tokio::test]
async fn ac_j10_a_token_that_is_not_accepted_is_401_even_if_optional() {
    let cases = [
        (signed(&with("exp", 1)), "the token has expired"),
        (
            signed(&with("nbf", START + 1000)),
            "the token is not valid yet",
        ),
        (signed(&with("aud", "x")), "the token is not accepted here"),
        (
            token(r#"{"alg":"none"}"#, "{}"),
            "the token is not accepted here",
        ),
        ("x".to_owned(), "the token is malformed"),
    ];
    for (token, description) in cases {
        let answer = ask(layer(), bearer(&token)).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        let challenge =
            format!("Bearer error=\"invalid_token\", error_description=\"{description}\"");
        assert_eq!(answer.challenges, [challenge]);
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(
            (&body["code"], &body["detail"]),
            (&"invalid_token".into(), &description.into())
        );
        assert!(!answer.body.contains(&token) || token == "x");
    }
    let scheme = Bearer::new(verifier()).realm("no\"t\\es\n");
    let answer = ask(AuthnLayer::new().scheme(scheme), bearer("x")).await;
    assert_eq!(
        answer.challenges,
        [
            "Bearer realm=\"notes\", error=\"invalid_token\", error_description=\"the token is malformed\""
        ]
    );
}

/// The malformed forms of the published list, and worse ones: 401 each, no panic, no 500 (next-auth GHSA-xmf8-cvqr-rfgj).
#[tokio::test]
async fn ac_j10_malformed_headers() {
    let forms: [&[u8]; 14] = [
        b"Bearer",
        b"Bearer ",
        b"Bearer a b",
        b"Bearer a,b",
        b"Bearer \xc3\xa9",
        b"Bearer \xff\xfe",
        b"Bearer =",
        b"Bearer a=b",
        b"Bearer a\tb",
        b"Bearer \"a\"",
        b"bearer abc",
        b"BEARER abc",
        b"Bearer  abc",
        b"Bearer ....",
    ];
    for form in forms {
        let header = HeaderValue::from_bytes(form).unwrap();
        let answer = ask(layer(), Request::builder().header(AUTHORIZATION, header)).await;
        assert_eq!(
            answer.status,
            StatusCode::UNAUTHORIZED,
            "{}",
            String::from_utf8_lossy(form)
        );
        assert!(
            answer.challenges[0].starts_with("Bearer error=\"invalid_token\""),
            "{:?}",
            answer.challenges
        );
    }
    for not_ours in ["Token abc", "Bearerabc", "Bearer,abc", "Bear"] {
        let answer = ask(layer(), Request::builder().header(AUTHORIZATION, not_ours)).await;
        assert_eq!(answer.body, "nobody", "{not_ours}");
    }
}

/// RFC 6750 §2: a token in more than one place.
#[tokio::test]
async fn ac_j10_two_tokens_are_400() {
    let scheme = || {
        Bearer::new(verifier())
            .with_insecure_query("access_token")
            .with_websocket_protocol("bearer")
    };
    let token = good();
    let requests = [
        bearer(&token).header(AUTHORIZATION, format!("Bearer {token}")),
        bearer(&token).uri(format!("/?access_token={token}")),
        bearer(&token).header(SEC_WEBSOCKET_PROTOCOL, format!("bearer, {token}")),
        Request::builder().uri(format!("/?access_token={token}&access_token={token}")),
        Request::builder()
            .uri(format!("/?access_token={token}"))
            .header(SEC_WEBSOCKET_PROTOCOL, format!("bearer, {token}")),
    ];
    for (position, request) in requests.into_iter().enumerate() {
        for scheme in [scheme(), scheme().with_insecure_lenient()] {
            let request = request_copy(&request);
            let answer = ask(AuthnLayer::new().scheme(scheme), request).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{position}");
            assert_eq!(answer.challenges, ["Bearer error=\"invalid_request\""]);
        }
    }
}

fn request_copy(builder: &Builder) -> Builder {
    let mut copy = Request::builder().uri(builder.uri_ref().unwrap().clone());
    for (name, value) in builder.headers_ref().unwrap() {
        copy = copy.header(name, value);
    }
    copy
}

#[tokio::test]
async fn tokens_come_from_other_places_if_said() {
    let token = good();
    let scheme = || {
        Bearer::new(verifier())
            .with_cookie("token")
            .with_insecure_query("access_token")
            .with_websocket_protocol("bearer")
    };
    let places = || {
        [
            Request::builder().header(COOKIE, format!("a=b; token={token}")),
            Request::builder().uri(format!("/?x=y&access_token={token}")),
            Request::builder().header(SEC_WEBSOCKET_PROTOCOL, format!("chat, bearer, {token}")),
        ]
    };
    for request in places() {
        assert_eq!(
            ask(AuthnLayer::new().scheme(scheme()), request).await.body,
            "alice"
        );
    }
    for request in places() {
        assert_eq!(
            ask(layer(), request).await.body,
            "nobody",
            "not unless said"
        );
    }
    let both = bearer(&token).header(COOKIE, "token=broken");
    assert_eq!(
        ask(AuthnLayer::new().scheme(scheme()), both).await.body,
        "alice",
        "explicit wins over the cookie"
    );
    let broken = bearer("broken").header(COOKIE, format!("token={token}"));
    let answer = ask(AuthnLayer::new().scheme(scheme()), broken).await;
    assert_eq!(
        answer.status,
        StatusCode::UNAUTHORIZED,
        "also where it is broken"
    );
    let cookie = Request::builder().header(COOKIE, "token=broken");
    assert_eq!(
        ask(AuthnLayer::new().scheme(scheme()), cookie).await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn ac_j10_lenient_takes_a_broken_token_for_none() {
    let scheme = || Bearer::new(verifier()).with_insecure_lenient();
    for token in ["broken", &signed(&with("exp", 1)), "a b"] {
        let answer = ask(AuthnLayer::new().scheme(scheme()), bearer(token)).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (StatusCode::OK, "nobody"),
            "{token}"
        );
    }
    let header = HeaderValue::from_bytes(b"Bearer \xff").unwrap();
    let answer = ask(
        AuthnLayer::new().scheme(scheme()),
        Request::builder().header(AUTHORIZATION, header),
    )
    .await;
    assert_eq!(answer.body, "nobody");
    let next = from_async_fn("fallback", |_| async {
        Ok(Some(AuthUser::builder("fallback".into(), "guest").build()))
    });
    let answer = ask(
        AuthnLayer::new().scheme(scheme()).scheme(next),
        bearer("broken"),
    )
    .await;
    assert_eq!(answer.body, "guest");
    assert_eq!(
        ask(AuthnLayer::new().scheme(scheme()), bearer(&good()))
            .await
            .body,
        "alice"
    );
}

/// Keys that appear when they are fetched, or cannot be fetched at all.
#[derive(Debug)]
struct Distant {
    now: Arc<ArcSwap<KeySet>>,
    then: Option<KeySet>,
    fetches: Arc<AtomicUsize>,
}

impl KeySource for Distant {
    fn current(&self) -> KeySet {
        KeySet::clone(&self.now.load())
    }

    fn epoch(&self) -> u64 {
        self.fetches.load(Ordering::Relaxed) as u64
    }

    fn refresh_for_unknown_kid(
        &self,
        _: Option<&str>,
    ) -> Option<BoxFuture<'static, Result<(), KeysUnavailable>>> {
        let (now, then, fetches) = (self.now.clone(), self.then.clone(), self.fetches.clone());
        Some(Box::pin(async move {
            tokio::task::yield_now().await;
            fetches.fetch_add(1, Ordering::Relaxed);
            let then = then.ok_or_else(KeysUnavailable::new)?;
            now.store(Arc::new(then));
            Ok(())
        }))
    }
}

fn distant(then: Option<KeySet>) -> (Verifier, Arc<AtomicUsize>) {
    let fetches = Arc::new(AtomicUsize::new(0));
    let now = Arc::new(ArcSwap::from_pointee(KeySet::empty()));
    let keys = Distant {
        now,
        then,
        fetches: fetches.clone(),
    };
    (Verifier::builder(keys).build(), fetches)
}

#[tokio::test]
async fn an_unknown_key_is_waited_for_once() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let token = Issuer::new(key.clone())
        .issue(&Grant::access("alice"))
        .unwrap();
    let (verifier, fetches) = distant(Some(key.verifying_key().clone().into()));
    let layer = AuthnLayer::new().scheme(Bearer::new(verifier));
    for _ in 0..3 {
        assert_eq!(
            ask(layer.clone(), bearer(token.as_str())).await.body,
            "alice"
        );
        assert_eq!(fetches.load(Ordering::Relaxed), 1, "known from then on");
    }
    let stranger = Issuer::new(SigningKey::generate(Algorithm::Es256).unwrap());
    let strange = stranger.issue(&Grant::access("mallory")).unwrap();
    let answer = ask(layer.clone(), bearer(strange.as_str())).await;
    assert_eq!(
        (answer.status, fetches.load(Ordering::Relaxed)),
        (StatusCode::UNAUTHORIZED, 2)
    );
    let answer = ask(layer, bearer(&good())).await;
    assert_eq!(
        answer.status,
        StatusCode::UNAUTHORIZED,
        "an algorithm that its key does not have"
    );
    assert_eq!(
        fetches.load(Ordering::Relaxed),
        2,
        "there is one key, so there is nothing to fetch for a token without kid"
    );
}

#[tokio::test]
async fn keys_that_cannot_be_had_are_503() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let token = Issuer::new(key).issue(&Grant::access("alice")).unwrap();
    let (verifier, _) = distant(None);
    for scheme in [
        Bearer::new(verifier.clone()),
        Bearer::new(verifier.clone()).with_insecure_lenient(),
    ] {
        let answer = ask(AuthnLayer::new().scheme(scheme), bearer(token.as_str())).await;
        assert_eq!(
            answer.status,
            StatusCode::SERVICE_UNAVAILABLE,
            "closed, also where broken tokens are let through"
        );
    }
    let error = verifier.verify_fetching(token.as_str()).await.unwrap_err();
    assert_eq!(error.kind(), TokenErrorKind::KeysUnavailable);
}

#[tokio::test]
async fn a_verifier_by_itself_can_wait() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let token = Issuer::new(key.clone())
        .issue(&Grant::access("alice"))
        .unwrap();
    let (verifier, fetches) = distant(Some(key.verifying_key().clone().into()));
    assert_eq!(
        verifier.verify(token.as_str()).unwrap_err().kind(),
        TokenErrorKind::UnknownKey
    );
    assert_eq!(
        verifier.verify_fetching(token.as_str()).await.unwrap().id(),
        "alice"
    );
    assert_eq!(
        verifier.verify_fetching(token.as_str()).await.unwrap().id(),
        "alice"
    );
    assert_eq!(fetches.load(Ordering::Relaxed), 1);
}
