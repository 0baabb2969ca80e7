//! Programs that the tests ask, and what they have in common.
#![allow(dead_code, reason = "each test binary uses its own part of this")]

use std::io::ErrorKind;
use std::process::Command;

use portcullis_core::Timestamp;
use portcullis_mfa::{Digits, TotpAlgorithm, TotpParameters};

/// The base32 form of RFC 6238's secret, `12345678901234567890`.
pub(crate) const RFC_SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

pub(crate) const ALGORITHMS: [TotpAlgorithm; 3] = [
    TotpAlgorithm::Sha1,
    TotpAlgorithm::Sha256,
    TotpAlgorithm::Sha512,
];

pub(crate) const DIGITS: [Digits; 3] = [Digits::Six, Digits::Seven, Digits::Eight];

pub(crate) fn seconds(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds)
}

pub(crate) fn parameters(algorithm: &str, digits: u64, period: u64) -> TotpParameters {
    let algorithm = ALGORITHMS
        .into_iter()
        .find(|known| known.name() == algorithm)
        .unwrap();
    let digits = DIGITS
        .into_iter()
        .find(|known| known.count() as u64 == digits)
        .unwrap();
    TotpParameters::default()
        .with_algorithm(algorithm)
        .with_digits(digits)
        .with_period(std::time::Duration::from_secs(period))
        .unwrap()
}

/// Whether a program is there. If not, that is said in a line; where `CI` is set, the test fails.
pub(crate) fn has(program: &str, package: &str) -> bool {
    match Command::new(program).arg("--version").output() {
        Ok(_) => true,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let missing =
                format!("{program} was not asked: install {program} (Debian package {package})");
            assert!(std::env::var_os("CI").is_none(), "{missing}");
            eprintln!("{missing}");
            false
        }
        Err(error) => panic!("{program}: {error}"),
    }
}
