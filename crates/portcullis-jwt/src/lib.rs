//! JSON Web Tokens for Portcullis: keys and their rotation, issuing, verifying, JWKS, and the bearer scheme.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod algorithm;
mod bearer;
mod cache;
mod issue;
mod key;
mod observe;
mod purpose;
mod random;
#[cfg(feature = "remote")]
pub mod remote;
mod revocations;
mod ring;
mod verify;

pub use self::algorithm::Algorithm;
pub use self::bearer::Bearer;
pub use self::issue::{Grant, IssueError, IssueErrorKind, IssuedToken, Issuer, TokenType};
pub use self::key::{
    HmacKey, KeyError, KeyErrorKind, KeySet, KeySource, KeysUnavailable, SigningKey, VerifyingKey,
};
pub use self::purpose::Purpose;
#[cfg(feature = "remote")]
pub use self::remote::RemoteKeys;
pub use self::revocations::{Revocation, Revocations};
pub use self::ring::KeyRing;
pub(crate) use self::verify::LONGEST_TOKEN;
pub use self::verify::{
    ClaimPath, TokenError, TokenErrorKind, VerifiedToken, Verifier, VerifierBuilder,
};
