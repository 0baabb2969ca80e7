//! A TOTP as bytes, to be sealed and stored: version, algorithm, digits, period in seconds (two bytes, big endian), secret.

use std::time::Duration;

use super::secret::{InvalidSecret, SHORTEST_INSECURE, Secret};
use super::{Digits, Totp, TotpAlgorithm, TotpParameters};
use crate::SecretBytes;

const VERSION: u8 = 1;

pub(super) fn write(totp: &Totp) -> SecretBytes {
    let parameters = totp.parameters();
    let [high, low] = parameters.period_seconds().to_be_bytes();
    let head = [
        VERSION,
        algorithm_code(parameters.algorithm()),
        digits_code(parameters.digits()),
        high,
        low,
    ];
    // In one piece, so that no copy of the secret is left behind by growing.
    SecretBytes::new([&head, totp.secret.expose()].concat())
}

pub(super) fn read(bytes: &[u8]) -> Result<Totp, InvalidSecret> {
    let Some(([VERSION, algorithm, digits, high, low], secret)) = bytes.split_first_chunk() else {
        return Err(InvalidSecret("the bytes are not a stored TOTP"));
    };
    let period = Duration::from_secs(u16::from_be_bytes([*high, *low]).into());
    let parameters = TotpParameters::default()
        .with_algorithm(algorithm_of(*algorithm)?)
        .with_digits(digits_of(*digits)?)
        .with_period(period)
        .map_err(|_| InvalidSecret("the stored TOTP has an impossible period"))?;
    let secret = Secret::from_bytes(secret, SHORTEST_INSECURE)?;
    Ok(Totp::of(secret).with_parameters(parameters))
}

fn algorithm_code(algorithm: TotpAlgorithm) -> u8 {
    match algorithm {
        TotpAlgorithm::Sha1 => 1,
        TotpAlgorithm::Sha256 => 2,
        TotpAlgorithm::Sha512 => 3,
    }
}

fn algorithm_of(code: u8) -> Result<TotpAlgorithm, InvalidSecret> {
    match code {
        1 => Ok(TotpAlgorithm::Sha1),
        2 => Ok(TotpAlgorithm::Sha256),
        3 => Ok(TotpAlgorithm::Sha512),
        _ => Err(InvalidSecret("the stored TOTP has an unknown algorithm")),
    }
}

fn digits_code(digits: Digits) -> u8 {
    match digits {
        Digits::Six => 6,
        Digits::Seven => 7,
        Digits::Eight => 8,
    }
}

fn digits_of(code: u8) -> Result<Digits, InvalidSecret> {
    match code {
        6 => Ok(Digits::Six),
        7 => Ok(Digits::Seven),
        8 => Ok(Digits::Eight),
        _ => Err(InvalidSecret("the stored TOTP has an impossible length")),
    }
}
