//! Keys and tokens, new for every run.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256};
use serde::{Deserialize, Serialize};

pub(crate) const ISSUER: &str = "https://id.example";
pub(crate) const KID: &str = "k1";
pub(crate) const AUDIENCE: &str = "api";
pub(crate) const SECRET: &str = "a secret of the benches, of 48 bytes, for HS256 ";

/// The claims of every token: about 140 bytes of JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) sub: String,
    pub(crate) iss: String,
    pub(crate) aud: String,
    pub(crate) exp: u64,
    pub(crate) iat: u64,
    pub(crate) jti: String,
    pub(crate) scope: String,
}

impl Claims {
    fn of(user: usize) -> Self {
        let now = now();
        Self {
            sub: format!("u-{user:06}"),
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            exp: (now + Duration::from_secs(3600)).as_secs(),
            iat: now.as_secs(),
            jti: format!("{user:016x}"),
            scope: "read write".to_owned(),
        }
    }
}

/// The time since 1970.
pub(crate) fn now() -> Duration {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("the clock of a bench is not set to before 1970")
}

/// Somebody who signs tokens.
pub(crate) struct Issuer {
    pub(crate) algorithm: Algorithm,
    key: EncodingKey,
    kid: &'static str,
    /// The public key as PEM; empty for HS256.
    pub(crate) public_pem: String,
    /// The public key as aws-lc-rs takes it; empty for HS256.
    pub(crate) public_raw: Vec<u8>,
}

impl Issuer {
    pub(crate) fn hs256() -> Self {
        Self {
            algorithm: Algorithm::HS256,
            key: EncodingKey::from_secret(SECRET.as_bytes()),
            kid: KID,
            public_pem: String::new(),
            public_raw: Vec::new(),
        }
    }

    pub(crate) fn rs256() -> Self {
        Self::with_pair(
            &PKCS_RSA_SHA256,
            Algorithm::RS256,
            EncodingKey::from_rsa_pem,
        )
    }

    pub(crate) fn es256() -> Self {
        Self::with_pair(
            &PKCS_ECDSA_P256_SHA256,
            Algorithm::ES256,
            EncodingKey::from_ec_pem,
        )
    }

    pub(crate) fn eddsa() -> Self {
        Self::with_pair(&PKCS_ED25519, Algorithm::EdDSA, EncodingKey::from_ed_pem)
    }

    fn with_pair(
        kind: &'static rcgen::SignatureAlgorithm,
        algorithm: Algorithm,
        key: fn(&[u8]) -> jsonwebtoken::errors::Result<EncodingKey>,
    ) -> Self {
        let pair = KeyPair::generate_for(kind).expect("the system has randomness");
        Self {
            algorithm,
            key: key(pair.serialize_pem().as_bytes()).expect("a new key is well-formed"),
            kid: KID,
            public_pem: pair.public_key_pem(),
            public_raw: pair.public_key_raw().to_vec(),
        }
    }

    /// The same key under another name.
    pub(crate) fn with_kid(self, kid: &'static str) -> Self {
        Self { kid, ..self }
    }

    pub(crate) fn is_symmetric(&self) -> bool {
        self.algorithm == Algorithm::HS256
    }

    /// The algorithm as Portcullis names it.
    pub(crate) fn ours(&self) -> portcullis_jwt::Algorithm {
        match self.algorithm {
            Algorithm::HS256 => portcullis_jwt::Algorithm::Hs256,
            Algorithm::RS256 => portcullis_jwt::Algorithm::Rs256,
            Algorithm::ES256 => portcullis_jwt::Algorithm::Es256,
            _ => portcullis_jwt::Algorithm::EdDsa,
        }
    }

    /// The token of a user; always another one for another user.
    pub(crate) fn token(&self, user: usize) -> String {
        let mut header = Header::new(self.algorithm);
        header.kid = Some(self.kid.to_owned());
        encode(&header, &Claims::of(user), &self.key).expect("the claims can be written")
    }

    /// The tokens of so many users.
    pub(crate) fn tokens(&self, users: usize) -> Vec<String> {
        (0..users).map(|user| self.token(user)).collect()
    }
}
