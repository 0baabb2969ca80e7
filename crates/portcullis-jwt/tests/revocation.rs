//! Tokens that are taken back: AC-J9.

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use portcullis_core::{Clock as _, Timestamp};
use portcullis_jwt::{
    Grant, Issuer, Revocation, Revocations, SigningKey, TokenErrorKind, Verifier, VerifyingKey,
};
use portcullis_testkit::ManualClock;
use serde_json::json;
use support::{START, claims, clock, hmac_key, refusal, signed, with, without};

const LIFE: Duration = Duration::from_secs(900);
/// Twice the most leeway that a verifier can have.
const MARGIN: Duration = Duration::from_secs(600);

fn setup() -> (ManualClock, Revocations, [Verifier; 2]) {
    let clock = clock();
    let revocations = Revocations::with(LIFE, 1000, clock.shared());
    let builder = || {
        Verifier::for_key(VerifyingKey::hs256(&hmac_key()))
            .clock(clock.shared())
            .revocations(revocations.clone())
    };
    let verifiers = [builder().build(), builder().cache_symmetric().build()];
    (clock, revocations, verifiers)
}

fn alice() -> String {
    let mut claims = with("jti", "t1");
    claims["sid"] = "s1".into();
    signed(&claims)
}

fn second(second: i64) -> Timestamp {
    Timestamp::from_unix_seconds(START + second)
}

/// Each way to take a token back, at once, whether or not it was verified and kept before.
#[test]
fn ac_j9_a_revoked_token_is_refused() {
    let ways: [&dyn Fn(&Revocations); 4] = [
        &|revocations| revocations.revoke_token("t1"),
        &|revocations| revocations.revoke_session("s1"),
        &|revocations| revocations.revoke_user("users", "alice", second(1)),
        &|revocations| revocations.revoke_everything(second(1)),
    ];
    for revoke in ways {
        let (_, revocations, verifiers) = setup();
        for verifier in &verifiers {
            assert!(verifier.verify(&alice()).is_ok());
            assert!(verifier.verify(&alice()).is_ok());
        }
        revoke(&revocations);
        for verifier in &verifiers {
            assert_eq!(refusal(verifier, &alice()), TokenErrorKind::Revoked);
            assert!(verifier.decode::<serde_json::Value>(&alice()).is_err());
        }
    }
}

#[test]
fn ac_j9_others_are_left_alone() {
    let (_, revocations, verifiers) = setup();
    revocations.revoke_token("t2");
    revocations.revoke_session("t1");
    revocations.revoke_session("alice");
    revocations.revoke_token("s1");
    revocations.revoke_user("users", "bob", second(1000));
    revocations.revoke_user("admins", "alice", second(1000));
    revocations.revoke_user("users", "alice", second(0));
    revocations.revoke_everything(second(0));
    for verifier in &verifiers {
        assert!(verifier.verify(&alice()).is_ok());
        assert!(
            verifier.verify(&signed(&claims())).is_ok(),
            "without jti and sid"
        );
    }
}

/// The moment counts to the millisecond, a token's `iat` as it is written.
#[test]
fn ac_j9_issued_before_is_a_strict_comparison() {
    let (clock, revocations, [verifier, _]) = setup();
    clock.advance(Duration::from_secs(100));
    revocations.revoke_user("users", "alice", second(50));
    for (iat, good) in [
        (json!(START + 49), false),
        (json!(49.999 + START as f64), false),
        (json!(START + 50), true),
        (json!(START + 51), true),
    ] {
        let verified = verifier.verify(&signed(&with("iat", iat.clone())));
        assert_eq!(verified.is_ok(), good, "{iat}");
    }
    // An older mark does not lower it.
    revocations.revoke_user("users", "alice", second(10));
    assert_eq!(
        refusal(&verifier, &signed(&with("iat", START + 20))),
        TokenErrorKind::Revoked
    );
}

#[test]
fn ac_j9_iat_is_required_where_tokens_can_be_revoked() {
    let (_, _, [verifier, _]) = setup();
    assert_eq!(
        refusal(&verifier, &signed(&without("iat"))),
        TokenErrorKind::MissingClaim
    );
}

/// Nobody remembers a revocation for ever, so no token may live for ever either.
#[test]
fn ac_j9_a_token_outlives_no_revocation() {
    let (clock, revocations, verifiers) = setup();
    let mut long = with("exp", START + 1_000_000);
    long["sid"] = "s1".into();
    let long = signed(&long);
    revocations.revoke_session("s1");
    assert_eq!(refusal(&verifiers[0], &long), TokenErrorKind::Revoked);
    clock.advance(LIFE + Duration::from_secs(59));
    assert_eq!(refusal(&verifiers[0], &long), TokenErrorKind::Revoked);
    clock.advance(Duration::from_secs(1));
    assert_eq!(
        refusal(&verifiers[0], &long),
        TokenErrorKind::Expired,
        "900 s after it was issued, and the leeway"
    );
    clock.advance(MARGIN);
    assert!(revocations.is_empty(), "and now it can be forgotten");
    assert_eq!(refusal(&verifiers[0], &long), TokenErrorKind::Expired);
}

#[test]
fn entries_are_forgotten_in_time() {
    let (clock, revocations, _) = setup();
    for n in 0..500 {
        revocations.revoke_token(format!("t{n}"));
        clock.advance(Duration::from_secs(1));
    }
    assert_eq!(revocations.len(), 500);
    clock.advance(LIFE + MARGIN - Duration::from_secs(250));
    assert_eq!(revocations.len(), 249, "those of the last 250 seconds");
    revocations.revoke_token("t499");
    clock.advance(Duration::from_secs(250));
    assert_eq!(revocations.len(), 1, "revoked again, remembered longer");
    clock.advance(LIFE + MARGIN);
    assert!(revocations.is_empty());
}

/// Over capacity it fails closed: everybody must get a new token, and nobody's revoked one comes back.
#[test]
fn over_capacity_a_coarser_mark_is_raised() {
    let clock = clock();
    let revocations = Revocations::with(LIFE, 10, clock.shared());
    let verifier = Verifier::for_key(VerifyingKey::hs256(&hmac_key()))
        .clock(clock.shared())
        .revocations(revocations.clone())
        .build();
    revocations.revoke_session("s1");
    clock.advance(Duration::from_secs(120));
    for n in 0..10 {
        assert!(revocations.len() <= 10);
        assert!(verifier.verify(&signed(&claims())).is_ok(), "{n}");
        revocations.revoke_token(format!("x{n}"));
    }
    assert!(revocations.len() <= 11, "{}", revocations.len());
    assert_eq!(refusal(&verifier, &alice()), TokenErrorKind::Revoked);
    assert_eq!(
        refusal(&verifier, &signed(&claims())),
        TokenErrorKind::Revoked,
        "whoever has an older token"
    );
    for n in 0..10_000 {
        revocations.revoke_token(format!("y{n}"));
    }
    assert!(revocations.len() <= 11, "{}", revocations.len());
    clock.advance(Duration::from_secs(61));
    let fresh = signed(&with("iat", START + 181));
    assert!(verifier.verify(&fresh).is_ok(), "a new token is good again");
    for n in [0, 5, 9_999] {
        let revoked = signed(
            &json!({"sub": "bob", "iat": START + 120, "exp": START + 900, "jti": format!("y{n}")}),
        );
        assert_eq!(refusal(&verifier, &revoked), TokenErrorKind::Revoked);
    }
}

#[test]
fn nodes_tell_each_other() {
    let clock = clock();
    let [here, there] = [0, 1].map(|_| Revocations::with(LIFE, 1000, clock.shared()));
    let sent = Arc::new(Mutex::new(Vec::new()));
    here.on_local({
        let (sent, there) = (sent.clone(), there.clone());
        move |revocation| {
            let message = serde_json::to_string(revocation).unwrap();
            sent.lock().unwrap().push(message.clone());
            let received: Revocation = serde_json::from_str(&message).unwrap();
            assert!(there.apply(&received));
            assert!(!there.apply(&received), "the second time it is no news");
        }
    });
    there.on_local(|_| panic!("what came from elsewhere is not sent on"));
    here.revoke_token("t1");
    here.revoke_session("s1");
    here.revoke_user("users", "alice", clock.now());
    here.revoke_everything(clock.now());
    assert_eq!(sent.lock().unwrap().len(), 4);
    assert!(there.revokes(Some("t1"), None, None, None));
    assert!(there.revokes(None, Some("s1"), None, Some(clock.now())));
    assert!(there.revokes(None, None, Some(("users", "alice")), None));
    assert_eq!((here.len(), there.len()), (4, 4));
    let session = &sent.lock().unwrap()[1];
    assert_eq!(
        session,
        &format!(
            r#"{{"what":"session","id":"s1","until":{}}}"#,
            (START + 1500) * 1000
        )
    );
}

#[test]
fn revoking_while_asking() {
    let (_, revocations, _) = setup();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let revocations = revocations.clone();
            scope.spawn(move || {
                for n in 0..200 {
                    let id = format!("{thread}-{n}");
                    assert!(!revocations.revokes(Some(&id), None, None, None));
                    revocations.revoke_token(id.clone());
                    assert!(
                        revocations.revokes(Some(&id), None, None, None),
                        "at once, for whoever asks after"
                    );
                }
            });
        }
    });
    assert_eq!(revocations.len(), 800);
}

/// Who is revoked more than once within a second, and given a token after each time, has one good token: the last.
#[test]
fn ac_j9_a_token_that_is_issued_after_a_revocation_is_good() {
    let (clock, revocations, [verifier, _]) = setup();
    let issuer = Issuer::new(SigningKey::hs256(&hmac_key())).clock(clock.shared());
    let mut before: Option<String> = None;
    for ahead in 0..20 {
        let mark = second(ahead).saturating_add(Duration::from_millis(999));
        revocations.revoke_user("users", "alice", mark);
        let grant = Grant::access("alice").issued_after(mark);
        let token = issuer.issue(&grant).unwrap().as_str().to_owned();
        assert!(verifier.verify(&token).is_ok(), "{ahead} seconds ahead");
        if let Some(before) = before.replace(token) {
            assert_eq!(refusal(&verifier, &before), TokenErrorKind::Revoked);
        }
    }
    // A clock that was set back by an hour is not made up for: the token would be good for an hour longer.
    let grant = Grant::access("alice").issued_after(second(3600));
    let token = issuer.issue(&grant).unwrap();
    assert_eq!(token.issued_at(), second(0));
}
