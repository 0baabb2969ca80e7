//! JSON Web Tokens for Portcullis: keys and their rotation, issuing, verifying, JWKS, and the bearer scheme.
//!
//! - Keys are typed and parsed once: an [`HmacKey`] can never stand where a public key must. A [`VerifyingKey`] has one
//!   [`Algorithm`], given when it is configured; what a token's header says is only compared with it.
//! - A [`KeySource`] says which keys count now: a fixed [`KeySet`], a [`KeyRing`] that rotates while it is in use, or keys behind
//!   a URL (feature `remote`).
//! - An [`Issuer`] writes tokens, each for one [`Purpose`]; a [`Verifier`] reads them: the signature first, then what the claims
//!   say, then whether the token was taken back ([`Revocations`]). Verified tokens are kept, and checked again on each hit.
//! - [`Bearer`] is the scheme for an [`AuthnLayer`](portcullis_core::AuthnLayer).
//!
//! ```
//! use portcullis_core::AuthnLayer;
//! use portcullis_jwt::{Algorithm, Bearer, Grant, Issuer, KeyRing, SigningKey, Verifier};
//!
//! let ring = KeyRing::new(SigningKey::generate(Algorithm::Es256).unwrap());
//! let issuer = Issuer::new(ring.clone()).issuer("https://id.example").audience("notes");
//! let verifier = Verifier::builder(ring)
//!     .issuer("https://id.example")
//!     .audience("notes")
//!     .roles_claim("roles")
//!     .build();
//!
//! let private = serde_json::json!({ "roles": ["user"] });
//! let token = issuer.issue_with(&Grant::access("alice").session("s1"), &private).unwrap();
//! assert!(verifier.verify(token.as_str()).unwrap().has_role("user"));
//! let layer = AuthnLayer::new().scheme(Bearer::new(verifier));
//! ```
//!
//! # Cryptography
//!
//! Keys are read, and tokens signed, by jsonwebtoken with its aws-lc-rs provider, which is named here and never taken from the
//! process: it works whichever features another crate of the graph turns on. Signatures are checked by keys that aws-lc-rs parsed
//! once, and HMACs by the sha2 crate with the key's blocks hashed already; jsonwebtoken would do both again for each token.
//!
//! # Features
//!
//! | feature | adds |
//! | --- | --- |
//! | `remote` | `RemoteKeys`: keys from a JWKS URL or an OpenID Connect issuer, by an HTTP client of the application's own |
//! | `http-client` | an HTTP client for it, of hyper and rustls |
//! | `metrics` | counters through the `metrics` façade: verifications by outcome, cache hits and misses |
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
pub use self::ring::{KeyRing, ScheduledKey};
pub(crate) use self::verify::LONGEST_TOKEN;
pub use self::verify::{
    ClaimPath, TokenError, TokenErrorKind, VerifiedToken, Verifier, VerifierBuilder,
};
