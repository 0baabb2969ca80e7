//! What must be true of the claims of a token whose signature is right.

use std::time::Duration;

use portcullis_core::Timestamp;

use super::claims::{Audience, Claims};
use super::header::MediaType;
use crate::{Algorithm, Purpose, TokenError, TokenErrorKind};

/// By how much clocks may disagree, both ways. RFC 7519 §4.1.4 speaks of a few minutes at most; this is what Spring uses.
const LEEWAY: Duration = Duration::from_secs(60);

/// What a verifier asks of claims.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) issuers: Vec<Box<str>>,
    pub(crate) any_audience: bool,
    pub(crate) has_audience: bool,
    pub(crate) purpose: Purpose,
    pub(crate) only_access_tokens: bool,
    /// Takes ID tokens of OpenID Connect, whatever the purpose says.
    pub(crate) only_id_tokens: bool,
    /// `None` takes any algorithm that a key of the source has.
    pub(crate) algorithms: Option<Vec<Algorithm>>,
    pub(crate) leeway: Duration,
    pub(crate) without_expiry: bool,
    /// How long a token is good after it was issued, where tokens can be revoked.
    pub(crate) longest_life: Option<Duration>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            issuers: Vec::new(),
            any_audience: false,
            has_audience: false,
            purpose: Purpose::Access,
            only_access_tokens: false,
            only_id_tokens: false,
            algorithms: None,
            leeway: LEEWAY,
            without_expiry: false,
            longest_life: None,
        }
    }
}

/// From when until when a token is good, the leeway counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Validity {
    pub(crate) from: Timestamp,
    /// The first moment at which it is good no more.
    pub(crate) until: Timestamp,
}

impl Validity {
    pub(crate) fn check(self, now: Timestamp) -> Result<(), TokenError> {
        if now >= self.until {
            return Err(TokenErrorKind::Expired.into());
        }
        match now < self.from {
            true => Err(TokenErrorKind::NotYetValid.into()),
            false => Ok(()),
        }
    }
}

impl Rules {
    pub(crate) fn check(
        &self,
        claims: &Claims<'_>,
        media_type: MediaType,
        now: Timestamp,
    ) -> Result<Validity, TokenError> {
        let validity = self.validity(claims)?;
        validity.check(now)?;
        self.check_issuer(claims)?;
        self.check_audience(claims)?;
        self.check_purpose(claims, media_type)?;
        Ok(validity)
    }

    /// Keys have their algorithms already; this narrows down which keys count.
    pub(crate) fn check_algorithm(&self, algorithm: Algorithm) -> Result<(), TokenError> {
        let accepted = self.algorithms.as_ref();
        match accepted.is_none_or(|accepted| accepted.contains(&algorithm)) {
            true => Ok(()),
            false => Err(TokenErrorKind::WrongAlgorithm.into()),
        }
    }

    /// `exp` is the moment on or after which a token must not be accepted (RFC 7519 §4.1.4).
    fn validity(&self, claims: &Claims<'_>) -> Result<Validity, TokenError> {
        let expires = match claims.exp {
            Some(exp) => exp.saturating_add(self.leeway),
            None if self.without_expiry => Timestamp::from_unix_millis(i64::MAX),
            None => return Err(TokenErrorKind::MissingClaim.into()),
        };
        let forgotten = match (self.longest_life, claims.iat) {
            (None, _) => expires,
            (Some(life), Some(iat)) => iat.saturating_add(life).saturating_add(self.leeway),
            (Some(_), None) => return Err(TokenErrorKind::MissingClaim.into()),
        };
        let early = |date: Timestamp| date.saturating_sub(self.leeway);
        let from = claims.nbf.into_iter().chain(claims.iat).map(early).max();
        Ok(Validity {
            from: from.unwrap_or(Timestamp::from_unix_millis(i64::MIN)),
            until: expires.min(forgotten),
        })
    }

    fn check_issuer(&self, claims: &Claims<'_>) -> Result<(), TokenError> {
        let is_known = |iss: &str| self.issuers.iter().any(|issuer| **issuer == *iss);
        match self.issuers.is_empty() || claims.iss.as_deref().is_some_and(is_known) {
            true => Ok(()),
            false => Err(TokenErrorKind::WrongIssuer.into()),
        }
    }

    /// A verifier that has no audience refuses tokens that have one: they are meant for someone (RFC 7519 §4.1.3).
    fn check_audience(&self, claims: &Claims<'_>) -> Result<(), TokenError> {
        let accepted = match claims.audience {
            _ if self.any_audience => true,
            Audience::Accepted => true,
            Audience::Absent => !self.has_audience,
            Audience::Others => false,
        };
        match accepted {
            true => Ok(()),
            false => Err(TokenErrorKind::WrongAudience.into()),
        }
    }

    fn check_purpose(&self, claims: &Claims<'_>, media_type: MediaType) -> Result<(), TokenError> {
        if self.only_id_tokens {
            return check_id_token(claims, media_type);
        }
        if !media_type.suits(self.purpose, self.only_access_tokens) {
            return Err(TokenErrorKind::WrongType.into());
        }
        let suits = match claims.token_use.as_deref() {
            Some(token_use) => token_use == self.purpose.as_str(),
            // Other issuers do not know our claim, and they issue access tokens.
            None => self.purpose == Purpose::Access && !is_known_otherwise(claims),
        };
        match suits {
            true => Ok(()),
            false => Err(TokenErrorKind::WrongPurpose.into()),
        }
    }
}

/// An ID token says nothing of its purpose, or `token_use: id` (Amazon Cognito), or `typ: ID` (Keycloak); it is never said to be
/// an access token.
fn check_id_token(claims: &Claims<'_>, media_type: MediaType) -> Result<(), TokenError> {
    let is_id = |name: Option<&str>| name.is_none_or(|name| name.eq_ignore_ascii_case("id"));
    if !matches!(media_type, MediaType::Absent | MediaType::Jwt) {
        return Err(TokenErrorKind::WrongType.into());
    }
    match is_id(claims.token_use.as_deref()) && is_id(claims.kind.as_deref()) {
        true => Ok(()),
        false => Err(TokenErrorKind::WrongPurpose.into()),
    }
}

/// Whether the token shows in other issuers' ways that it is no access token: an ID token's hashes (OpenID Connect Core
/// §3.1.3.6), or the claim `typ` of Keycloak.
fn is_known_otherwise(claims: &Claims<'_>) -> bool {
    let is_access =
        |kind: &str| kind.eq_ignore_ascii_case("bearer") || kind.eq_ignore_ascii_case("jwt");
    claims.has_id_token_hash || claims.kind.as_deref().is_some_and(|kind| !is_access(kind))
}
