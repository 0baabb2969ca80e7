use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_core::{SharedClock, SystemClock, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{Grant, IssueError, IssueErrorKind, IssuedToken};
use crate::{KeyRing, LONGEST_TOKEN, SigningKey};

/// How long an access token is good, unless said.
const LIFE: Duration = Duration::from_secs(15 * 60);

/// How far ahead of the clock `iat` may be: half the leeway that verifiers give unless said.
const MOST_AHEAD: Duration = Duration::from_secs(30);

/// The claims that the issuer and the grant write; private claims may not have their names.
const RESERVED: [&str; 15] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "sid",
    "token_use",
    "scope",
    "auth_time",
    "amr",
    "email",
    "email_verified",
    "typ",
];

/// What the header of a token says that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum TokenType {
    /// `JWT` (RFC 7519 §5.1).
    #[default]
    Jwt,
    /// `at+jwt`, for access tokens (RFC 9068 §2.1); tokens for other purposes stay `JWT`.
    AtJwt,
}

/// Issues tokens, with the key of a [`KeyRing`] that signs at the moment.
///
/// Each token has `iat`, `exp`, a `jti` of 128 random bits, and `token_use`. It is good for 15 minutes unless said.
///
/// ```
/// use portcullis_jwt::{Algorithm, Grant, Issuer, KeyRing, SigningKey};
///
/// let ring = KeyRing::new(SigningKey::generate(Algorithm::EdDsa).unwrap());
/// let issuer = Issuer::new(ring)
///     .issuer("https://id.example")
///     .audience("notes")
///     .expires_in_text("7d")
///     .unwrap();
/// let private = serde_json::json!({"roles": ["user"], "plan": "pro"});
/// let token = issuer.issue_with(&Grant::access("alice"), &private).unwrap();
/// assert_eq!(token.as_str().split('.').count(), 3);
/// ```
#[derive(Clone)]
#[must_use]
pub struct Issuer {
    ring: KeyRing,
    issuer: Option<String>,
    audience: Vec<String>,
    expires_in: Duration,
    not_before: Option<Duration>,
    token_type: TokenType,
    clock: SharedClock,
}

impl Issuer {
    /// An issuer that signs with the keys of a ring, or with one key.
    pub fn new(keys: impl Into<KeyRing>) -> Self {
        Self {
            ring: keys.into(),
            issuer: None,
            audience: Vec::new(),
            expires_in: LIFE,
            not_before: None,
            token_type: TokenType::default(),
            clock: SystemClock::shared(),
        }
    }

    /// Writes `iss`.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Writes `aud`; may be said more than once.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience.push(audience.into());
        self
    }

    /// How long a token is good, in whole seconds; 15 minutes unless said.
    pub fn expires_in(mut self, duration: Duration) -> Self {
        self.expires_in = duration;
        self
    }

    /// The same as text: a number and a unit (`s`, `m` for minutes, `h`, `d`, `w`), such as `"15m"` or `"7d"`.
    ///
    /// # Errors
    ///
    /// [`IssueErrorKind::Duration`] if it has another form or is shorter than a second.
    pub fn expires_in_text(self, duration: &str) -> Result<Self, IssueError> {
        let duration = humantime::parse_duration(duration.trim());
        let duration = duration.ok().filter(|duration| duration.as_secs() > 0);
        Ok(self.expires_in(duration.ok_or(IssueErrorKind::Duration)?))
    }

    /// Writes `nbf`, this long after `iat`; not written unless said.
    pub fn not_before(mut self, after: Duration) -> Self {
        self.not_before = Some(after);
        self
    }

    /// What the header of access tokens says; `JWT` unless said.
    pub fn token_type(mut self, token_type: TokenType) -> Self {
        self.token_type = token_type;
        self
    }

    /// Reads the time from this clock instead of the machine's.
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// The keys that this issuer signs with.
    #[must_use]
    pub fn ring(&self) -> &KeyRing {
        &self.ring
    }

    /// Issues a token.
    ///
    /// # Errors
    ///
    /// If it would be too long, or the key cannot sign.
    pub fn issue(&self, grant: &Grant) -> Result<IssuedToken, IssueError> {
        self.issue_with(grant, &Map::new())
    }

    /// Issues a token with private claims: anything that serialises to an object, whose members stand beside the others.
    ///
    /// # Errors
    ///
    /// As [`issue`](Self::issue); [`IssueErrorKind::Claims`] if the claims are not an object; [`IssueErrorKind::ReservedClaim`] if
    /// one of them has the name of a claim that the issuer or the grant writes.
    pub fn issue_with(
        &self,
        grant: &Grant,
        private: &impl Serialize,
    ) -> Result<IssuedToken, IssueError> {
        let now = self.issued_at(grant);
        let life = grant.expires_in.unwrap_or(self.expires_in);
        if life.as_secs() == 0 {
            return Err(IssueErrorKind::Duration.into());
        }
        let expires_at = whole_second(now.saturating_add(life));
        let id = random_id()?;
        let mut claims = private_claims(private)?;
        claims.extend(grant.claims());
        self.register(&mut claims, grant, now);
        claims.insert("exp".to_owned(), expires_at.unix_seconds().into());
        claims.insert("jti".to_owned(), id.as_str().into());
        Ok(IssuedToken {
            token: self.sign(grant, &claims)?,
            id: id.into(),
            issued_at: now,
            expires_at,
        })
    }

    /// Now; a little later where that would be too early: seconds, where a user's tokens were revoked more than once within one.
    /// That a clock was set back is not made up for.
    fn issued_at(&self, grant: &Grant) -> Timestamp {
        let now = whole_second(self.clock.now());
        let next =
            |at: Timestamp| Timestamp::from_unix_seconds(at.unix_seconds().saturating_add(1));
        let latest = now.saturating_add(MOST_AHEAD);
        let first = grant.issued_after.map(next);
        first
            .filter(|first| (now..=latest).contains(first))
            .unwrap_or(now)
    }

    fn register(&self, claims: &mut Map<String, Value>, grant: &Grant, now: Timestamp) {
        claims.insert("token_use".to_owned(), grant.purpose.as_str().into());
        claims.insert("iat".to_owned(), now.unix_seconds().into());
        let not_before = self.not_before.map(|after| now.saturating_add(after));
        if let Some(at) = grant.not_before.or(not_before) {
            claims.insert("nbf".to_owned(), at.unix_seconds().into());
        }
        if let Some(issuer) = grant.issuer.as_ref().or(self.issuer.as_ref()) {
            claims.insert("iss".to_owned(), issuer.as_str().into());
        }
        match grant.audience.as_ref().unwrap_or(&self.audience).as_slice() {
            [] => None,
            [one] => claims.insert("aud".to_owned(), one.as_str().into()),
            several => claims.insert("aud".to_owned(), several.into()),
        };
    }

    fn sign(
        &self,
        grant: &Grant,
        claims: &Map<String, Value>,
    ) -> Result<Zeroizing<String>, IssueError> {
        let key = self.ring.signing_key().ok_or(IssueErrorKind::Unavailable)?;
        let header = self.header(grant, &key);
        let claims = serde_json::to_vec(claims).map_err(|_| IssueErrorKind::Claims)?;
        let mut token = Zeroizing::new(String::with_capacity(1024));
        URL_SAFE_NO_PAD.encode_string(header, &mut token);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let signature = key.sign(token.as_bytes());
        let signature = signature.map_err(|_| IssueErrorKind::Unavailable)?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        match token.len() <= LONGEST_TOKEN {
            true => Ok(token),
            false => Err(IssueErrorKind::TooLong.into()),
        }
    }

    fn header(&self, grant: &Grant, key: &SigningKey) -> String {
        let typ = match (self.token_type, grant.purpose) {
            (TokenType::AtJwt, crate::Purpose::Access) => "at+jwt",
            _ => "JWT",
        };
        let mut header = Map::new();
        header.insert("alg".to_owned(), key.algorithm().as_str().into());
        header.insert("typ".to_owned(), typ.into());
        if let Some(kid) = key.kid() {
            header.insert("kid".to_owned(), kid.into());
        }
        Value::Object(header).to_string()
    }
}

fn private_claims(private: &impl Serialize) -> Result<Map<String, Value>, IssueError> {
    let Ok(Value::Object(claims)) = serde_json::to_value(private) else {
        return Err(IssueErrorKind::Claims.into());
    };
    match claims.keys().any(|name| RESERVED.contains(&name.as_str())) {
        true => Err(IssueErrorKind::ReservedClaim.into()),
        false => Ok(claims),
    }
}

/// `iat` is written in whole seconds: some verifiers take no others.
fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_unix_seconds(at.unix_seconds())
}

fn random_id() -> Result<String, IssueError> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(|_| IssueErrorKind::Unavailable)?;
    Ok(URL_SAFE_NO_PAD.encode(id))
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer")
            .field("ring", &self.ring)
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}
