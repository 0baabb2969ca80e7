//! Verified tokens that are kept: never longer, and for nobody else, than verifying anew would allow.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use portcullis_core::{AuthUser, Clock as _};
use portcullis_jwt::{
    Algorithm, Grant, Issuer, KeySet, KeySource, Purpose, Revocations, SigningKey, TokenErrorKind,
    Verifier, VerifierBuilder,
};
use portcullis_testkit::ManualClock;
use serde_json::json;
use support::{clock, refusal};

/// A source that counts how often it is asked for keys: a token from the cache needs none.
#[derive(Debug)]
struct Counted {
    set: KeySet,
    asked: Arc<AtomicUsize>,
    epoch: Arc<AtomicU64>,
}

impl KeySource for Counted {
    fn current(&self) -> KeySet {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.set.clone()
    }

    fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Relaxed)
    }
}

struct Setup {
    clock: ManualClock,
    issuer: Issuer,
    set: KeySet,
    asked: Arc<AtomicUsize>,
    epoch: Arc<AtomicU64>,
}

impl Setup {
    fn new(algorithm: Algorithm) -> Self {
        let clock = clock();
        let key = SigningKey::generate(algorithm).unwrap();
        Self {
            issuer: Issuer::new(key.clone()).clock(clock.shared()),
            clock,
            set: key.verifying_key().clone().into(),
            asked: Arc::default(),
            epoch: Arc::default(),
        }
    }

    fn builder(&self) -> VerifierBuilder {
        let keys = Counted {
            set: self.set.clone(),
            asked: self.asked.clone(),
            epoch: self.epoch.clone(),
        };
        Verifier::builder(keys).clock(self.clock.shared())
    }

    fn token(&self, user: &str) -> String {
        self.issuer
            .issue(&Grant::access(user))
            .unwrap()
            .into_string()
    }

    /// How often the keys were asked for since the last call: how many tokens were verified anew.
    fn verified_anew(&self) -> usize {
        self.asked.swap(0, Ordering::Relaxed)
    }
}

fn is_same(a: &AuthUser, b: &AuthUser) -> bool {
    std::ptr::eq(a.id(), b.id())
}

#[test]
fn a_token_seen_before_is_not_verified_again() {
    let setup = Setup::new(Algorithm::Es256);
    let verifier = setup.builder().build();
    let token = setup.token("alice");
    let first = verifier.verify(&token).unwrap();
    let second = verifier.verify(&token).unwrap();
    assert!(is_same(&first, &second), "one reference count, no copy");
    assert_eq!(setup.verified_anew(), 1);
    assert_eq!(verifier.verify(&setup.token("bob")).unwrap().id(), "bob");
}

#[test]
fn secrets_are_cached_only_if_said() {
    let setup = Setup::new(Algorithm::Hs256);
    let token = setup.token("alice");
    for (verifier, anew) in [
        (setup.builder().build(), 3),
        (setup.builder().cache_symmetric().build(), 1),
    ] {
        for _ in 0..3 {
            verifier.verify(&token).unwrap();
        }
        assert_eq!(setup.verified_anew(), anew);
    }
    let without = Setup::new(Algorithm::Es256);
    let verifier = without.builder().without_cache().build();
    let token = without.token("alice");
    for _ in 0..3 {
        verifier.verify(&token).unwrap();
    }
    assert_eq!(without.verified_anew(), 3);
}

#[test]
fn a_hot_token_still_expires() {
    let setup = Setup::new(Algorithm::EdDsa);
    let verifier = setup.builder().build();
    let grant = Grant::access("alice").expires_in(Duration::from_secs(100));
    let token = setup.issuer.issue(&grant).unwrap().into_string();
    for _ in 0..159 {
        assert!(verifier.verify(&token).is_ok());
        setup.clock.advance(Duration::from_secs(1));
    }
    assert!(
        verifier.verify(&token).is_ok(),
        "the last second of the leeway"
    );
    assert_eq!(setup.verified_anew(), 1);
    setup.clock.advance(Duration::from_secs(1));
    assert_eq!(refusal(&verifier, &token), TokenErrorKind::Expired);
}

#[test]
fn a_clock_that_is_set_back_makes_a_hot_token_early() {
    let setup = Setup::new(Algorithm::EdDsa);
    let verifier = setup.builder().build();
    let token = setup.token("alice");
    verifier.verify(&token).unwrap();
    setup
        .clock
        .set(setup.clock.now().saturating_sub(Duration::from_secs(61)));
    assert_eq!(refusal(&verifier, &token), TokenErrorKind::NotYetValid);
}

#[test]
fn a_hot_token_is_revoked_at_once() {
    let setup = Setup::new(Algorithm::EdDsa);
    let revocations = Revocations::with(Duration::from_secs(900), 100, setup.clock.shared());
    let verifier = setup.builder().revocations(revocations.clone()).build();
    let token = setup
        .issuer
        .issue(&Grant::access("alice").session("s1"))
        .unwrap()
        .into_string();
    verifier.verify(&token).unwrap();
    verifier.verify(&token).unwrap();
    assert_eq!(setup.verified_anew(), 1);
    revocations.revoke_session("s1");
    assert_eq!(refusal(&verifier, &token), TokenErrorKind::Revoked);
    assert_eq!(
        setup.verified_anew(),
        0,
        "it was the kept one that was refused"
    );
}

#[test]
fn a_change_of_keys_empties_it() {
    let setup = Setup::new(Algorithm::EdDsa);
    let verifier = setup.builder().build();
    let token = setup.token("alice");
    for epoch in 0..5 {
        setup.epoch.store(epoch, Ordering::Relaxed);
        verifier.verify(&token).unwrap();
        verifier.verify(&token).unwrap();
        assert_eq!(setup.verified_anew(), 1, "epoch {epoch}");
    }
}

#[test]
fn nothing_is_kept_for_longer_than_was_said() {
    let setup = Setup::new(Algorithm::EdDsa);
    let verifier = setup.builder().cache_for(Duration::from_secs(10)).build();
    let token = setup.token("alice");
    verifier.verify(&token).unwrap();
    setup.clock.advance(Duration::from_secs(10));
    verifier.verify(&token).unwrap();
    assert_eq!(setup.verified_anew(), 1);
    setup.clock.advance(Duration::from_secs(1));
    verifier.verify(&token).unwrap();
    assert_eq!(setup.verified_anew(), 1);
}

#[test]
fn failures_are_not_kept() {
    let setup = Setup::new(Algorithm::Es256);
    let verifier = setup.builder().build();
    let token = setup.token("alice");
    let (message, signature) = token.rsplit_once('.').unwrap();
    let forged = format!(
        "{message}.{}{}",
        if signature.starts_with('A') { 'B' } else { 'A' },
        &signature[1..]
    );
    for _ in 0..3 {
        assert_eq!(refusal(&verifier, &forged), TokenErrorKind::BadSignature);
        assert!(verifier.verify(&token).is_ok());
    }
    assert_eq!(setup.verified_anew(), 4);
}

#[test]
fn no_two_verifiers_share_one() {
    let setup = Setup::new(Algorithm::Es256);
    let notes = setup.builder().audience("notes").build();
    let photos = setup.builder().audience("photos").build();
    let token = setup
        .issuer
        .issue(&Grant::access("alice").audience(["notes"]))
        .unwrap();
    assert!(notes.verify(token.as_str()).is_ok());
    assert_eq!(
        refusal(&photos, token.as_str()),
        TokenErrorKind::WrongAudience
    );
}

#[test]
fn tokens_that_are_used_once_are_not_kept() {
    let setup = Setup::new(Algorithm::Es256);
    let verifier = setup.builder().purpose(Purpose::Reset).build();
    let token = setup
        .issuer
        .issue(&Grant::new(Purpose::Reset, "alice"))
        .unwrap();
    for _ in 0..3 {
        verifier.verify(token.as_str()).unwrap();
    }
    assert_eq!(setup.verified_anew(), 3);
}

/// Many more tokens than there is room for: all are judged rightly, and hot ones stay.
#[test]
fn it_is_bounded_by_entries() {
    let setup = Setup::new(Algorithm::Hs256);
    let verifier = setup.builder().cache_symmetric().cache(64, 1 << 20).build();
    let tokens: Vec<String> = (0..1000)
        .map(|n| setup.token(&format!("user {n}")))
        .collect();
    for (n, token) in tokens.iter().enumerate() {
        assert_eq!(verifier.verify(token).unwrap().id(), format!("user {n}"));
    }
    setup.verified_anew();
    for token in &tokens {
        verifier.verify(token).unwrap();
    }
    assert!(
        setup.verified_anew() >= 1000 - 64,
        "at most 64 can have been kept"
    );
}

#[test]
fn it_is_bounded_by_bytes() {
    let setup = Setup::new(Algorithm::Hs256);
    let verifier = setup
        .builder()
        .cache_symmetric()
        .cache(1024, 64 * 1024)
        .build();
    let big = json!({"pad": "x".repeat(4000)});
    let tokens: Vec<String> = (0..100)
        .map(|n| {
            setup
                .issuer
                .issue_with(&Grant::access(format!("user {n}")), &big)
                .unwrap()
                .into_string()
        })
        .collect();
    for _ in 0..2 {
        setup.verified_anew();
        for (n, token) in tokens.iter().enumerate() {
            assert_eq!(verifier.verify(token).unwrap().id(), format!("user {n}"));
        }
    }
    // Each takes about 10 KiB.
    assert!(setup.verified_anew() >= 100 - 7, "at most six or seven fit");
    let small = setup.builder().cache_symmetric().cache(1024, 100).build();
    for _ in 0..2 {
        small.verify(&tokens[0]).unwrap();
    }
}

#[test]
fn many_threads_read_and_write_it() {
    let setup = Setup::new(Algorithm::Hs256);
    let verifier = setup.builder().cache_symmetric().cache(32, 1 << 20).build();
    let tokens: Vec<String> = (0..200)
        .map(|n| setup.token(&format!("user {n}")))
        .collect();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (verifier, tokens) = (&verifier, &tokens);
            scope.spawn(move || {
                for round in 0..2000 {
                    let n = (round * (thread + 1)) % tokens.len();
                    assert_eq!(
                        verifier.verify(&tokens[n]).unwrap().id(),
                        format!("user {n}")
                    );
                }
            });
        }
    });
}
