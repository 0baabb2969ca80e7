//! Rule 5 of the house: nothing secret is shown by `Debug`, or by an error.

mod common;

use portcullis_mfa::{RecoveryCode, RecoveryCodes, RecoveryKeys, SealingKeys, Totp};

use self::common::{RFC_SECRET, seconds};

#[track_caller]
fn shows_nothing(shown: &str, secrets: &[&str]) {
    let shown = shown.to_lowercase();
    for secret in secrets {
        assert!(!shown.contains(&secret.to_lowercase()), "{shown}");
    }
}

#[test]
fn a_totp_is_not_shown() {
    let totp = Totp::from_base32(RFC_SECRET).unwrap();
    let secrets = [RFC_SECRET, "12345", "49, 50", "287082", "otpauth"];
    let uri = totp.uri("Acme", "ada@example.com").unwrap();
    shows_nothing(&format!("{totp:#?}"), &secrets);
    shows_nothing(&format!("{:?}", totp.secret_base32()), &secrets);
    shows_nothing(&format!("{:?}", totp.to_bytes()), &secrets);
    shows_nothing(&format!("{:?}", totp.code_at(seconds(59))), &secrets);
    shows_nothing(&format!("{uri:?}"), &[&secrets[..3], &["ada"]].concat());
    assert!(
        format!("{totp:?}").contains("Sha1"),
        "what is not secret is shown"
    );
}

#[test]
fn a_secret_that_is_refused_is_not_shown() {
    let error = Totp::from_base32("GEZDGNBVGY3TQ0JQGEZDGNBVGY3TQOJQ").unwrap_err();
    shows_nothing(&format!("{error:?} {error}"), &["GEZD", "3TQ"]);
    let error = Totp::from_secret(b"12345").unwrap_err();
    shows_nothing(&format!("{error:?} {error}"), &["12345", "49"]);
}

#[test]
fn recovery_codes_and_their_digests_are_not_shown() {
    let keys = RecoveryKeys::new(b"a key of thirty-two bytes or more").unwrap();
    let codes = RecoveryCodes::generate().unwrap();
    let first = codes.as_slice()[0].expose();
    shows_nothing(&format!("{codes:?}"), &[first, &first[..4]]);
    shows_nothing(&format!("{keys:?}"), &["thirty", "97, 32"]);
    let digest = keys.digest(&codes.as_slice()[0], &["42"]);
    shows_nothing(&format!("{digest:?}"), &[&digest.to_hex()[..8]]);
    let error = "7zk3-m0qp-x2vd-9a4u".parse::<RecoveryCode>().unwrap_err();
    shows_nothing(&format!("{error:?} {error}"), &["7zk3"]);
}

#[test]
fn keys_that_seal_are_not_shown() {
    let keys = SealingKeys::new("2026", b"thirty-two bytes, neither or fewer").unwrap_err();
    shows_nothing(&format!("{keys:?} {keys}"), &["thirty-"]);
    let keys = SealingKeys::new("2026", &[0xab; 32]).unwrap();
    shows_nothing(&format!("{keys:#?}"), &["171", "abab"]);
    assert!(format!("{keys:?}").contains("2026"), "an id is no secret");
    let opened = keys
        .open(&keys.seal(b"hunter2", &[]).unwrap(), &[])
        .unwrap();
    shows_nothing(&format!("{opened:?}"), &["hunter2", "104"]);
}
