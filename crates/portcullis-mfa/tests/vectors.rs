//! All published codes, and what is made of a secret is what the RFCs say.

mod common;

use portcullis_mfa::{Step, Totp};
use serde_json::Value;

use self::common::{parameters, seconds};

fn vectors(group: &str, count: usize) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("vectors/otp.json")).unwrap();
    let vectors = all[group].as_array().unwrap().clone();
    assert_eq!(vectors.len(), count, "all of {group} are here");
    vectors
}

fn totp(vector: &Value) -> Totp {
    let hex = vector["secret_hex"].as_str().unwrap();
    let secret = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
    let parameters = parameters(
        vector["alg"].as_str().unwrap_or("SHA1"),
        vector["digits"].as_u64().unwrap(),
        vector["period"].as_u64().unwrap_or(30),
    );
    Totp::from_secret(&secret)
        .unwrap()
        .with_parameters(parameters)
}

#[track_caller]
fn agrees(vector: &Value, totp: &Totp, time: i64) {
    let code = vector["otp"].as_str().unwrap();
    assert_eq!(totp.code_at(seconds(time)).expose(), code, "{vector}");
    let strict = totp.clone().with_skew(0).unwrap();
    assert!(strict.verify(code, &mut None, seconds(time)), "{vector}");
}

#[test]
fn rfc_6238_appendix_b() {
    for vector in vectors("rfc6238", 18) {
        let totp = totp(&vector);
        let time = vector["time"].as_i64().unwrap();
        agrees(&vector, &totp, time);
        let step = u64::from_str_radix(vector["T_hex"].as_str().unwrap(), 16).unwrap();
        assert_eq!(totp.step_at(seconds(time)), Some(Step::from_number(step)));
    }
}

#[test]
fn rfc_6238_secrets_in_base32() {
    for vector in vectors("rfc6238", 18) {
        let text = vector["secret_b32"].as_str().unwrap();
        let read = Totp::from_base32(text).unwrap();
        let written = read.secret_base32();
        assert_eq!(written.expose(), text.trim_end_matches('='));
        assert_eq!(written.expose(), totp(&vector).secret_base32().expose());
    }
}

/// A counter is what a time is made into: the counter `n` is that of second `30 n`.
#[test]
fn rfc_4226_appendix_d() {
    for vector in vectors("rfc4226", 10) {
        let counter = vector["counter"].as_i64().unwrap();
        agrees(&vector, &totp(&vector), counter * 30);
        agrees(&vector, &totp(&vector), counter * 30 + 29);
    }
}

#[test]
fn codes_that_oathtool_made_once() {
    for vector in vectors("extra", 108) {
        agrees(&vector, &totp(&vector), vector["time"].as_i64().unwrap());
    }
}
