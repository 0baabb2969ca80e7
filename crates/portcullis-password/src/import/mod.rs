//! Hashes of other systems, so that their users can log in and get a hash of ours.

mod django;
#[cfg(feature = "firebase")]
mod firebase;

use std::fmt::Debug;

pub use django::DjangoPbkdf2;
#[cfg(feature = "firebase")]
pub use firebase::FirebaseScrypt;

use crate::{Bounds, HashError};

/// Reads one foreign format of stored hash. The first login that matches replaces the hash by one of ours.
///
/// An importer is asked only for strings that no format of this crate begins like. A string that two importers recognise
/// goes to the one that was added first.
///
/// ```
/// use portcullis_password::{Bounds, HashError, Importer, Password, PasswordHasher, Verification};
///
/// /// A system that trusted its database with everything.
/// #[derive(Debug)]
/// struct Plain;
///
/// impl Importer for Plain {
///     fn name(&self) -> &'static str {
///         "plain"
///     }
///     fn recognises(&self, stored: &str) -> bool {
///         stored.starts_with("{plain}")
///     }
///     fn memory_bytes(&self, _: &str) -> usize {
///         0
///     }
///     fn verify(&self, password: &str, stored: &str, _: &Bounds) -> Result<bool, HashError> {
///         Ok(stored.strip_prefix("{plain}") == Some(password))
///     }
/// }
///
/// let hasher = PasswordHasher::builder().importer(Plain).build()?;
/// let verification = hasher.verify(&Password::new("old secret")?, "{plain}old secret")?;
/// assert_eq!(verification, Verification::Match { needs_rehash: true });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Importer: Debug + Send + Sync + 'static {
    /// A short name for logs and metrics.
    fn name(&self) -> &'static str;

    /// Whether the string is of this format, by how it begins. Must be cheap.
    fn recognises(&self, stored: &str) -> bool;

    /// The bytes of memory that verifying this string takes; 0 when there is nothing to speak of, or the string is broken.
    fn memory_bytes(&self, stored: &str) -> usize;

    /// Whether the password, as it was received and not normalised, belongs to the hash.
    ///
    /// Compare in constant time, and check the string's parameters against `bounds` before allocating.
    ///
    /// # Errors
    /// [`HashError::malformed`] for a broken string, [`HashError::parameters_refused`] beyond the bounds.
    fn verify(&self, password: &str, stored: &str, bounds: &Bounds) -> Result<bool, HashError>;
}
