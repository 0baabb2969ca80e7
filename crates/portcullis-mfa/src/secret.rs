//! What leaves this crate and must not be logged.

use std::fmt;

use zeroize::Zeroizing;

/// A text that is secret: wiped when dropped, without `Display` and `Serialize`, and not shown by `Debug`.
///
/// ```
/// use portcullis_mfa::Totp;
///
/// let secret = Totp::generate()?.secret_base32();
/// assert_eq!(secret.expose().len(), 32);
/// assert_eq!(format!("{secret:?}"), "SecretText(redacted)");
/// # Ok::<(), portcullis_mfa::RandomnessUnavailable>(())
/// ```
#[derive(Clone)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    pub(crate) fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text. Show it to its owner; never log it, never store it in the clear.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(redacted)")
    }
}

/// Bytes that are secret: wiped when dropped, without `Serialize`, and not shown by `Debug`.
///
/// [`SealingKeys::open`](crate::SealingKeys::open) gives them, and [`Totp::to_bytes`](crate::Totp::to_bytes).
#[derive(Clone)]
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes. Never log them, never store them in the clear.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(redacted)")
    }
}
