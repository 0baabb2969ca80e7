//! AC-K2, AC-K3, AC-K7, AC-K8: where keys are read from, and whom they let in.

mod common;

use std::time::Duration;

use http::Request;
use portcullis_core::{
    AuthUser, AuthnLayer, Clock, CredentialPlaces, Denial, SchemeName, ScopeMap, Scopes,
    permission, scope,
};
use portcullis_key::{ApiKey, ApiKeys, KeyDigest, KeyFormat, KeyPrefix, KeyRecord, MemoryKeys};
use portcullis_testkit::ManualClock;

use self::common::*;

fn layer(keys: MemoryKeys) -> AuthnLayer {
    AuthnLayer::new().scheme(ApiKeys::new(keys))
}

/// The answer to a key with these scopes.
async fn user_with(scopes: Option<Scopes>) -> AuthUser {
    let (key, keys) = (new_key(), MemoryKeys::new());
    keys.insert(KeyRecord::for_key(&key, owner("alice")).with_scopes(scopes));
    ask(&layer(keys), presenting(&key)).await.user().clone()
}

#[tokio::test]
async fn ac_k2_three_places_are_read() {
    let (key, keys) = one_key();
    let layer = layer(keys);
    let text = key.expose();
    for (name, value) in [
        ("authorization", format!("ApiKey {text}")),
        ("authorization", format!("apikey   {text}")),
        ("authorization", format!("Bearer {text}")),
        ("authorization", format!("bearer {text}")),
        ("x-api-key", text.to_owned()),
    ] {
        let answer = ask(&layer, with_header(name, &value)).await;
        assert_eq!(answer.user().id(), "alice", "{name}");
        assert_eq!(*answer.user().scheme(), SchemeName::API_KEY);
        assert_eq!(answer.user().credential_id(), Some(id_of(&key).as_str()));
    }
}

#[tokio::test]
async fn ac_k2_classic_keys_are_read_too() {
    let (key, keys) = (classic_key(), MemoryKeys::new());
    keys.insert(KeyRecord::for_key(&key, owner("alice")));
    let answer = ask(&layer(keys.clone()), presenting(&key)).await;
    assert_eq!(answer.user().id(), "alice");
    assert_eq!(
        answer.user().credential_id(),
        Some(&key.digest().to_hex()[..16])
    );

    let strict = AuthnLayer::new().scheme(ApiKeys::new(keys).only(KeyFormat::Checked));
    let answer = ask(&strict, presenting(&key)).await;
    assert_eq!(answer.code(), (401, "invalid_api_key"));
}

#[tokio::test]
async fn ac_k2_other_places_only_if_asked_for() {
    let (key, keys) = one_key();
    let text = key.expose();
    let requests = || {
        [
            Request::builder().uri(format!("/?api_key={text}")),
            Request::builder().header("cookie", format!("a=b; key={text}")),
            Request::builder().header("sec-websocket-protocol", format!("api-key, {text}")),
            Request::builder().header("authorization", format!("users API-Key {text}")),
        ]
        .map(|request| request.body(String::new()).unwrap())
    };
    for request in requests() {
        let answer = ask(&layer(keys.clone()), request).await;
        assert!(answer.user.is_none() && answer.denial.is_none());
    }
    let places = CredentialPlaces::new()
        .with_cookie("key")
        .with_websocket_protocol("api-key")
        .with_insecure_query("api_key");
    let everywhere = ApiKeys::new(keys)
        .places(places)
        .with_collection_header("users");
    let everywhere = AuthnLayer::new().scheme(everywhere);
    for request in requests() {
        assert_eq!(ask(&everywhere, request).await.user().id(), "alice");
    }
}

#[tokio::test]
async fn ac_k2_the_key_of_another_collection_is_refused() {
    let (key, keys) = one_key();
    let scheme = ApiKeys::new(keys)
        .with_collection_header("users")
        .with_collection_header("customers");
    let layer = AuthnLayer::new().scheme(scheme);
    let named = |collection: &str| {
        with_header(
            "authorization",
            format!("{collection} API-Key {}", key.expose()),
        )
    };
    assert_eq!(ask(&layer, named("users")).await.user().id(), "alice");
    let answer = ask(&layer, named("customers")).await;
    assert_eq!(answer.code(), (401, "invalid_api_key"));
    let answer = ask(&layer, named("strangers")).await;
    assert!(
        answer.user.is_none() && answer.denial.is_none(),
        "none of ours"
    );
}

#[tokio::test]
async fn ac_k2_a_bearer_token_without_our_prefix_is_none_of_ours() {
    let (_, keys) = one_key();
    let answer = ask(
        &layer(keys),
        with_header("authorization", "Bearer eyJ.e30.x"),
    )
    .await;
    assert!(answer.user.is_none() && answer.denial.is_none());
}

#[tokio::test]
async fn no_key_is_nobody() {
    let (_, keys) = one_key();
    let answer = ask(&layer(keys.clone()), Request::new(String::new())).await;
    assert!(answer.user.is_none() && answer.denial.is_none());

    let required = layer(keys).required();
    let answer = ask(&required, Request::new(String::new())).await;
    assert_eq!(answer.code(), (401, "unauthenticated"));
    assert_eq!(answer.challenges, ["ApiKey"]);
}

#[tokio::test]
async fn the_challenge_names_the_realm() {
    let (_, keys) = one_key();
    let scheme = ApiKeys::new(keys).realm("the \"north\" wing\r\n");
    let layer = AuthnLayer::new().scheme(scheme).required();
    let answer = ask(&layer, Request::new(String::new())).await;
    assert_eq!(answer.challenges, [r#"ApiKey realm="the \"north\" wing""#]);
}

#[tokio::test]
async fn ac_k3_nothing_that_is_kept_is_a_usable_key() {
    let (key, keys) = one_key();
    let kept = format!("{keys:?} {:?}", keys.records());
    let secret = &key.expose()["sk_".len() + 12..];
    assert!(!kept.contains(secret) && !kept.contains(&key.digest().to_hex()));
    // The digest is in the store's memory; it opens nothing.
    let answer = ask(
        &layer(keys.clone()),
        with_header("x-api-key", key.digest().to_hex()),
    )
    .await;
    assert_eq!(answer.code(), (401, "invalid_api_key"));
    let as_classic = format!("sk_{}", key.digest().to_hex());
    let answer = ask(&layer(keys), with_header("x-api-key", as_classic)).await;
    assert_eq!(answer.code(), (401, "invalid_api_key"));
}

#[test]
fn ac_k3_debug_redacts() {
    let key = new_key();
    assert_eq!(format!("{key:?}"), "ApiKey(redacted)");
    assert_eq!(format!("{:?}", key.digest()), "KeyDigest(redacted)");
}

#[tokio::test]
async fn ac_k7_a_key_that_does_not_reach_so_far() {
    let (key, keys) = (new_key(), MemoryKeys::new());
    let read: Scopes = "read".parse().unwrap();
    keys.insert(KeyRecord::for_key(&key, owner("alice")).with_scopes(Some(read)));
    let layer = layer(keys);
    let answer = ask_guarded(&layer, scope("write"), presenting(&key)).await;
    assert_eq!(answer.code(), (403, "insufficient_scope"));
    assert_eq!(
        answer.challenges,
        [r#"Bearer error="insufficient_scope", scope="write""#]
    );
    let answer = ask_guarded(&layer, scope("read"), presenting(&key)).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn ac_k8_no_scopes_are_all_that_the_owner_may() {
    let user = user_with(None).await;
    assert_eq!(user.scopes(), None);
    assert!(user.allows("read") && user.allows("anything"));
    assert!(user.may("read") && user.may("write"));
    assert!(!user.may("delete"), "the owner may not");
}

#[tokio::test]
async fn ac_k8_an_empty_list_of_scopes_is_nothing() {
    let user = user_with(Some(Scopes::none())).await;
    assert!(user.scopes().is_some_and(Scopes::is_empty));
    assert!(!user.allows("read") && !user.may("read"));

    let (key, keys) = (new_key(), MemoryKeys::new());
    let record = KeyRecord::for_key(&key, owner("alice")).with_scopes(Some(Scopes::none()));
    keys.insert(record);
    let answer = ask_guarded(&layer(keys), permission("read"), presenting(&key)).await;
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn ac_k8_admin_reaches_everything_and_write_does_not_include_read() {
    let admin = user_with(Some("admin".parse().unwrap())).await;
    assert!(admin.allows("write") && admin.may("write"));
    assert!(!admin.may("delete"), "never more than the owner");

    let write = user_with(Some("write".parse().unwrap())).await;
    assert!(write.may("write") && !write.may("read"));
    assert!(!write.allows("admin") && !write.allows("*"));
}

#[tokio::test]
async fn ac_k8_the_application_may_have_a_table_of_its_own() {
    let (key, keys) = (new_key(), MemoryKeys::new());
    let scopes: Scopes = "write".parse().unwrap();
    keys.insert(KeyRecord::for_key(&key, owner("alice")).with_scopes(Some(scopes)));
    let map = ScopeMap::new().scope("write", ["write", "read"]);
    let layer = AuthnLayer::new().scheme(ApiKeys::new(keys).scope_map(map));
    let answer = ask(&layer, presenting(&key)).await;
    assert!(answer.user().may("read") && answer.user().may("write"));
}

#[tokio::test]
async fn a_restriction_that_the_store_put_on_the_owner_stays() {
    let (key, keys) = (new_key(), MemoryKeys::new());
    let restricted = owner("alice").scopes(Some("read".parse().unwrap()));
    keys.insert(KeyRecord::for_key(&key, restricted));
    let answer = ask(&layer(keys), presenting(&key)).await;
    assert!(answer.user().may("read") && !answer.user().may("write"));
}

#[tokio::test]
async fn the_scheme_is_apikey_however_the_store_described_the_owner() {
    let (key, keys) = (new_key(), MemoryKeys::new());
    let owner = AuthUser::builder(SchemeName::SESSION, "alice");
    keys.insert(KeyRecord::for_key(&key, owner));
    let answer = ask(&layer(keys), presenting(&key)).await;
    assert_eq!(*answer.user().scheme(), SchemeName::API_KEY);
}

#[tokio::test]
async fn ac_k5_a_key_ends_at_its_last_moment() {
    let clock = ManualClock::new();
    let (key, keys) = (new_key(), MemoryKeys::new());
    let expires_at = clock.now().saturating_add(Duration::from_secs(60));
    keys.insert(KeyRecord::for_key(&key, owner("alice")).with_expires_at(Some(expires_at)));
    let layer = AuthnLayer::new().scheme(ApiKeys::new(keys).clock(clock.shared()));

    let answer = ask(&layer, presenting(&key)).await;
    assert_eq!(answer.user().expires_at(), Some(expires_at));
    clock.advance(Duration::from_millis(59_999));
    assert_eq!(ask(&layer, presenting(&key)).await.status, 200);
    clock.advance(Duration::from_millis(1));
    let answer = ask(&layer, presenting(&key)).await;
    assert_eq!(answer.code(), (401, "invalid_api_key"));
}

#[tokio::test]
async fn ac_k5_without_a_cache_every_change_counts_at_once() {
    let (key, keys) = one_key();
    let layer = layer(keys.clone());
    let id = id_of(&key);
    assert_eq!(ask(&layer, presenting(&key)).await.status, 200);
    assert!(keys.set_disabled(&id, true));
    assert_eq!(ask(&layer, presenting(&key)).await.status, 401);
    assert!(keys.set_disabled(&id, false));
    assert_eq!(ask(&layer, presenting(&key)).await.status, 200);
    assert!(keys.remove(&id));
    assert_eq!(ask(&layer, presenting(&key)).await.status, 401);
    assert!(!keys.remove(&id) && !keys.set_disabled(&id, true));
}

#[tokio::test]
async fn a_closure_is_enough() {
    let key = new_key();
    let digest = key.digest();
    let scheme = ApiKeys::validate(move |key: ApiKey| async move {
        Ok((key.digest() == digest).then(|| AuthUser::builder(SchemeName::JWT, "bob").build()))
    });
    let layer = AuthnLayer::new().scheme(scheme);
    let answer = ask(&layer, presenting(&key)).await;
    assert_eq!(answer.user().id(), "bob");
    assert_eq!(*answer.user().scheme(), SchemeName::API_KEY);
    let answer = ask(&layer, presenting(&new_key())).await;
    assert_eq!(answer.code(), (401, "invalid_api_key"));
    assert_eq!(answer.challenges, ["ApiKey"]);
}

#[tokio::test]
async fn a_closure_may_refuse_as_it_likes_and_is_held_to_expiry() {
    let down = ApiKeys::validate(|_| async { Err(Denial::unavailable()) });
    let answer = ask(&AuthnLayer::new().scheme(down), presenting(&new_key())).await;
    assert_eq!(answer.code(), (503, "unavailable"));

    let clock = ManualClock::new();
    let now = clock.now();
    let expired = ApiKeys::validate(move |_| async move {
        let user = AuthUser::builder(SchemeName::API_KEY, "bob").expires_at(now);
        Ok(Some(user.build()))
    });
    let layer = AuthnLayer::new().scheme(expired.clock(clock.shared()));
    let answer = ask(&layer, presenting(&new_key())).await;
    assert_eq!(answer.code(), (401, "invalid_api_key"));
}

#[tokio::test]
async fn keys_of_another_system_only_if_asked_for() {
    let keys = MemoryKeys::new();
    let legacy = "legacy-0123456789";
    keys.insert(KeyRecord::new("k1", KeyDigest::of(legacy), owner("alice")));
    let request = || with_header("x-api-key", legacy);
    let answer = ask(&layer(keys.clone()), request()).await;
    assert_eq!(answer.code(), (401, "invalid_api_key"));

    let lenient = AuthnLayer::new().scheme(ApiKeys::new(keys).with_foreign_keys());
    let answer = ask(&lenient, request()).await;
    assert_eq!(answer.user().credential_id(), Some("k1"));
}

#[tokio::test]
async fn a_mistyped_key_is_never_taken_for_a_foreign_one() {
    let key = new_key();
    let mistyped = mistyped(&key);
    let store = Counting::default();
    store.keys.insert(KeyRecord::new(
        "k1",
        KeyDigest::of(&mistyped),
        owner("alice"),
    ));
    let layer = AuthnLayer::new().scheme(ApiKeys::new(store.clone()).with_foreign_keys());
    let long = "l".repeat(1025);
    for text in [mistyped.as_str(), "two words", "", long.as_str()] {
        let answer = ask(&layer, with_header("x-api-key", text)).await;
        assert_eq!(answer.code(), (401, "invalid_api_key"), "{text}");
    }
    assert_eq!(store.asked(), 0);
}

#[tokio::test]
async fn a_closure_is_given_foreign_keys_as_they_are() {
    let scheme = ApiKeys::validate(|key: ApiKey| async move {
        assert_eq!((key.format(), key.prefix(), key.start()), (None, "", ""));
        let user = AuthUser::builder(SchemeName::API_KEY, key.expose());
        Ok(Some(user.build()))
    });
    let layer = AuthnLayer::new().scheme(scheme.with_foreign_keys());
    let answer = ask(&layer, with_header("x-api-key", "legacy")).await;
    assert_eq!(answer.user().id(), "legacy");
}

#[tokio::test]
async fn prefixes_of_ones_own() {
    let keys = MemoryKeys::new();
    let key = ApiKey::generate(&KeyPrefix::from_static("acme")).unwrap();
    keys.insert(KeyRecord::for_key(&key, owner("alice")));
    assert_eq!(
        ask(&layer(keys.clone()), presenting(&key)).await.status,
        401
    );
    let scheme = ApiKeys::new(keys).prefixes([KeyPrefix::from_static("acme")]);
    let layer = AuthnLayer::new().scheme(scheme);
    assert_eq!(ask(&layer, presenting(&key)).await.user().id(), "alice");
}
