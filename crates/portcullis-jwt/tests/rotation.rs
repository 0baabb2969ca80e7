//! Keys that change while they are in use.

mod support;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use portcullis_core::Clock as _;
use portcullis_jwt::{
    Algorithm, Grant, HmacKey, Issuer, KeyErrorKind, KeyRing, KeySource, SigningKey,
    TokenErrorKind, Verifier, VerifyingKey,
};
use support::{clock, hmac_key, refusal};

fn key(name: &str) -> SigningKey {
    SigningKey::generate(Algorithm::EdDsa)
        .unwrap()
        .with_kid(name)
}

const OVERLAP: Duration = Duration::from_secs(900);

#[test]
fn a_retired_key_verifies_until_its_time() {
    let clock = clock();
    let ring = KeyRing::with_clock(key("a"), clock.shared());
    let issuer = Issuer::new(ring.clone())
        .clock(clock.shared())
        .expires_in(Duration::from_secs(86_400));
    let verifier = Verifier::builder(ring.clone())
        .clock(clock.shared())
        .build();
    let old = issuer.issue(&Grant::access("alice")).unwrap();
    assert!(verifier.verify(old.as_str()).is_ok());

    ring.rotate(key("b"), OVERLAP).unwrap();
    let new = issuer.issue(&Grant::access("alice")).unwrap();
    clock.advance(OVERLAP - Duration::from_secs(1));
    assert!(verifier.verify(old.as_str()).is_ok() && verifier.verify(new.as_str()).is_ok());
    assert!(ring.to_jwks().contains("\"a\""));
    clock.advance(Duration::from_secs(1));
    assert_eq!(
        refusal(&verifier, old.as_str()),
        TokenErrorKind::Expired,
        "kept by the cache, and cut off there"
    );
    let uncached = Verifier::builder(ring.clone())
        .clock(clock.shared())
        .without_cache()
        .build();
    assert_eq!(refusal(&uncached, old.as_str()), TokenErrorKind::UnknownKey);
    assert!(verifier.verify(new.as_str()).is_ok());
    assert!(!ring.to_jwks().contains("\"a\""), "it is published no more");
}

#[test]
fn the_next_key_is_published_before_it_signs() {
    let ring = KeyRing::new(key("a"));
    let next = key("b");
    ring.announce(next.clone()).unwrap();
    assert!(ring.to_jwks().contains("\"b\""));
    assert_eq!(ring.signing_key().kid(), Some("a"));
    let early = Issuer::new(next.clone())
        .issue(&Grant::access("alice"))
        .unwrap();
    assert!(
        Verifier::builder(ring.clone())
            .build()
            .verify(early.as_str())
            .is_ok()
    );
    ring.rotate(next, OVERLAP).unwrap();
    assert_eq!(ring.signing_key().kid(), Some("b"));
    assert_eq!(ring.current().len(), 2);
}

#[test]
fn a_stolen_key_is_forgotten_at_once() {
    let ring = KeyRing::new(key("a"));
    let verifier = Verifier::builder(ring.clone()).build();
    let token = Issuer::new(ring.clone())
        .issue(&Grant::access("alice"))
        .unwrap();
    assert_eq!(
        ring.forget("a").unwrap_err().kind(),
        KeyErrorKind::Unsuitable,
        "it signs"
    );
    ring.rotate(key("b"), OVERLAP).unwrap();
    assert!(
        verifier.verify(token.as_str()).is_ok(),
        "and it is in the cache"
    );
    assert!(ring.forget("a").unwrap());
    assert_eq!(
        refusal(&verifier, token.as_str()),
        TokenErrorKind::UnknownKey
    );
    assert!(!ring.forget("a").unwrap());
}

#[test]
fn a_key_of_an_earlier_run_verifies() {
    let clock = clock();
    let earlier = key("before");
    let token = Issuer::new(earlier.clone())
        .clock(clock.shared())
        .issue(&Grant::access("alice"))
        .unwrap();
    let ring = KeyRing::with_clock(key("now"), clock.shared());
    let until = clock.now().saturating_add(OVERLAP);
    ring.retire(earlier.verifying_key().clone(), until).unwrap();
    let verifier = Verifier::builder(ring).clock(clock.shared()).build();
    assert!(verifier.verify(token.as_str()).is_ok());
}

#[test]
fn keys_that_do_not_fit_change_nothing() {
    let ring = KeyRing::new(key("a"));
    let secret = SigningKey::hs256(&hmac_key()).with_kid("s");
    assert_eq!(
        ring.rotate(secret.clone(), OVERLAP).unwrap_err().kind(),
        KeyErrorKind::WrongKind
    );
    assert_eq!(
        ring.announce(secret).unwrap_err().kind(),
        KeyErrorKind::WrongKind
    );
    assert_eq!(
        ring.announce(key("a")).unwrap_err().kind(),
        KeyErrorKind::DuplicateKid
    );
    assert_eq!(
        (ring.signing_key().kid(), ring.current().len(), ring.epoch()),
        (Some("a"), 1, 1)
    );
    let nameless = KeyRing::new(SigningKey::hs256(&hmac_key()));
    let error = nameless
        .rotate(SigningKey::hs256(&HmacKey::generate().unwrap()), OVERLAP)
        .unwrap_err();
    assert_eq!(
        error.kind(),
        KeyErrorKind::Unsuitable,
        "two secrets need names"
    );
}

#[test]
fn secrets_rotate_and_are_never_published() {
    let secret = |name: &str| SigningKey::hs256(&HmacKey::generate().unwrap()).with_kid(name);
    let ring = KeyRing::new(secret("a"));
    let token = Issuer::new(ring.clone())
        .issue(&Grant::access("alice"))
        .unwrap();
    ring.rotate(secret("b"), OVERLAP).unwrap();
    assert!(
        Verifier::builder(ring.clone())
            .build()
            .verify(token.as_str())
            .is_ok()
    );
    assert_eq!(ring.to_jwks(), r#"{"keys":[]}"#);
    assert!(
        ring.current()
            .get("a")
            .is_some_and(|key| !key.is_live(clock().now()) || key.until().is_some())
    );
}

/// Readers, while the keys rotate two hundred times, never see an error for a token whose key is live.
#[test]
fn rotation_under_load_refuses_nobody() {
    const READERS: usize = 4;
    let secret =
        |n: usize| SigningKey::hs256(&HmacKey::generate().unwrap()).with_kid(format!("k{n}"));
    let ring = KeyRing::new(secret(0));
    let issuer = Issuer::new(ring.clone());
    let verifier = Verifier::builder(ring.clone()).cache_symmetric().build();
    let start = Arc::new(Barrier::new(READERS + 1));
    let done = Arc::new(AtomicBool::new(false));
    let verified = Arc::new(AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..READERS {
            let (issuer, verifier) = (issuer.clone(), verifier.clone());
            let (start, done, verified) = (start.clone(), done.clone(), verified.clone());
            scope.spawn(move || {
                start.wait();
                let mut kept: Vec<String> = Vec::new();
                while !done.load(Ordering::Relaxed) {
                    kept.push(issuer.issue(&Grant::access("alice")).unwrap().into_string());
                    for token in kept.iter().rev().take(8) {
                        verifier.verify(token).unwrap();
                        verified.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        start.wait();
        for n in 1..=200 {
            // Each key stays for a minute, which is longer than this test takes.
            ring.rotate(secret(n), Duration::from_secs(60)).unwrap();
            std::thread::yield_now();
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(verified.load(Ordering::Relaxed) >= READERS);
    assert_eq!(ring.epoch(), 201);
}

#[test]
fn an_unknown_kid_of_a_fixed_set_is_refused_at_once() {
    let set = portcullis_jwt::KeySet::from(VerifyingKey::hs256(&hmac_key()));
    assert!(set.refresh_for_unknown_kid(Some("x")).is_none());
}
