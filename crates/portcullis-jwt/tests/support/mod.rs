//! What the tests share: a clock that stands still, and tokens made by hand, with whatever header and claims an enemy likes.
#![allow(dead_code, reason = "each test program uses its own part of it")]

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use portcullis_core::{Clock, Timestamp};
use portcullis_jwt::{HmacKey, KeySet, TokenErrorKind, Verifier, VerifierBuilder, VerifyingKey};
use portcullis_testkit::ManualClock;
use serde_json::{Value, json};
use sha2::Sha256;

pub(crate) const SECRET: &[u8] = b"an honest secret of the tests, 0123456789";

/// 2026-01-01T00:00:00Z, where a `ManualClock` starts.
pub(crate) const START: i64 = 1_767_225_600;

pub(crate) fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn hmac_key() -> HmacKey {
    HmacKey::new(SECRET).unwrap()
}

pub(crate) fn hs256(message: &str, secret: &[u8]) -> Vec<u8> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret).unwrap();
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// A token of these texts, signed with the tests' secret.
pub(crate) fn token(header: &str, claims: &str) -> String {
    let message = format!("{}.{}", b64(header), b64(claims));
    let signature = b64(hs256(&message, SECRET));
    format!("{message}.{signature}")
}

/// A token with an honest header.
pub(crate) fn signed(claims: &Value) -> String {
    token(r#"{"alg":"HS256","typ":"JWT"}"#, &claims.to_string())
}

/// A token with an honest header and claims that are no tidy JSON.
pub(crate) fn signed_text(claims: &str) -> String {
    token(r#"{"alg":"HS256","typ":"JWT"}"#, claims)
}

/// Claims that pass: of alice, good for an hour.
pub(crate) fn claims() -> Value {
    json!({"sub": "alice", "iat": START, "exp": START + 3600})
}

pub(crate) fn with(name: &str, value: impl Into<Value>) -> Value {
    let mut claims = claims();
    claims[name] = value.into();
    claims
}

pub(crate) fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

pub(crate) fn clock() -> ManualClock {
    ManualClock::new()
}

pub(crate) fn now() -> Timestamp {
    clock().now()
}

/// A verifier of the tests' secret, at the moment where a `ManualClock` starts.
pub(crate) fn builder() -> VerifierBuilder {
    Verifier::for_key(VerifyingKey::hs256(&hmac_key())).clock(clock().shared())
}

pub(crate) fn verifier() -> Verifier {
    builder().build()
}

pub(crate) fn refusal(verifier: &Verifier, token: &str) -> TokenErrorKind {
    verifier
        .verify(token)
        .expect_err("the token must be refused")
        .kind()
}

/// An RSA key of the crypto library's, beside ours.
pub(crate) struct Rsa {
    pair: RsaKeyPair,
}

impl Rsa {
    pub(crate) fn new() -> Self {
        let pair = RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
        Self { pair }
    }

    pub(crate) fn public_der(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    pub(crate) fn public_pem(&self) -> String {
        pem("RSA PUBLIC KEY", self.public_der())
    }

    pub(crate) fn token(&self, header: &str, claims: &Value) -> String {
        self.signed(&RSA_PKCS1_SHA256, header, claims)
    }

    pub(crate) fn pss_token(&self, header: &str, claims: &Value) -> String {
        self.signed(&RSA_PSS_SHA256, header, claims)
    }

    fn signed(
        &self,
        encoding: &'static dyn aws_lc_rs::signature::RsaEncoding,
        header: &str,
        claims: &Value,
    ) -> String {
        let message = format!("{}.{}", b64(header), b64(claims.to_string()));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                encoding,
                &SystemRandom::new(),
                message.as_bytes(),
                &mut signature,
            )
            .unwrap();
        format!("{message}.{}", b64(signature))
    }
}

/// A P-256 key of the crypto library's.
pub(crate) struct P256 {
    pair: EcdsaKeyPair,
}

impl P256 {
    pub(crate) fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self { pair }
    }

    pub(crate) fn public_der(&self) -> Vec<u8> {
        let der: PublicKeyX509Der<'_> = self.pair.public_key().as_der().unwrap();
        der.as_ref().to_vec()
    }

    /// The point without its first byte: x, then y.
    pub(crate) fn coordinates(&self) -> (&[u8], &[u8]) {
        self.pair.public_key().as_ref()[1..].split_at(32)
    }

    pub(crate) fn token(&self, header: &str, claims: &Value) -> String {
        let message = format!("{}.{}", b64(header), b64(claims.to_string()));
        let signature = self
            .pair
            .sign(&SystemRandom::new(), message.as_bytes())
            .unwrap();
        format!("{message}.{}", b64(signature))
    }
}

pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = body
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

pub(crate) fn set_of(keys: impl IntoIterator<Item = VerifyingKey>) -> KeySet {
    KeySet::new(keys).unwrap()
}
