//! Taking a token apart and checking its signature, before anything in it is believed.

use portcullis_core::Timestamp;

use super::base64url;
use super::header::{Header, KnownHeader, MediaType};
use crate::{Algorithm, KeySet, TokenError, TokenErrorKind, VerifyingKey};

/// The longest token that is taken, in bytes.
pub(crate) const LONGEST_TOKEN: usize = 8 * 1024;

/// The longest signature: that of an RSA key of 8192 bits.
const LONGEST_SIGNATURE: usize = 1024;

/// As long as the signature of any algorithm but RSA is, in base64: there is no need to clear a kilobyte for these.
const SHORT_SIGNATURE: usize = 128;

/// A token whose signature is right.
pub(crate) struct Opened {
    /// The claims, decoded, not yet looked at.
    pub(crate) claims: Vec<u8>,
    pub(crate) media_type: MediaType,
    /// When the key ceases to verify.
    pub(crate) key_until: Option<Timestamp>,
    pub(crate) algorithm: Algorithm,
}

/// The three parts of a token in compact form (RFC 7515 §7.1).
struct Parts<'t> {
    header: &'t [u8],
    payload: &'t [u8],
    signature: &'t [u8],
    /// Header and payload with the dot between them.
    signed: &'t [u8],
}

impl<'t> Parts<'t> {
    fn split(token: &'t [u8]) -> Result<Self, TokenError> {
        let malformed = TokenErrorKind::Malformed;
        let first = position_of_dot(token).ok_or(malformed)?;
        let rest = &token[first + 1..];
        let second = first + 1 + position_of_dot(rest).ok_or(malformed)?;
        let signature = &token[second + 1..];
        match position_of_dot(signature) {
            None => Ok(Self {
                header: &token[..first],
                payload: &token[first + 1..second],
                signature,
                signed: &token[..second],
            }),
            // Five parts are an encrypted token (RFC 7516 §3.1); none of the others is anything.
            Some(_) => Err(malformed.into()),
        }
    }
}

fn position_of_dot(bytes: &[u8]) -> Option<usize> {
    memchr::memchr(b'.', bytes)
}

/// Finds the key, checks the signature and decodes the claims.
pub(crate) fn open(token: &[u8], keys: &KeySet, now: Timestamp) -> Result<Opened, TokenError> {
    if token.len() > LONGEST_TOKEN {
        return Err(TokenErrorKind::TooLong.into());
    }
    let parts = Parts::split(token)?;
    match keys.known_header(parts.header) {
        Some(known) => open_with(&parts, &known.key, known.media_type, now),
        None => {
            let header = Header::parse(parts.header)?;
            let key = key_for(&header, keys)?;
            let opened = open_with(&parts, key, header.media_type, now)?;
            let known = KnownHeader::new(parts.header, key.clone(), header.media_type);
            keys.remember_header(known);
            Ok(opened)
        }
    }
}

/// The `kid` of a token, for asking whether its key can be fetched.
pub(crate) fn kid(token: &[u8]) -> Option<String> {
    let parts = Parts::split(token).ok()?;
    Header::parse(parts.header).ok()?.kid
}

fn key_for<'k>(header: &Header, keys: &'k KeySet) -> Result<&'k VerifyingKey, TokenError> {
    let key = keys.find(header.kid.as_deref());
    let key = match key {
        Some(key) => key,
        // No key can help a token of an algorithm that there is not.
        None if Algorithm::from_name(&header.alg).is_none() => {
            return Err(TokenErrorKind::WrongAlgorithm.into());
        }
        None => return Err(TokenErrorKind::UnknownKey.into()),
    };
    match header.alg == key.algorithm().as_str() {
        true => Ok(key),
        false => Err(TokenErrorKind::WrongAlgorithm.into()),
    }
}

fn open_with(
    parts: &Parts<'_>,
    key: &VerifyingKey,
    media_type: MediaType,
    now: Timestamp,
) -> Result<Opened, TokenError> {
    if !key.is_live(now) {
        return Err(TokenErrorKind::UnknownKey.into());
    }
    match parts.signature.len() {
        0..=SHORT_SIGNATURE => check_signature::<SHORT_SIGNATURE>(parts, key)?,
        _ => check_signature::<LONGEST_SIGNATURE>(parts, key)?,
    }
    Ok(Opened {
        claims: base64url::decode(parts.payload)?,
        media_type,
        key_until: key.until(),
        algorithm: key.algorithm(),
    })
}

/// Decodes the signature into a buffer of `ROOM` bytes, and compares.
fn check_signature<const ROOM: usize>(
    parts: &Parts<'_>,
    key: &VerifyingKey,
) -> Result<(), TokenError> {
    let mut buffer = [0; ROOM];
    let signature = base64url::decode_into(parts.signature, &mut buffer)?;
    match key.verify(parts.signed, signature) {
        true => Ok(()),
        false => Err(TokenErrorKind::BadSignature.into()),
    }
}
