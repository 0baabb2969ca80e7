//! Breached passwords in memory.

use std::fmt;
use std::future;

use super::digest::digest;
use super::{BreachFuture, BreachOutcome, BreachedPasswords};
use crate::Password;

/// A set of SHA-1 digests in memory, 20 bytes each.
///
/// ```
/// use portcullis_password::{BreachOutcome, BreachedList, BreachedPasswords, Password};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), portcullis_password::PasswordTooLong> {
/// let breached = BreachedList::of_passwords(["hunter2"]);
/// assert!(breached.check(&Password::new("hunter2")?).await.is_breached());
/// assert_eq!(breached.check(&Password::new("hunter3")?).await, BreachOutcome::NotFound);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct BreachedList {
    sorted: Vec<[u8; 20]>,
}

impl BreachedList {
    /// Takes SHA-1 digests of passwords, in any order.
    #[must_use]
    pub fn of_digests(digests: impl IntoIterator<Item = [u8; 20]>) -> Self {
        let mut sorted: Vec<_> = digests.into_iter().collect();
        sorted.sort_unstable();
        sorted.dedup();
        Self { sorted }
    }

    /// Takes passwords in plain text, already normalised.
    #[must_use]
    pub fn of_passwords<T: AsRef<str>>(passwords: impl IntoIterator<Item = T>) -> Self {
        Self::of_digests(
            passwords
                .into_iter()
                .map(|password| digest(password.as_ref())),
        )
    }

    fn look_up(&self, password: &Password) -> BreachOutcome {
        let found = self
            .sorted
            .binary_search(&digest(password.expose()))
            .is_ok();
        BreachOutcome::seen(found.into())
    }
}

impl BreachedPasswords for BreachedList {
    fn check<'a>(&'a self, password: &'a Password) -> BreachFuture<'a> {
        Box::pin(future::ready(self.look_up(password)))
    }
}

impl fmt::Debug for BreachedList {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("BreachedList")
            .field("digests", &self.sorted.len())
            .finish()
    }
}
