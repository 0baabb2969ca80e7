//! Keys that change while they are in use.

mod support;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use portcullis_core::Clock as _;
use portcullis_jwt::{
    Algorithm, Grant, HmacKey, IssueErrorKind, Issuer, KeyErrorKind, KeyRing, KeySource,
    ScheduledKey, SigningKey, TokenErrorKind, Verifier, VerifyingKey,
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
    assert_eq!(ring.signing_key().unwrap().kid(), Some("a"));
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
    assert_eq!(ring.signing_key().unwrap().kid(), Some("b"));
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
        (
            ring.signing_key().unwrap().kid(),
            ring.current().len(),
            ring.epoch()
        ),
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

/// Two rings with one schedule, as on two nodes, and nobody who tells them anything.
#[test]
fn a_schedule_is_kept_by_the_clock_alone() {
    let clock = clock();
    let now = clock.now();
    let (first, second, third) = (key("a"), key("b"), key("c"));
    let hour = Duration::from_secs(3600);
    let at = |hours| now.saturating_add(hours * hour);
    let schedule = || {
        [
            ScheduledKey::new(third.clone(), at(2)),
            ScheduledKey::new(first.clone(), at(0))
                .with_verifies_until(at(1).saturating_add(OVERLAP)),
            ScheduledKey::new(second.clone(), at(1))
                .with_verifies_until(at(2).saturating_add(OVERLAP)),
        ]
    };
    let rings = [(); 2].map(|()| KeyRing::empty_with_clock(clock.shared()));
    for ring in &rings {
        assert!(ring.signing_key().is_none() && ring.current().is_empty());
        ring.schedule(schedule()).unwrap();
    }
    let [issuer, other] = rings.clone().map(|ring| {
        let issuer = Issuer::new(ring).clock(clock.shared());
        issuer.expires_in(OVERLAP)
    });
    let verifiers = rings
        .clone()
        .map(|ring| Verifier::builder(ring).clock(clock.shared()).build());
    let published = |name: &str| rings[0].to_jwks().contains(&format!("\"{name}\""));
    for (name, gone) in [("a", None), ("b", Some("a")), ("c", Some("b"))] {
        clock.advance(Duration::from_millis(1));
        for issuer in [&issuer, &other] {
            assert_eq!(issuer.ring().signing_key().unwrap().kid(), Some(name));
            let token = issuer.issue(&Grant::access("alice")).unwrap();
            clock.advance(OVERLAP - Duration::from_millis(2));
            for verifier in &verifiers {
                assert!(verifier.verify(token.as_str()).is_ok(), "{name}");
            }
            clock.advance(Duration::from_millis(2));
        }
        assert!(gone.is_none_or(|gone| !published(gone)), "{gone:?} is dead");
        assert!(published(name));
        let next_hour = hour - 2 * OVERLAP - Duration::from_millis(1);
        clock.advance(next_hour);
    }
}

/// The clock of the machine that made it was ahead.
#[test]
fn the_only_key_signs_before_its_time() {
    let clock = clock();
    let soon = clock.now().saturating_add(Duration::from_secs(60));
    let ring = KeyRing::empty_with_clock(clock.shared());
    ring.schedule([ScheduledKey::new(key("a"), soon)]).unwrap();
    assert_eq!(ring.signing_key().unwrap().kid(), Some("a"));
    let later = soon.saturating_add(OVERLAP);
    let (a, b) = (key("a"), key("b"));
    ring.schedule([ScheduledKey::new(b, later), ScheduledKey::new(a, soon)])
        .unwrap();
    assert_eq!(ring.signing_key().unwrap().kid(), Some("a"));
}

#[test]
fn a_schedule_takes_the_place_of_all_keys_or_changes_nothing() {
    let clock = clock();
    let ring = KeyRing::with_clock(key("a"), clock.shared());
    let issuer = Issuer::new(ring.clone()).clock(clock.shared());
    let verifier = Verifier::builder(ring.clone())
        .clock(clock.shared())
        .build();
    let token = issuer.issue(&Grant::access("alice")).unwrap();
    assert!(verifier.verify(token.as_str()).is_ok(), "now it is cached");
    let now = clock.now();
    let twice = [(); 2].map(|()| ScheduledKey::new(key("b"), now));
    let error = ring.schedule(twice).unwrap_err();
    assert_eq!(error.kind(), KeyErrorKind::DuplicateKid);
    assert!(verifier.verify(token.as_str()).is_ok());

    ring.schedule([ScheduledKey::new(key("b"), now)]).unwrap();
    assert_eq!(
        refusal(&verifier, token.as_str()),
        TokenErrorKind::UnknownKey
    );
    ring.schedule([]).unwrap();
    assert!(ring.signing_key().is_none() && ring.current().is_empty());
    let error = issuer.issue(&Grant::access("alice")).unwrap_err();
    assert_eq!(error.kind(), IssueErrorKind::Unavailable);
}

/// v5.0.0-11.1.1: what is kept elsewhere comes back as the same key.
#[test]
fn a_private_key_leaves_and_comes_back() {
    for algorithm in [
        Algorithm::EdDsa,
        Algorithm::Es256,
        Algorithm::Es384,
        Algorithm::Rs256,
    ] {
        let key = SigningKey::generate(algorithm).unwrap();
        let der = key.to_private_der().unwrap();
        let again = SigningKey::from_der(algorithm, &*der).unwrap();
        assert_eq!(again.kid(), key.kid(), "{algorithm}");
        let token = Issuer::new(again).issue(&Grant::access("alice")).unwrap();
        let verifier = Verifier::for_key(key.verifying_key().clone()).build();
        assert!(verifier.verify(token.as_str()).is_ok(), "{algorithm}");
    }
    assert!(SigningKey::hs256(&hmac_key()).to_private_der().is_none());
}
