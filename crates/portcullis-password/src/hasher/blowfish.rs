//! bcrypt: `$2a$`, `$2b$` and `$2y$`.

use std::str::FromStr as _;

use bcrypt::{HashParts, Version};

use super::compare::same;
use super::phc;
use crate::{Bounds, HashError, HashErrorKind};

/// What bcrypt reads of a password.
const MAX_PASSWORD_BYTES: usize = 72;
/// `$2b$12$` and 22 characters of salt stand before the digest.
const DIGEST_AT: usize = 29;

#[derive(Debug)]
pub(super) struct Stored<'a> {
    parts: HashParts,
    text: &'a str,
}

impl<'a> Stored<'a> {
    pub(super) fn parse(text: &'a str, bounds: &Bounds) -> Result<Self, HashError> {
        let parts = HashParts::from_str(text).map_err(|_| HashError::malformed())?;
        let cost = cost_field(text).ok_or_else(HashError::malformed)?;
        if cost > bounds.bcrypt_cost {
            return Err(HashError::parameters_refused());
        }
        if cost < 4 {
            return Err(HashError::malformed());
        }
        Ok(Self { parts, text })
    }

    pub(super) fn verify(&self, password: &[u8]) -> Result<bool, HashError> {
        let computed = digest(password, self.cost(), self.parts.get_salt_raw())?;
        Ok(same(
            &computed.as_bytes()[DIGEST_AT..],
            &self.text.as_bytes()[DIGEST_AT..],
        ))
    }

    pub(super) fn cost(&self) -> u32 {
        self.parts.get_cost()
    }
}

/// Two digits, as the format has it: the parser behind takes a sign.
fn cost_field(text: &str) -> Option<u32> {
    let field = text.get(4..6)?;
    phc::decimal(field.strip_prefix('0').unwrap_or(field))
}

/// Hashes anew, as `$2b$`.
pub(super) fn hash(password: &[u8], cost: u32, salt: &[u8; 16]) -> Result<String, HashError> {
    digest(password, cost, *salt)
}

fn digest(password: &[u8], cost: u32, salt: [u8; 16]) -> Result<String, HashError> {
    check_password(password)?;
    bcrypt::hash_with_salt(password, cost, salt)
        .map(|parts| parts.format_for_version(Version::TwoB))
        .map_err(|_| HashError::malformed())
}

/// 72 bytes and no NUL: what is beyond is not part of the hash, and so another password would match.
fn check_password(password: &[u8]) -> Result<(), HashError> {
    if password.len() > MAX_PASSWORD_BYTES {
        return Err(HashError::new(HashErrorKind::PasswordTooLong));
    }
    if password.contains(&0) {
        return Err(HashError::new(HashErrorKind::NulByte));
    }
    Ok(())
}
