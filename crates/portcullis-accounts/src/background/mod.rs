//! What is done beside the requests: mail, uses of keys, revocations of other nodes, old rows.

mod end;
mod feed;
mod revoked;
mod run;
mod trust;
mod uses;

pub(crate) use self::end::Background;
pub use self::feed::{Heard, RevocationFeed};
pub(crate) use self::revoked::Revoked;
pub(crate) use self::run::start;
pub(crate) use self::uses::Uses;
