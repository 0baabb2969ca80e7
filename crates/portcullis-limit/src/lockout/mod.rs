//! Shutting out who guesses.

mod attempt;
mod future;
mod guard;
mod layer;
#[expect(clippy::module_inception, reason = "the folder's subject")]
mod lockout;
mod places;
mod service;
mod steps;
mod store;
mod subject;

pub use self::attempt::{Checked, Lock, LockedBy, LockoutStatus, Reservation};
pub use self::future::LockoutFuture;
pub use self::guard::{Attempted, LockoutKey};
pub use self::layer::LockoutLayer;
pub use self::lockout::Lockout;
pub use self::service::LockoutService;
pub use self::steps::Steps;
pub use self::store::{Counted, CountedFailure, Counter, LockoutStore, Standing};
pub use self::subject::Subject;
