use std::fmt;

/// What a token was issued for. It stands in the claim `token_use`; a verifier accepts exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Purpose {
    /// To be shown with each request.
    #[default]
    Access,
    /// To get a new access token.
    Refresh,
    /// To prove that an e-mail address is one's own.
    Verify,
    /// To set a new password.
    Reset,
    /// To go on with a login that waits for its second factor.
    Mfa,
}

impl Purpose {
    /// The value of `token_use`: `access`, `refresh`, `verify`, `reset` or `mfa`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Refresh => "refresh",
            Self::Verify => "verify",
            Self::Reset => "reset",
            Self::Mfa => "mfa",
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
