//! The numbers on the manual's page of defaults are those of the code (v5.0.0-6.1.1, v5.0.0-7.1.1).
#![cfg(all(
    feature = "accounts",
    feature = "jwt",
    feature = "key",
    feature = "limit",
    feature = "password",
    feature = "session"
))]

use std::time::Duration;

use portcullis::jwt::{Algorithm, Grant, HmacKey, SigningKey, TokenErrorKind};
use portcullis::limit::{Checked, Subject};
use portcullis::password::{
    MAX_PASSWORD_BYTES, Password, PasswordHasher, PasswordPolicy, PolicyContext,
};
use portcullis::session::SessionLimits;
use portcullis::{Client, Issuer, Lockout, MemoryLimiter, MemoryLockouts, Verifier};
use portcullis_testkit::ManualClock;

#[path = "defaults/accounts.rs"]
mod accounts;

const PAGE: &str = include_str!("../src/manual/defaults.md");

/// What the page says is the default of this.
fn page(what: &str) -> &'static str {
    let row = PAGE
        .lines()
        .find(|line| line.starts_with(&format!("| {what} |")));
    let row = row.unwrap_or_else(|| panic!("no row for {what}"));
    row.split('|').nth(2).unwrap_or_default().trim()
}

#[test]
fn access_tokens_live_as_long_as_the_page_says_and_are_accepted_for_the_leeway_longer() {
    let clock = ManualClock::new();
    let key = SigningKey::hs256(&HmacKey::generate().unwrap());
    let issued = Issuer::new(key.clone())
        .clock(clock.shared())
        .issue(&Grant::access("alice"))
        .unwrap();
    let life = issued
        .expires_at()
        .saturating_duration_since(issued.issued_at());
    assert_eq!(
        page("life of an access token"),
        format!("{} seconds", life.as_secs())
    );

    let verifier = Verifier::for_key(key.verifying_key().clone())
        .clock(clock.shared())
        .build();
    assert_eq!(page("leeway for `exp`, `nbf`, `iat`"), "60 seconds");
    clock.advance(life + Duration::from_secs(59));
    assert!(verifier.verify(issued.as_str()).is_ok());
    clock.advance(Duration::from_secs(2));
    assert_eq!(
        verifier.verify(issued.as_str()).unwrap_err().kind(),
        TokenErrorKind::Expired
    );
}

#[test]
fn tokens_and_keys_have_the_bounds_of_the_page() {
    assert_eq!(page("HMAC secret"), "at least 32 bytes");
    assert!(HmacKey::new([7_u8; 31]).is_err());
    assert!(HmacKey::new(*b"0123456789abcdefghijklmnopqrstuv").is_ok());

    assert_eq!(page("longest token"), "8192 bytes");
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let verifier = Verifier::for_key(key.verifying_key().clone()).build();
    let too_long = "a".repeat(8193);
    assert!(verifier.verify(&too_long).is_err());
    let padding = |length: usize| serde_json::json!({ "padding": "p".repeat(length) });
    let issuer = Issuer::new(key);
    let longest = (5000..6200).rev().find_map(|length| {
        issuer
            .issue_with(&Grant::access("alice"), &padding(length))
            .ok()
    });
    let longest = longest.expect("some length fits");
    assert!(
        (8180..=8192).contains(&longest.as_str().len()),
        "{}",
        longest.as_str().len()
    );
    assert!(verifier.verify(longest.as_str()).is_ok());
}

#[test]
fn sessions_last_as_long_as_the_page_says() {
    let days = |duration: Duration| duration.as_secs() / 86_400;
    let remembered = SessionLimits::REMEMBERED;
    let text = format!(
        "idle {} days, absolute {} days",
        days(remembered.idle()),
        days(remembered.absolute())
    );
    assert_eq!(page("session, remembered"), text);
    assert_eq!(page("session, not remembered"), "1 day");
    assert_eq!(days(SessionLimits::BRIEF.absolute()), 1);
}

#[test]
fn limits_in_memory_have_the_bound_of_the_page() {
    assert_eq!(page("rate limit state"), "64 MiB");
    let told = MemoryLimiter::new().with_memory_bound(64 << 20);
    assert_eq!(MemoryLimiter::new().capacity(), told.capacity());
}

#[test]
fn one_network_of_ipv6_counts_as_the_page_says() {
    assert_eq!(page("IPv6 network that counts as one client"), "/64");
    let client = |text: &str| Client::Address(text.parse().unwrap()).network(64);
    assert_eq!(client("2001:db8::1"), client("2001:db8::ffff:1"));
    assert_ne!(client("2001:db8::1"), client("2001:db8:0:1::1"));
}

#[tokio::test]
async fn lockout_has_the_steps_of_the_page() {
    assert_eq!(
        page("lockout, account and address"),
        "5 failures, 60 seconds doubling to 900"
    );
    let clock = ManualClock::new();
    let lockout = Lockout::new(MemoryLockouts::new().with_clock(clock.shared()), "password");
    let subject = Subject::new(Client::Address("203.0.113.9".parse().unwrap())).account("alice");
    for expected in [60, 120, 240, 480, 900] {
        for _ in 0..5 {
            let Checked::Open(attempt) = lockout.check(&subject).await.unwrap() else {
                panic!("locked before the fifth failure")
            };
            lockout.fail(attempt);
        }
        let locked_for = lockout.status(&subject).await.unwrap().locked_for.unwrap();
        assert_eq!(locked_for, Duration::from_secs(expected));
        clock.advance(locked_for);
    }
}

#[test]
fn passwords_have_the_hash_and_the_lengths_of_the_page() {
    assert_eq!(page("password hash"), "argon2id, m=19456 KiB, t=2, p=1");
    let password = Password::new("correct horse battery staple").unwrap();
    let stored = PasswordHasher::default().hash(&password).unwrap();
    assert!(
        stored
            .as_str()
            .starts_with("$argon2id$v=19$m=19456,t=2,p=1$")
    );

    assert_eq!(
        page("password length"),
        format!("at least 8 characters, at most {MAX_PASSWORD_BYTES} bytes")
    );
    let judge = |text: &str| {
        PasswordPolicy::default()
            .check(&Password::new(text).unwrap(), &PolicyContext::new())
            .is_ok()
    };
    assert!(!judge("kx7-qpz"));
    assert!(judge("kx7-qpzw"));
}

#[tokio::test]
async fn an_account_is_locked_after_the_failures_of_the_page_from_wherever_they_come() {
    assert_eq!(page("lockout, account"), "100 failures");
    assert_eq!(page("lockout, address"), "50 failures");
    let at = |number: u8| Client::Address([198, 51, 100, number].into());
    let fail = async |lockout: &Lockout, subject: &Subject| {
        let Checked::Open(attempt) = lockout.check(subject).await.unwrap() else {
            return false;
        };
        lockout.fail(attempt);
        true
    };

    let lockout = Lockout::new(MemoryLockouts::new(), "password");
    for number in 0..100 {
        let subject = Subject::new(at(number / 4)).account("alice");
        assert!(fail(&lockout, &subject).await, "failure {number}");
    }
    assert!(!fail(&lockout, &Subject::new(at(200)).account("alice")).await);
    let owner = Subject::new(at(201)).account("alice").known_device(true);
    assert!(fail(&lockout, &owner).await, "known devices are exempt");

    let lockout = Lockout::new(MemoryLockouts::new(), "password");
    for number in 0..50 {
        let subject = Subject::new(at(1)).account(format!("account {number}"));
        assert!(fail(&lockout, &subject).await, "failure {number}");
    }
    assert!(!fail(&lockout, &Subject::new(at(1)).account("another")).await);
    assert!(fail(&lockout, &Subject::new(at(2)).account("another")).await);
}
