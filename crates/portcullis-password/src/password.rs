//! The secret type for what a person typed.

use std::fmt;
use std::sync::Arc;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};
use zeroize::{Zeroize, Zeroizing};

/// The greatest length of a password in bytes of UTF-8, as received and as normalised.
///
/// Long enough for 64 characters of any script (NIST SP 800-63B-4 §3.1.1.2), short enough that nobody pays for megabytes.
pub const MAX_PASSWORD_BYTES: usize = 1024;

/// A password in plain text: kept in memory only, wiped when the last clone is dropped.
///
/// It has no `Display` and no `Serialize`, and its `Debug` prints `***`. What is hashed is its NFKC form
/// (NIST SP 800-63B-4 §3.1.1.2), so that one password typed on two keyboards is one password.
///
/// ```
/// use portcullis_password::Password;
///
/// let password = Password::new("correct horse battery staple")?;
/// assert_eq!(password.length(), 28);
/// assert_eq!(format!("{password:?}"), "Password(***)");
/// assert!(Password::new("x".repeat(1025)).is_err());
/// # Ok::<(), portcullis_password::PasswordTooLong>(())
/// ```
#[derive(Clone)]
pub struct Password(Arc<Texts>);

struct Texts {
    normalized: Zeroizing<String>,
    /// Only where it differs from the normalised text.
    received: Option<Zeroizing<String>>,
}

impl Password {
    /// Takes what was typed.
    ///
    /// # Errors
    /// [`PasswordTooLong`] above [`MAX_PASSWORD_BYTES`], before or after normalisation. The first check reads only the
    /// length, so that a huge body costs nothing.
    pub fn new(text: impl Into<String>) -> Result<Self, PasswordTooLong> {
        let received = Zeroizing::new(text.into());
        if received.len() > MAX_PASSWORD_BYTES {
            return Err(PasswordTooLong(()));
        }
        let texts = if is_nfkc_quick(received.chars()) == IsNormalized::Yes {
            Texts {
                normalized: received,
                received: None,
            }
        } else {
            Texts {
                normalized: normalize(&received)?,
                received: Some(received),
            }
        };
        Ok(Self(Arc::new(texts)))
    }

    /// The number of code points of the normalised text, which is what a policy counts (NIST SP 800-63B-4 §3.1.1.2).
    #[must_use]
    pub fn length(&self) -> usize {
        self.0.normalized.chars().count()
    }

    /// Whether nothing was typed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.normalized.is_empty()
    }

    /// The normalised text. Never log it, never store it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0.normalized
    }

    /// The text as it was received, for hashes of other systems, which do not normalise. Never log it, never store it.
    #[must_use]
    pub fn expose_as_received(&self) -> &str {
        self.0.received.as_ref().unwrap_or(&self.0.normalized)
    }
}

/// Space is reserved once, because a growing string would leave copies of the secret behind.
fn normalize(received: &str) -> Result<Zeroizing<String>, PasswordTooLong> {
    let mut normalized = Zeroizing::new(String::with_capacity(MAX_PASSWORD_BYTES + 4));
    for character in received.nfkc() {
        normalized.push(character);
        if normalized.len() > MAX_PASSWORD_BYTES {
            normalized.zeroize();
            return Err(PasswordTooLong(()));
        }
    }
    Ok(normalized)
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(***)")
    }
}

/// A password longer than [`MAX_PASSWORD_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordTooLong(());

impl fmt::Display for PasswordTooLong {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "the password is longer than {MAX_PASSWORD_BYTES} bytes"
        )
    }
}

impl std::error::Error for PasswordTooLong {}
