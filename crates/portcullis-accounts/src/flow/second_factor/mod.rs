//! What stands between the first factor and a session.

mod challenge;
mod code;

pub use self::challenge::Challenge;
pub(super) use self::challenge::FirstFactor;
