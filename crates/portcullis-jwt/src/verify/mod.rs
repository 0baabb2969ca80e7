//! Verifying tokens.

mod base64url;
mod builder;
mod claims;
mod error;
mod header;
mod json;
mod mapping;
mod open;
mod path;
mod pick;
mod rules;
mod token;
mod verifier;

pub use self::builder::VerifierBuilder;
pub use self::error::{TokenError, TokenErrorKind};
pub(crate) use self::header::KnownHeader;
pub(crate) use self::open::LONGEST_TOKEN;
pub use self::path::ClaimPath;
pub(crate) use self::rules::Validity;
pub use self::token::VerifiedToken;
pub use self::verifier::Verifier;
