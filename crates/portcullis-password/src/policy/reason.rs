//! Why a password is weak.

use std::fmt;

use crate::PasswordTooLong;

/// One thing that is wrong with a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum WeakReason {
    /// Too short, or longer than [`MAX_PASSWORD_BYTES`](crate::MAX_PASSWORD_BYTES).
    Length,
    /// No upper-case letter.
    Uppercase,
    /// No number.
    Number,
    /// No symbol.
    Symbol,
    /// On the list of common passwords.
    Common,
    /// Known from a breach.
    Pwned,
    /// Like the user's name or address, or the service's name.
    Similar,
}

impl WeakReason {
    /// The stable code: `length`, `uppercase`, `number`, `symbol`, `common`, `pwned` or `similar`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Uppercase => "uppercase",
            Self::Number => "number",
            Self::Symbol => "symbol",
            Self::Common => "common",
            Self::Pwned => "pwned",
            Self::Similar => "similar",
        }
    }
}

/// A password that a policy refuses, with every reason, each once, in the order of [`WeakReason`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeakPassword {
    reasons: Vec<WeakReason>,
}

impl WeakPassword {
    pub(super) fn unless_empty(reasons: Vec<WeakReason>) -> Result<(), Self> {
        if reasons.is_empty() {
            Ok(())
        } else {
            Err(Self { reasons })
        }
    }

    /// What is wrong; never empty.
    #[must_use]
    pub fn reasons(&self) -> &[WeakReason] {
        &self.reasons
    }

    /// The reasons' stable codes.
    #[must_use]
    pub fn codes(&self) -> Vec<&'static str> {
        self.reasons.iter().map(|reason| reason.code()).collect()
    }
}

impl From<PasswordTooLong> for WeakPassword {
    fn from(_: PasswordTooLong) -> Self {
        Self {
            reasons: vec![WeakReason::Length],
        }
    }
}

impl fmt::Display for WeakPassword {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "the password is too weak: {}",
            self.codes().join(", ")
        )
    }
}

impl std::error::Error for WeakPassword {}
