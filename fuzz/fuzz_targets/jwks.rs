//! A JWK set from a server that went mad: it may not panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::jwt::{KeySet, VerifyingKey};

fuzz_target!(|data: &[u8]| {
    if let Ok(set) = KeySet::from_jwks(data) {
        let _ = set.to_jwks();
    }
    let _ = VerifyingKey::from_jwk(data);
});
