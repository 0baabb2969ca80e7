use std::error::Error;
use std::fmt;
use std::sync::Arc;

use portcullis_jwt::{TokenError, TokenErrorKind};

use crate::http::{HttpError, HttpErrorKind};

/// Why a login at a provider, or a question to it, came to nothing.
///
/// [`code`](Self::code) is stable and can be shown to anybody. No text of this error, `Debug` among them, contains a code, a token,
/// a secret, an address or anything that the provider wrote. What the HTTP client said of a broken connection is its
/// [`source`](Error::source), for whoever looks after the machine.
#[derive(Clone)]
pub struct OauthError {
    kind: OauthErrorKind,
    /// Why the ID token was refused.
    token_code: Option<&'static str>,
    /// What the provider said, where that is one of the known codes.
    provider_code: Option<&'static str>,
    source: Option<Arc<HttpError>>,
}

/// What sort of trouble an [`OauthError`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OauthErrorKind {
    /// The application asked for what cannot be: a redirect URI that is none, a state that is too short, a reserved parameter.
    InvalidRequest,
    /// The callback's `state` is missing or another one, or the pending login is another provider's.
    InvalidState,
    /// The pending login is older than 10 minutes.
    StateExpired,
    /// The callback has a parameter twice, or neither or both of `code` and `error`.
    InvalidCallback,
    /// The callback is of another issuer (RFC 9207), or does not say of which although the provider promised to.
    IssuerMismatch,
    /// The user, or the provider on the user's behalf, refused.
    AccessDenied,
    /// The provider answered with another error; see [`OauthError::provider_error_code`].
    ProviderError,
    /// There was no connection, no trust, or no answer that HTTP allows; or the provider's keys could not be had.
    ProviderUnreachable,
    /// The provider did not answer in time.
    ProviderTimeout,
    /// The provider answered with a status that is no success and no OAuth error; redirects are of this kind.
    ProviderStatus,
    /// The answer was longer than allowed.
    ResponseTooLarge,
    /// The answer was not what it has to be.
    InvalidResponse,
    /// The ID token was refused; see [`OauthError::token_code`].
    InvalidIdToken,
    /// The ID token has another `nonce`, or none.
    NonceMismatch,
    /// The user logged in at the provider longer ago than asked for, or the provider does not say when.
    AuthTooOld,
    /// The userinfo endpoint speaks of another user than the ID token.
    SubjectMismatch,
    /// The discovery document speaks for another issuer, or names addresses that are not to be trusted.
    DiscoveryMismatch,
    /// The provider does not say who the user is.
    NoSubject,
    /// The user is not of the organisation that logins are restricted to.
    HostedDomainMismatch,
    /// The operating system gave no randomness.
    RandomnessUnavailable,
}

impl OauthErrorKind {
    /// The kind as a stable text in snake_case.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidState => "invalid_state",
            Self::StateExpired => "state_expired",
            Self::InvalidCallback => "invalid_callback",
            Self::IssuerMismatch => "issuer_mismatch",
            Self::AccessDenied => "access_denied",
            Self::ProviderError => "provider_error",
            Self::ProviderUnreachable => "provider_unreachable",
            Self::ProviderTimeout => "provider_timeout",
            Self::ProviderStatus => "provider_status",
            Self::ResponseTooLarge => "response_too_large",
            Self::InvalidResponse => "invalid_response",
            Self::InvalidIdToken => "invalid_id_token",
            Self::NonceMismatch => "nonce_mismatch",
            Self::AuthTooOld => "auth_too_old",
            Self::SubjectMismatch => "subject_mismatch",
            Self::DiscoveryMismatch => "discovery_mismatch",
            Self::NoSubject => "no_subject",
            Self::HostedDomainMismatch => "hosted_domain_mismatch",
            Self::RandomnessUnavailable => "randomness_unavailable",
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::InvalidRequest => "the request for an authorization is not valid",
            Self::InvalidState => "the callback does not belong to this login",
            Self::StateExpired => "the login was begun too long ago",
            Self::InvalidCallback => "the callback is malformed",
            Self::IssuerMismatch => "the callback is of another issuer",
            Self::AccessDenied => "the login was refused at the provider",
            Self::ProviderError => "the provider answered with an error",
            Self::ProviderUnreachable => "the provider cannot be reached",
            Self::ProviderTimeout => "the provider did not answer in time",
            Self::ProviderStatus => "the provider answered with an unexpected status",
            Self::ResponseTooLarge => "the provider's answer is longer than allowed",
            Self::InvalidResponse => "the provider's answer is not what it has to be",
            Self::InvalidIdToken => "the provider's ID token is not accepted",
            Self::NonceMismatch => "the ID token was issued for another login",
            Self::AuthTooOld => "the login at the provider is too old",
            Self::SubjectMismatch => "the provider speaks of two users",
            Self::DiscoveryMismatch => "the provider's discovery document is not to be trusted",
            Self::NoSubject => "the provider does not say who the user is",
            Self::HostedDomainMismatch => "the user is not of the organisation asked for",
            Self::RandomnessUnavailable => "the operating system gave no randomness",
        }
    }
}

impl OauthError {
    /// What sort of trouble it is.
    #[must_use]
    pub fn kind(&self) -> OauthErrorKind {
        self.kind
    }

    /// The kind as a stable text in snake_case: `invalid_state`, `provider_timeout` …
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// Why the ID token was refused: a code of [`TokenError::code`], or `missing` (there is none), `missing_claim`,
    /// `wrong_authorized_party` (`azp`), `wrong_access_token` (`at_hash`).
    #[must_use]
    pub fn token_code(&self) -> Option<&'static str> {
        self.token_code
    }

    /// What the provider said, where that is a code of RFC 6749, OpenID Connect Core or GitHub's manual; `None` for any other
    /// text, which is never passed on.
    #[must_use]
    pub fn provider_error_code(&self) -> Option<&'static str> {
        self.provider_code
    }

    pub(crate) fn provider(code: Option<&'static str>) -> Self {
        let kind = match code {
            Some("access_denied" | "user_cancelled_login") => OauthErrorKind::AccessDenied,
            _ => OauthErrorKind::ProviderError,
        };
        Self {
            provider_code: code,
            ..kind.into()
        }
    }

    pub(crate) fn id_token(code: &'static str) -> Self {
        Self {
            token_code: Some(code),
            ..OauthErrorKind::InvalidIdToken.into()
        }
    }
}

impl From<OauthErrorKind> for OauthError {
    fn from(kind: OauthErrorKind) -> Self {
        Self {
            kind,
            token_code: None,
            provider_code: None,
            source: None,
        }
    }
}

impl From<HttpError> for OauthError {
    fn from(error: HttpError) -> Self {
        let kind = match error.kind() {
            HttpErrorKind::Unreachable => OauthErrorKind::ProviderUnreachable,
            HttpErrorKind::TimedOut => OauthErrorKind::ProviderTimeout,
            HttpErrorKind::TooLarge => OauthErrorKind::ResponseTooLarge,
        };
        Self {
            source: Some(Arc::new(error)),
            ..kind.into()
        }
    }
}

/// Without its keys, an ID token is neither good nor bad.
impl From<TokenError> for OauthError {
    fn from(error: TokenError) -> Self {
        match error.kind() {
            TokenErrorKind::KeysUnavailable => Self {
                token_code: Some(error.code()),
                ..OauthErrorKind::ProviderUnreachable.into()
            },
            _ => Self::id_token(error.code()),
        }
    }
}

/// Without its source, which may name an address.
impl fmt::Debug for OauthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OauthError")
            .field("kind", &self.kind)
            .field("token_code", &self.token_code)
            .field("provider_code", &self.provider_code)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for OauthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.text())?;
        match self.token_code.or(self.provider_code) {
            Some(code) => write!(f, " ({code})"),
            None => Ok(()),
        }
    }
}

impl Error for OauthError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|error| error as _)
    }
}
