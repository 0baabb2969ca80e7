//! JSON Web Tokens for Portcullis: keys and their rotation, issuing, verifying, JWKS, and the bearer scheme.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod algorithm;
mod key;
#[cfg(feature = "remote")]
pub mod remote;
mod ring;
mod verify;

pub use self::algorithm::Algorithm;
pub use self::key::{
    HmacKey, KeyError, KeyErrorKind, KeySet, KeySource, KeysUnavailable, SigningKey, VerifyingKey,
};
#[cfg(feature = "remote")]
pub use self::remote::RemoteKeys;
pub use self::ring::KeyRing;
