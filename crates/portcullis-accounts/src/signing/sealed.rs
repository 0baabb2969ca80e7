//! A key and its row.

use std::time::Duration;

use portcullis_core::Timestamp;
use portcullis_jwt::{Algorithm, SigningKey};
use portcullis_mfa::SealingKeys;

use super::SigningKeysError;
use crate::model::StoredKey;

/// The row of a new key.
pub(super) fn row_of(
    key: &SigningKey,
    number: u32,
    (created_at, announced_for): (Timestamp, Duration),
    keys: &SealingKeys,
) -> Result<StoredKey, SigningKeysError> {
    let mut row = StoredKey {
        number,
        kid: key.kid().unwrap_or_default().to_owned(),
        algorithm: key.algorithm(),
        sealed: Vec::new(),
        created_at: whole_milliseconds(created_at),
        signs_from: whole_milliseconds(created_at.saturating_add(announced_for)),
    };
    let der = key.to_private_der().ok_or_else(SigningKeysError::unmade)?;
    row.sealed = seal(&row, &der, keys)?;
    Ok(row)
}

/// As stores keep it, so that a row comes back as it was.
fn whole_milliseconds(at: Timestamp) -> Timestamp {
    Timestamp::from_unix_millis(at.unix_millis())
}

/// The key of a row: of nobody else's, and with the moments that it was sealed with.
pub(super) fn key_of(row: &StoredKey, keys: &SealingKeys) -> Result<SigningKey, SigningKeysError> {
    let der = keys
        .open(&row.sealed, &context(row).each_ref().map(String::as_str))
        .map_err(|_| SigningKeysError::sealed(&row.kid))?;
    let key = SigningKey::from_der(row.algorithm, der.expose());
    key.ok()
        .filter(|key| key.kid() == Some(row.kid.as_str()))
        .ok_or_else(|| SigningKeysError::unfit(&row.kid))
}

/// The same key under the server's key of today.
pub(super) fn sealed_anew(
    row: &StoredKey,
    key: &SigningKey,
    keys: &SealingKeys,
) -> Result<Vec<u8>, SigningKeysError> {
    let der = key.to_private_der().ok_or_else(SigningKeysError::unmade)?;
    seal(row, &der, keys)
}

fn seal(row: &StoredKey, der: &[u8], keys: &SealingKeys) -> Result<Vec<u8>, SigningKeysError> {
    keys.seal(der, &context(row).each_ref().map(String::as_str))
        .map_err(|_| SigningKeysError::unmade())
}

/// What a sealed key is bound to: whoever can write to the database makes no old key sign again, and none sign longer.
fn context(row: &StoredKey) -> [String; 6] {
    let algorithm: Algorithm = row.algorithm;
    [
        "signing key".to_owned(),
        row.number.to_string(),
        row.kid.clone(),
        algorithm.as_str().to_owned(),
        row.created_at.unix_millis().to_string(),
        row.signs_from.unix_millis().to_string(),
    ]
}
