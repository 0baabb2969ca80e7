//! Providers that run on node.

mod conforming;
mod hostile;
mod packages;
mod process;
mod trick;

pub use self::conforming::{OidcPerson, OidcProvider, OidcSettings};
pub use self::hostile::HostileProvider;
pub use self::trick::{Signature, Trick};
