//! Keys: typed, parsed once, each with one algorithm.

mod error;
mod hmac;
mod jwk;
mod pem;
mod prepared;
mod public;
mod set;
mod signing;
mod source;
mod verifying;

pub use self::error::{KeyError, KeyErrorKind};
pub use self::hmac::HmacKey;
pub use self::set::KeySet;
pub use self::signing::SigningKey;
pub use self::source::{KeySource, KeysUnavailable};
pub use self::verifying::VerifyingKey;
