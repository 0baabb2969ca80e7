//! Hashing, verifying, bounds, peppers: AC-H1, AC-H2, AC-H4, AC-H5, AC-H6, AC-H8.

#[path = "../support/mod.rs"]
mod support;

mod algorithms;
mod hostile;
mod peppers;
mod texts;

use portcullis_password::{Algorithm, HashErrorKind, PasswordHasher};

use crate::support::password;

const CHEAP_BCRYPT: Algorithm = Algorithm::Bcrypt { cost: 4 };

const CHEAP_SCRYPT: Algorithm = Algorithm::Scrypt {
    log_n: 4,
    block_size: 8,
    parallelism: 1,
};

const KEY_A: &[u8] = b"0123456789abcdef0123456789abcdef";

fn with(algorithm: Algorithm) -> PasswordHasher {
    PasswordHasher::builder()
        .with_insecure_algorithm(algorithm)
        .build()
        .unwrap()
}

fn kind(hasher: &PasswordHasher, text: &str, stored: &str) -> HashErrorKind {
    hasher.verify(&password(text), stored).unwrap_err().kind()
}
