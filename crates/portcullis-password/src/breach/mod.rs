//! Passwords known from breaches.

mod digest;
mod file;
mod list;
mod range;

use std::fmt::Debug;
use std::pin::Pin;

pub use file::BreachedFile;
pub use list::BreachedList;
pub use range::{BreachedRanges, RangeFuture, RangeRequest, RangeSource, RangeUnavailable};

use crate::Password;

/// What [`BreachedPasswords::check`] returns.
pub type BreachFuture<'a> = Pin<Box<dyn Future<Output = BreachOutcome> + Send + 'a>>;

/// Knows which passwords were in a breach. Off unless an application gives one to whoever sets passwords.
///
/// A check that cannot be made says so and does not fail: [`BreachOutcome::Unknown`] passes the policy, and is there to be
/// written into the audit trail. Checks made at login should at most warn, never refuse.
///
/// ```
/// use portcullis_password::{BreachOutcome, BreachedList, BreachedPasswords, Password, PasswordPolicy, PolicyContext};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let breached = BreachedList::of_passwords(["tr0ub4dor&3"]);
/// let password = Password::new("tr0ub4dor&3")?;
/// let outcome = breached.check(&password).await;
/// assert_eq!(outcome, BreachOutcome::Breached { times: 1 });
///
/// let context = PolicyContext::new().breach(outcome);
/// let weak = PasswordPolicy::default().check(&password, &context).unwrap_err();
/// assert_eq!(weak.codes(), ["pwned"]);
/// # Ok(())
/// # }
/// ```
pub trait BreachedPasswords: Debug + Send + Sync + 'static {
    /// Looks the password up in its normalised form.
    fn check<'a>(&'a self, password: &'a Password) -> BreachFuture<'a>;
}

/// What a breach check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreachOutcome {
    /// In no breach that is known.
    NotFound,
    /// In a breach.
    Breached {
        /// How many times it was seen; 1 where the source does not count.
        times: u64,
    },
    /// The source could not be asked, or answered nonsense.
    Unknown,
}

impl BreachOutcome {
    /// Whether the password is known from a breach. An unknown outcome is not: the check fails open.
    #[must_use]
    pub const fn is_breached(self) -> bool {
        matches!(self, Self::Breached { .. })
    }

    /// Whether the check could not be made, which belongs in the audit trail.
    #[must_use]
    pub const fn is_unknown(self) -> bool {
        matches!(self, Self::Unknown)
    }

    const fn seen(times: u64) -> Self {
        if times == 0 {
            Self::NotFound
        } else {
            Self::Breached { times }
        }
    }
}
