//! A bearer token that nobody issued: it may not panic, and it may never be accepted.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use portcullis::Verifier;
use portcullis::jwt::{Algorithm, HmacKey, SigningKey, VerifyingKey};

static VERIFIERS: LazyLock<[Verifier; 2]> = LazyLock::new(|| {
    let secret = HmacKey::new("a secret that the fuzzer does not know").unwrap();
    let public = SigningKey::generate(Algorithm::EdDsa).unwrap();
    [
        Verifier::for_key(VerifyingKey::hs256(&secret)).build(),
        Verifier::for_key(public.verifying_key().clone()).build(),
    ]
});

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    for verifier in &*VERIFIERS {
        assert!(verifier.verify(&text).is_err());
    }
});
