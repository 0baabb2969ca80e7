//! What the claims must say: AC-J3, AC-J4, AC-J6, ASVS v5.0.0-9.2.1, 9.2.2, 9.2.3.

#[path = "../support/mod.rs"]
mod support;

mod addressed;
mod dates;
mod users;

use portcullis_core::Timestamp;
use portcullis_jwt::{TokenError, TokenErrorKind, Verifier, VerifyingKey};
use serde_json::Value;

use crate::support::{clock, hmac_key, signed};

fn at(second: i64, claims: &Value) -> Result<(), TokenErrorKind> {
    let clock = clock();
    clock.set(Timestamp::from_unix_seconds(second));
    let verifier = Verifier::for_key(VerifyingKey::hs256(&hmac_key()))
        .clock(clock.shared())
        .build();
    verifier
        .verify(&signed(claims))
        .map(drop)
        .map_err(TokenError::kind)
}
