//! What a new password must be.

mod common;
mod context;
mod reason;
mod similar;

pub use common::CommonPasswords;
pub use context::PolicyContext;
pub use reason::{WeakPassword, WeakReason};

use crate::Password;
use similar::Similarity;

/// Rules for new passwords. Every rule can be set alone; a check names everything that is wrong at once.
///
/// | | `default()` | `nist()` | `compat()` |
/// | --- | --- | --- | --- |
/// | code points, at least | 8 | 15, or 8 once the account has a second factor | 8 |
/// | bytes, at most | 1024 | 1024 | 1024 |
/// | upper case, number, symbol | no | no | each |
/// | not a common password | yes | yes | no |
/// | not similar to the user's identifiers or the context words | yes | yes | no |
///
/// The default starts at the 8 of ASVS 5.0 6.2.1, which recommends 15: choose `nist()` where the password is the only factor.
/// Check when a password is set, never when it is used.
///
/// ```
/// use portcullis_password::{Password, PasswordPolicy, PolicyContext, WeakReason};
///
/// let policy = PasswordPolicy::compat().min_length(12);
/// let weak = policy.check(&Password::new("secret")?, &PolicyContext::new()).unwrap_err();
/// assert_eq!(weak.codes(), ["length", "uppercase", "number", "symbol"]);
/// # Ok::<(), portcullis_password::PasswordTooLong>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct PasswordPolicy {
    min_length: usize,
    min_length_with_mfa: Option<usize>,
    uppercase: bool,
    numbers: bool,
    symbols: bool,
    common: Option<CommonPasswords>,
    similar: bool,
    context_words: Vec<String>,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self {
            min_length: 8,
            min_length_with_mfa: None,
            uppercase: false,
            numbers: false,
            symbols: false,
            common: Some(CommonPasswords::embedded()),
            similar: true,
            context_words: Vec::new(),
        }
    }
}

impl PasswordPolicy {
    /// NIST SP 800-63B-4 §3.1.1.2: 15 code points, or 8 beside a second factor; blocklist; no composition rules.
    pub fn nist() -> Self {
        Self {
            min_length: 15,
            min_length_with_mfa: Some(8),
            ..Self::default()
        }
    }

    /// Eight code points with an upper-case letter, a number and a symbol, and nothing else, as older systems ask for.
    ///
    /// NIST SP 800-63B-4 forbids such rules (they make passwords worse): use them only where a contract does.
    pub fn compat() -> Self {
        Self {
            uppercase: true,
            numbers: true,
            symbols: true,
            common: None,
            similar: false,
            ..Self::default()
        }
    }

    /// The fewest code points after normalisation, for every account.
    pub fn min_length(mut self, code_points: usize) -> Self {
        (self.min_length, self.min_length_with_mfa) = (code_points, None);
        self
    }

    /// The fewest code points for an account with a second factor ([`PolicyContext::with_mfa`]).
    pub fn min_length_with_mfa(mut self, code_points: usize) -> Self {
        self.min_length_with_mfa = Some(code_points);
        self
    }

    /// Whether a character must be upper case (Unicode `Uppercase`).
    pub fn require_uppercase(mut self, required: bool) -> Self {
        self.uppercase = required;
        self
    }

    /// Whether a character must be a number (Unicode categories Nd, Nl, No).
    pub fn require_numbers(mut self, required: bool) -> Self {
        self.numbers = required;
        self
    }

    /// Whether a character must be a symbol: not alphanumeric, not white space, not a control character.
    pub fn require_symbols(mut self, required: bool) -> Self {
        self.symbols = required;
        self
    }

    /// Which passwords are too common; `None` for no such list.
    pub fn common_passwords(mut self, list: Option<CommonPasswords>) -> Self {
        self.common = list;
        self
    }

    /// Whether a password may not resemble the user's identifiers or the context words.
    pub fn refuse_similar(mut self, refused: bool) -> Self {
        self.similar = refused;
        self
    }

    /// A word that anybody would guess for this service: its name, the company's, the product's (ASVS 5.0 6.1.2).
    pub fn context_word(mut self, word: impl Into<String>) -> Self {
        self.context_words.push(word.into());
        self
    }

    /// Checks a new password.
    ///
    /// # Errors
    /// [`WeakPassword`] with everything that is wrong.
    pub fn check(&self, password: &Password, context: &PolicyContext) -> Result<(), WeakPassword> {
        let text = password.expose();
        let any = |test: fn(char) -> bool| text.chars().any(test);
        let findings = [
            (
                WeakReason::Length,
                password.length() < self.least_length(context),
            ),
            (
                WeakReason::Uppercase,
                self.uppercase && !any(char::is_uppercase),
            ),
            (WeakReason::Number, self.numbers && !any(char::is_numeric)),
            (WeakReason::Symbol, self.symbols && !any(is_symbol)),
            (
                WeakReason::Common,
                self.common.as_ref().is_some_and(|list| list.contains(text)),
            ),
            (WeakReason::Pwned, context.is_breached()),
            (
                WeakReason::Similar,
                self.similar && self.is_similar(text, context),
            ),
        ];
        let reasons = findings
            .into_iter()
            .filter_map(|(reason, found)| found.then_some(reason));
        WeakPassword::unless_empty(reasons.collect())
    }

    fn least_length(&self, context: &PolicyContext) -> usize {
        self.min_length_with_mfa
            .filter(|_| context.has_mfa())
            .unwrap_or(self.min_length)
    }

    fn is_similar(&self, text: &str, context: &PolicyContext) -> bool {
        let similarity = Similarity::of(text);
        context
            .identifiers()
            .chain(&self.context_words)
            .any(|word| similarity.to(word))
    }
}

fn is_symbol(character: char) -> bool {
    !character.is_alphanumeric() && !character.is_whitespace() && !character.is_control()
}
