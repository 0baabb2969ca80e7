//! Requests as an enemy would send them.

mod common;

use http::{HeaderValue, Request};
use portcullis_core::{Attempt, AuthnLayer, CredentialPlaces, Presence, Scheme};
use portcullis_key::{ApiKey, ApiKeys, KeyPrefix, KeyRecord, MemoryKeys};
use proptest::prelude::*;

use self::common::*;

/// A request's head with one header of any bytes.
fn head(name: &'static str, value: &[u8]) -> Option<http::request::Parts> {
    let mut request = Request::new(());
    let value = HeaderValue::from_bytes(value).ok()?;
    request.headers_mut().insert(name, value);
    Some(request.into_parts().0)
}

#[tokio::test]
async fn ac_k1_a_wrong_checksum_costs_no_question_to_the_store() {
    let (key, keys) = one_key();
    let store = Counting::new(keys);
    let layer = AuthnLayer::new().scheme(ApiKeys::new(store.clone()));
    let text = key.expose();
    let long = "sk_".to_owned() + &"A".repeat(1 << 16);
    let texts = [
        mistyped(&key),
        text.replace("sk_", "SK_"),
        text[1..].to_owned(),
        format!("{text}, {text}"),
        format!("{text},"),
        format!("\"{text}\""),
        "null".into(),
        long,
        String::new(),
    ];
    for text in &texts {
        for (name, value) in [
            ("x-api-key", text.clone()),
            ("authorization", format!("ApiKey {text}")),
        ] {
            let answer = ask(&layer, with_header(name, &value)).await;
            assert_eq!(answer.code(), (401, "invalid_api_key"));
            assert_eq!(answer.challenges, ["ApiKey"]);
        }
    }
    assert_eq!(store.asked(), 0);
}

#[tokio::test]
async fn bytes_that_are_not_ascii_are_a_broken_key_and_not_an_absent_one() {
    let (_, keys) = one_key();
    let layer = AuthnLayer::new().scheme(ApiKeys::new(keys));
    for (name, value) in [
        ("x-api-key", &b"sk_\xff\xfe"[..]),
        ("x-api-key", "sk_é".as_bytes()),
        ("authorization", &b"ApiKey \xff"[..]),
        ("authorization", &b"ApiKey"[..]),
        ("authorization", &b"ApiKey "[..]),
        ("authorization", &b"ApiKey sk_a b"[..]),
        ("authorization", &b"Bearer sk_"[..]),
    ] {
        let answer = ask(&layer, with_header(name, value)).await;
        assert_eq!(answer.code(), (401, "invalid_api_key"), "{value:?}");
    }
}

#[tokio::test]
async fn all_refusals_look_the_same() {
    let (key, keys) = one_key();
    let (disabled, unknown) = (new_key(), new_key());
    keys.insert(KeyRecord::for_key(&disabled, owner("bob")).with_disabled(true));
    let layer = AuthnLayer::new().scheme(ApiKeys::new(keys));
    let malformed = with_header("x-api-key", &key.expose()[1..]);
    let mut bodies = Vec::new();
    for request in [malformed, presenting(&unknown), presenting(&disabled)] {
        let answer = ask(&layer, request).await;
        let detail = answer.denial.as_ref().unwrap().detail().to_owned();
        bodies.push((answer.status, detail, answer.challenges));
    }
    assert!(
        bodies.windows(2).all(|pair| pair[0] == pair[1]),
        "{bodies:?}"
    );
}

/// The id of somebody else's key with a secret of one's own, and a checksum that fits.
#[tokio::test]
async fn ac_k1_an_id_that_exists_is_worth_nothing_without_its_secret() {
    let (key, other) = (new_key(), new_key());
    let layer = AuthnLayer::new().scheme(ApiKeys::new(Always(KeyRecord::for_key(
        &key,
        owner("alice"),
    ))));
    assert_eq!(ask(&layer, presenting(&key)).await.user().id(), "alice");
    let answer = ask(&layer, presenting(&other)).await;
    assert_eq!(answer.code(), (401, "invalid_api_key"));
}

#[tokio::test]
async fn ac_k2_two_keys_are_refused() {
    let (key, keys) = one_key();
    let places = CredentialPlaces::new()
        .with_websocket_protocol("api-key")
        .with_insecure_query("key");
    let layer = AuthnLayer::new().scheme(ApiKeys::new(keys).places(places));
    let text = key.expose();
    let (own, bearer) = (format!("ApiKey {text}"), format!("Bearer {text}"));
    let socket = format!("api-key, {text}");
    let pairs = [
        [("authorization", &*own), ("authorization", &*own)],
        [("authorization", &*own), ("authorization", &*bearer)],
        [("authorization", &*own), ("x-api-key", text)],
        [("authorization", &*bearer), ("x-api-key", text)],
        [("authorization", "Bearer other"), ("x-api-key", text)],
        [("x-api-key", text), ("x-api-key", text)],
        [("x-api-key", text), ("x-api-key", "")],
        [("x-api-key", text), ("sec-websocket-protocol", &*socket)],
        [
            ("authorization", &*own),
            ("sec-websocket-protocol", &*socket),
        ],
        [
            ("authorization", "Bearer other"),
            ("sec-websocket-protocol", &*socket),
        ],
    ];
    for pair in pairs {
        let answer = ask(&layer, with_headers(pair)).await;
        assert_eq!(answer.code(), (400, "multiple_credentials"), "{pair:?}");
    }
    let in_query = Request::builder().uri(format!("/?key={text}"));
    let twice = in_query
        .header("x-api-key", text)
        .body(String::new())
        .unwrap();
    assert_eq!(
        ask(&layer, twice).await.code(),
        (400, "multiple_credentials")
    );
}

#[tokio::test]
async fn ac_k2_a_key_beside_a_bearer_token_is_refused_in_either_order() {
    let (key, keys) = one_key();
    let key_first = AuthnLayer::new()
        .scheme(ApiKeys::new(keys.clone()))
        .scheme(bearer());
    let key_last = AuthnLayer::new()
        .scheme(bearer())
        .scheme(ApiKeys::new(keys));
    for layer in [key_first, key_last] {
        let both = with_headers([
            ("authorization", "Bearer token"),
            ("x-api-key", key.expose()),
        ]);
        assert_eq!(
            ask(&layer, both).await.code(),
            (400, "multiple_credentials")
        );

        let token = with_header("authorization", "Bearer token");
        assert_eq!(ask(&layer, token).await.user().id(), "bearer");
        let as_bearer = with_header("authorization", format!("Bearer {}", key.expose()));
        assert_eq!(ask(&layer, as_bearer).await.user().id(), "alice");
        assert_eq!(ask(&layer, presenting(&key)).await.user().id(), "alice");
    }
}

#[tokio::test]
async fn a_broken_key_never_falls_through_to_another_scheme() {
    let (key, keys) = one_key();
    let places = CredentialPlaces::new().with_cookie("key");
    let layer = AuthnLayer::new()
        .scheme(ApiKeys::new(keys).places(places))
        .scheme(bearer());
    let cookie = format!("key={}", key.expose());
    for broken in ["Bearer sk_x_y", "Bearer sk_", "ApiKey x"] {
        let request = with_headers([("authorization", broken), ("cookie", &cookie)]);
        let answer = ask(&layer, request).await;
        assert_eq!(answer.code(), (401, "invalid_api_key"), "{broken}");
        assert_eq!(answer.challenges, ["ApiKey", "Bearer"]);
    }
    let broken_cookie = with_header("cookie", "key=sk_broken");
    assert_eq!(
        ask(&layer, broken_cookie).await.code(),
        (401, "invalid_api_key")
    );
}

#[tokio::test]
async fn ac_k2_an_explicit_credential_wins_over_a_cookie() {
    let (key, keys) = one_key();
    let bob = new_key();
    keys.insert(KeyRecord::for_key(&bob, owner("bob")));
    let places = CredentialPlaces::new().with_cookie("key");
    let layer = AuthnLayer::new()
        .scheme(ApiKeys::new(keys).places(places))
        .scheme(bearer());
    let cookie = format!("key={}", key.expose());
    let beside_key = with_headers([("x-api-key", bob.expose()), ("cookie", &cookie)]);
    assert_eq!(ask(&layer, beside_key).await.user().id(), "bob");
    let beside_token = with_headers([("authorization", "Bearer token"), ("cookie", &cookie)]);
    assert_eq!(ask(&layer, beside_token).await.user().id(), "bearer");
}

/// `sk` and `sk_live`: each key goes to its own scheme, in either order, and neither passes for the other.
#[tokio::test]
async fn prefixes_are_not_confused() {
    let stores = ["sk", "sk_live"].map(|prefix| {
        let prefix = KeyPrefix::new(prefix).unwrap();
        let (key, keys) = (ApiKey::generate(&prefix).unwrap(), MemoryKeys::new());
        keys.insert(KeyRecord::for_key(&key, owner(prefix.as_str())));
        let scheme = ApiKeys::new(Counting::new(keys)).prefixes([prefix.clone()]);
        (prefix, key, scheme)
    });
    let [short, long] = &stores;
    for order in [[short, long], [long, short]] {
        let layer = order
            .iter()
            .fold(AuthnLayer::new(), |layer, (_, _, scheme)| {
                layer.scheme(scheme.clone())
            });
        for (prefix, key, _) in &stores {
            let bearer = with_header("authorization", format!("Bearer {}", key.expose()));
            for request in [presenting(key), bearer] {
                assert_eq!(ask(&layer, request).await.user().id(), prefix.as_str());
            }
        }
    }
    let alone = AuthnLayer::new().scheme(short.2.clone());
    let bearer = with_header("authorization", format!("Bearer {}", long.1.expose()));
    for request in [presenting(&long.1), bearer] {
        let answer = ask(&alone, request).await;
        assert_eq!(answer.code(), (401, "invalid_api_key"));
    }
}

#[tokio::test]
async fn a_key_with_an_unknown_prefix_is_refused_where_only_keys_belong() {
    let store = Counting::default();
    let key = ApiKey::generate(&KeyPrefix::from_static("pk")).unwrap();
    store.keys.insert(KeyRecord::for_key(&key, owner("alice")));
    let layer = AuthnLayer::new().scheme(ApiKeys::new(store.clone()));
    let answer = ask(&layer, presenting(&key)).await;
    assert_eq!(answer.code(), (401, "invalid_api_key"));
    let bearer = with_header("authorization", format!("Bearer {}", key.expose()));
    let answer = ask(&layer, bearer).await;
    assert!(
        answer.user.is_none() && answer.denial.is_none(),
        "another scheme's"
    );
    assert_eq!(store.asked(), 0);
}

#[tokio::test]
async fn a_store_that_is_down_is_503_and_never_a_pass() {
    let layer = AuthnLayer::new()
        .scheme(ApiKeys::new(Down))
        .scheme(bearer());
    let answer = ask(&layer, presenting(&new_key())).await;
    assert_eq!(answer.code(), (503, "unavailable"));
    assert_eq!(answer.retry_after.as_deref(), Some("1"));
    assert!(answer.challenges.is_empty());
    let detail = answer.denial.unwrap().detail().to_owned();
    assert!(
        !detail.contains("connection"),
        "the store's words are not the client's"
    );
}

#[tokio::test]
async fn what_is_not_a_key_never_reaches_a_closure() {
    let scheme = ApiKeys::validate(|_| async { panic!("the closure was asked") });
    let layer = AuthnLayer::new().scheme(scheme);
    let answer = ask(&layer, with_header("x-api-key", "sk_no-key")).await;
    assert_eq!(answer.code(), (401, "invalid_api_key"));
}

fn scheme_with_all_places() -> ApiKeys {
    let places = CredentialPlaces::new()
        .with_cookie("key")
        .with_websocket_protocol("api-key")
        .with_insecure_query("key");
    ApiKeys::new(MemoryKeys::new())
        .places(places)
        .with_collection_header("users")
}

proptest! {
    #[test]
    fn any_bytes_in_any_header_are_judged_at_once(
        name in prop::sample::select(vec!["authorization", "x-api-key", "cookie", "sec-websocket-protocol"]),
        start in prop::sample::select(vec!["", "ApiKey ", "Bearer ", "Bearer sk_", "users API-Key ", "users ", "key=", "api-key, "]),
        rest in prop::collection::vec(any::<u8>(), 0..120),
    ) {
        let value = [start.as_bytes(), &rest].concat();
        if let Some(head) = head(name, &value) {
            let scheme = scheme_with_all_places();
            let is_absent = scheme.presence(&head) == Presence::Absent;
            match scheme.authenticate(&head) {
                Attempt::Absent => {}
                Attempt::Ready(Err(denial)) => {
                    prop_assert!(!is_absent);
                    prop_assert!(matches!(denial.code(), "invalid_api_key" | "multiple_credentials"));
                }
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }

    #[test]
    fn presence_and_authentication_agree(value in "(ApiKey|Bearer|Basic|users API-Key)? ?(sk_|pk_)?[0-9A-Za-z_]{0,60}") {
        let head = head("authorization", value.as_bytes()).unwrap();
        let scheme = scheme_with_all_places();
        let is_absent = matches!(scheme.authenticate(&head), Attempt::Absent);
        prop_assert_eq!(scheme.presence(&head) == Presence::Absent, is_absent);
    }
}
