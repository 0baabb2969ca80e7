use std::fmt;

/// A setting that a provider cannot be built with. The message never shows a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    kind: ConfigErrorKind,
    detail: &'static str,
}

/// Which setting a [`ConfigError`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConfigErrorKind {
    /// The name is not `[a-z][a-z0-9-]{0,31}`.
    InvalidName,
    /// The client id is empty, or has characters that RFC 6749 (appendix A.1) does not allow.
    InvalidClientId,
    /// The client secret is empty, or has characters that RFC 6749 (appendix A.2) does not allow.
    InvalidClientSecret,
    /// An address is not an absolute `https` URL without user name and fragment.
    InvalidUrl,
    /// A scope is not one (RFC 6749 §3.3), or `openid` is missing where ID tokens are needed.
    InvalidScope,
    /// A parameter of the authorization request is this crate's to set, or there is one twice.
    ReservedParameter,
    /// There is no algorithm for ID tokens, or a symmetric one.
    InvalidAlgorithm,
    /// The timeout or the size limit is zero.
    InvalidLimit,
    /// The certificate authorities in PEM are none.
    InvalidCertificates,
    /// The setting is for another kind of provider.
    NotForThisProvider,
}

impl ConfigError {
    pub(crate) fn new(kind: ConfigErrorKind, detail: &'static str) -> Self {
        Self { kind, detail }
    }

    /// Which setting it is about.
    #[must_use]
    pub fn kind(&self) -> ConfigErrorKind {
        self.kind
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.detail)
    }
}

impl std::error::Error for ConfigError {}
