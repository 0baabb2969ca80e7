//! The protected header of a token (RFC 7515 §4).

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::base64url;
use super::json::{Anything, Members, Text};
use crate::{Purpose, TokenError, TokenErrorKind, VerifyingKey};

/// What `typ` says (RFC 7515 §4.1.9), compared without regard to case, with or without `application/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MediaType {
    /// Nothing.
    Absent,
    /// `JWT` (RFC 7519 §5.1).
    Jwt,
    /// `at+jwt` (RFC 9068 §2.1).
    AccessToken,
    /// Another one.
    Other,
}

impl MediaType {
    fn new(typ: Option<&str>) -> Self {
        let Some(typ) = typ else { return Self::Absent };
        let lower = typ.to_ascii_lowercase();
        match lower.strip_prefix("application/").unwrap_or(&lower) {
            "jwt" => Self::Jwt,
            "at+jwt" => Self::AccessToken,
            _ => Self::Other,
        }
    }

    /// Whether a token of this type may serve the purpose.
    pub(crate) fn suits(self, purpose: Purpose, only_access_tokens: bool) -> bool {
        match (self, purpose) {
            (Self::AccessToken, _) => purpose == Purpose::Access,
            (Self::Absent | Self::Jwt, Purpose::Access) => !only_access_tokens,
            (Self::Absent | Self::Jwt, _) => true,
            (Self::Other, _) => false,
        }
    }
}

/// A header that was seen before, in the bytes in which it stands in tokens, and the key that it leads to.
#[derive(Debug)]
pub(crate) struct KnownHeader {
    encoded: Box<[u8]>,
    pub(crate) key: VerifyingKey,
    pub(crate) media_type: MediaType,
}

impl KnownHeader {
    pub(crate) fn new(encoded: &[u8], key: VerifyingKey, media_type: MediaType) -> Self {
        Self {
            encoded: encoded.into(),
            key,
            media_type,
        }
    }

    pub(crate) fn is(&self, encoded: &[u8]) -> bool {
        *self.encoded == *encoded
    }
}

/// What we read of a header. `jku`, `jwk`, `x5u`, `x5c` and all else are passed over: keys come from the configuration alone.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) alg: String,
    pub(crate) kid: Option<String>,
    pub(crate) media_type: MediaType,
}

impl Header {
    pub(crate) fn parse(encoded: &[u8]) -> Result<Self, TokenError> {
        let json = base64url::decode(encoded)?;
        let read: Read<'_> =
            serde_json::from_slice(&json).map_err(|_| TokenErrorKind::Malformed)?;
        if read.has_crit {
            return Err(TokenErrorKind::UnsupportedCritical.into());
        }
        // An unencoded payload must be announced in `crit` (RFC 7797 §6), so this is a contradiction or worse.
        let alg = read.alg.filter(|_| read.is_encoded);
        let alg = alg.ok_or(TokenErrorKind::Malformed)?;
        Ok(Self {
            alg: alg.0.into_owned(),
            kid: read.kid.map(|kid| kid.0.into_owned()),
            media_type: MediaType::new(read.typ.as_deref()),
        })
    }
}

struct Read<'de> {
    alg: Option<Text<'de>>,
    kid: Option<Text<'de>>,
    typ: Option<Text<'de>>,
    has_crit: bool,
    /// `b64` (RFC 7797 §3).
    is_encoded: bool,
}

impl<'de> Deserialize<'de> for Read<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ReadVisitor)
    }
}

struct ReadVisitor;

impl<'de> Visitor<'de> for ReadVisitor {
    type Value = Read<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the header of a token")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Read<'de>, A::Error> {
        let mut read = Read {
            alg: None,
            kid: None,
            typ: None,
            has_crit: false,
            is_encoded: true,
        };
        let mut members = Members::default();
        while let Some(name) = map.next_key::<Text<'de>>()? {
            match &*name {
                "alg" => read.alg = Some(map.next_value()?),
                "kid" => read.kid = Some(map.next_value()?),
                "typ" => read.typ = Some(map.next_value()?),
                "b64" => read.is_encoded = map.next_value()?,
                other => {
                    read.has_crit |= other == "crit";
                    map.next_value_seed(Anything)?;
                }
            }
            members.push(name);
        }
        members.check()?;
        Ok(read)
    }
}
