//! What is known about the account whose password is checked.

use std::fmt;

use crate::BreachOutcome;

/// More identifiers than an account has; the rest is not compared, so that a check's cost is bounded.
const MAX_IDENTIFIERS: usize = 32;

/// The account and what a breach check said, for [`PasswordPolicy::check`](crate::PasswordPolicy::check).
///
/// ```
/// use portcullis_password::{Password, PasswordPolicy, PolicyContext};
///
/// let context = PolicyContext::new().identifier("ada.lovelace@example.com").identifier("Ada Lovelace");
/// let weak = PasswordPolicy::default().check(&Password::new("ada-lovelace")?, &context).unwrap_err();
/// assert_eq!(weak.codes(), ["similar"]);
/// # Ok::<(), portcullis_password::PasswordTooLong>(())
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct PolicyContext {
    identifiers: Vec<String>,
    mfa: bool,
    breach: Option<BreachOutcome>,
}

impl PolicyContext {
    /// Nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// An e-mail address, a user name, a person's name: 32 at most, the rest is ignored. Parts of it count too.
    pub fn identifier(mut self, text: impl Into<String>) -> Self {
        if self.identifiers.len() < MAX_IDENTIFIERS {
            self.identifiers.push(text.into());
        }
        self
    }

    /// Whether the account has a second factor.
    pub fn with_mfa(mut self, mfa: bool) -> Self {
        self.mfa = mfa;
        self
    }

    /// What [`BreachedPasswords::check`](crate::BreachedPasswords::check) said of this password. An unknown outcome passes.
    pub fn breach(mut self, outcome: BreachOutcome) -> Self {
        self.breach = Some(outcome);
        self
    }

    pub(super) fn identifiers(&self) -> impl Iterator<Item = &String> {
        self.identifiers.iter()
    }

    pub(super) fn has_mfa(&self) -> bool {
        self.mfa
    }

    pub(super) fn is_breached(&self) -> bool {
        self.breach.is_some_and(BreachOutcome::is_breached)
    }
}

impl fmt::Debug for PolicyContext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PolicyContext")
            .field("identifiers", &self.identifiers.len())
            .field("mfa", &self.mfa)
            .field("breach", &self.breach)
            .finish()
    }
}
