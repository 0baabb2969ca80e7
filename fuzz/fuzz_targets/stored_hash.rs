//! A stored password hash from a foreign database: it may not panic, nor ask for more than the bounds allow.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use portcullis::password::{Password, PasswordHasher};

static HASHER: LazyLock<PasswordHasher> = LazyLock::new(PasswordHasher::default);

fuzz_target!(|stored: &str| {
    let _ = HASHER.needs_rehash(stored);
    let _ = Password::new(stored);
});
