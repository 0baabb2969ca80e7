//! The keys that access tokens are signed with, where nodes keep them together in the account store.
//!
//! The store says which keys there are and when each begins to sign. Every node reads them once a second, and does the rest by its clock.
//! Whichever node finds first that the next key is due makes it; the store lets one of them.

mod accounts;
mod error;
mod keys;
mod known;
mod next;
mod replace;
mod rotation;
mod sealed;
mod source;
mod trail;

pub use self::error::SigningKeysError;
pub(crate) use self::keys::{Needs, SigningKeys};
pub use self::rotation::KeyRotation;
pub(crate) use self::source::RingOrStore;
pub(crate) use self::trail::Trail;
