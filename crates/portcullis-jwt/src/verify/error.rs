use std::fmt;

/// Why a token is refused.
///
/// [`code`](Self::code) is stable and meant for logs, counters and the application's own decisions. It is not what a stranger is
/// told: the HTTP answer says `invalid_token` and one of a few short texts, see [`TokenError::description`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenError {
    kind: TokenErrorKind,
}

/// The reasons for which a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenErrorKind {
    /// It is not a signed token in compact form, or its JSON is not as it must be: base64url with padding, a member twice, a date
    /// that is no number, five parts (an encrypted token).
    Malformed,
    /// It is longer than the verifier takes.
    TooLong,
    /// Its header names another algorithm than its key has; `none` among them.
    WrongAlgorithm,
    /// Its header demands an extension (`crit`, RFC 7515 §4.1.11); none is supported.
    UnsupportedCritical,
    /// There is no key of its `kid`, or it has none and there is more than one key.
    UnknownKey,
    /// The signature is not that of the key.
    BadSignature,
    /// `exp` is past.
    Expired,
    /// `nbf` or `iat` is yet to come.
    NotYetValid,
    /// `iss` is another one, or is not there.
    WrongIssuer,
    /// `aud` names others, is not there, or is there and the verifier has no audience.
    WrongAudience,
    /// `typ` says that it is another kind of token.
    WrongType,
    /// It was issued for another purpose: a refresh token where an access token must be, for example.
    WrongPurpose,
    /// A claim that must be there is not: `exp`, `sub`, or `iat` where tokens can be revoked.
    MissingClaim,
    /// It was taken back.
    Revoked,
    /// The keys cannot be had at the moment, so that nothing can be decided.
    KeysUnavailable,
}

impl TokenError {
    /// The reason.
    #[must_use]
    pub const fn kind(self) -> TokenErrorKind {
        self.kind
    }

    /// The reason as a stable text in snake_case: `expired`, `bad_signature` …
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self.kind {
            TokenErrorKind::Malformed => "malformed",
            TokenErrorKind::TooLong => "too_long",
            TokenErrorKind::WrongAlgorithm => "wrong_algorithm",
            TokenErrorKind::UnsupportedCritical => "unsupported_critical",
            TokenErrorKind::UnknownKey => "unknown_key",
            TokenErrorKind::BadSignature => "bad_signature",
            TokenErrorKind::Expired => "expired",
            TokenErrorKind::NotYetValid => "not_yet_valid",
            TokenErrorKind::WrongIssuer => "wrong_issuer",
            TokenErrorKind::WrongAudience => "wrong_audience",
            TokenErrorKind::WrongType => "wrong_type",
            TokenErrorKind::WrongPurpose => "wrong_purpose",
            TokenErrorKind::MissingClaim => "missing_claim",
            TokenErrorKind::Revoked => "revoked",
            TokenErrorKind::KeysUnavailable => "keys_unavailable",
        }
    }

    /// What a stranger may know: enough for an honest client to help itself, nothing about keys and configuration.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self.kind {
            TokenErrorKind::Expired => "the token has expired",
            TokenErrorKind::NotYetValid => "the token is not valid yet",
            TokenErrorKind::Revoked => "the token was revoked",
            TokenErrorKind::Malformed | TokenErrorKind::TooLong => "the token is malformed",
            _ => "the token is not accepted here",
        }
    }
}

impl From<TokenErrorKind> for TokenError {
    fn from(kind: TokenErrorKind) -> Self {
        Self { kind }
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            TokenErrorKind::Malformed => "the token is malformed",
            TokenErrorKind::TooLong => "the token is too long",
            TokenErrorKind::WrongAlgorithm => "the token's algorithm is not that of its key",
            TokenErrorKind::UnsupportedCritical => "the token demands an unsupported extension",
            TokenErrorKind::UnknownKey => "there is no key for this token",
            TokenErrorKind::BadSignature => "the token's signature is wrong",
            TokenErrorKind::Expired => "the token has expired",
            TokenErrorKind::NotYetValid => "the token is not valid yet",
            TokenErrorKind::WrongIssuer => "the token is of another issuer",
            TokenErrorKind::WrongAudience => "the token is for another audience",
            TokenErrorKind::WrongType => "the token is of another type",
            TokenErrorKind::WrongPurpose => "the token was issued for another purpose",
            TokenErrorKind::MissingClaim => "the token lacks a claim that it must have",
            TokenErrorKind::Revoked => "the token was revoked",
            TokenErrorKind::KeysUnavailable => "the keys cannot be had at the moment",
        })
    }
}

impl std::error::Error for TokenError {}
