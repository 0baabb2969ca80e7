//! Keys of the crypto library's, and tokens made by hand with whatever header and claims an enemy likes.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use portcullis_jwt::{Algorithm, KeySet, VerifyingKey};
use serde_json::{Value, json};
use sha2::Sha256;

pub(crate) fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A key with which a provider signs.
pub(crate) struct Key {
    kid: String,
    pair: Pair,
}

enum Pair {
    Es256(EcdsaKeyPair),
    Rs256(Box<RsaKeyPair>),
    EdDsa(Ed25519KeyPair),
}

impl Key {
    pub(crate) fn es256(kid: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self::of(kid, Pair::Es256(pair))
    }

    pub(crate) fn rs256(kid: &str) -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        Self::of(kid, Pair::Rs256(Box::new(pair)))
    }

    pub(crate) fn ed_dsa(kid: &str) -> Self {
        Self::of(kid, Pair::EdDsa(Ed25519KeyPair::generate().unwrap()))
    }

    fn of(kid: &str, pair: Pair) -> Self {
        let kid = kid.to_owned();
        Self { kid, pair }
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        match self.pair {
            Pair::Es256(_) => Algorithm::Es256,
            Pair::Rs256(_) => Algorithm::Rs256,
            Pair::EdDsa(_) => Algorithm::EdDsa,
        }
    }

    pub(crate) fn public_der(&self) -> Vec<u8> {
        let x509 = |key: Result<PublicKeyX509Der<'static>, _>| key.unwrap().as_ref().to_vec();
        match &self.pair {
            Pair::Es256(pair) => x509(pair.public_key().as_der()),
            Pair::Rs256(pair) => pair.public_key().as_ref().to_vec(),
            Pair::EdDsa(pair) => x509(pair.public_key().as_der()),
        }
    }

    fn verifying(&self) -> VerifyingKey {
        let key = VerifyingKey::from_der(self.algorithm(), self.public_der()).unwrap();
        key.with_kid(self.kid.as_str())
    }

    /// A token with the header that it should have.
    pub(crate) fn token(&self, claims: &Value) -> String {
        let header = json!({"alg": self.algorithm().as_str(), "kid": self.kid, "typ": "JWT"});
        self.token_with(&header, claims)
    }

    /// A token with any header.
    pub(crate) fn token_with(&self, header: &Value, claims: &Value) -> String {
        let message = message(header, claims);
        let signature = self.sign(message.as_bytes());
        format!("{message}.{}", b64(signature))
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Es256(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Pair::EdDsa(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .unwrap();
                signature
            }
        }
    }
}

pub(crate) fn message(header: &Value, claims: &Value) -> String {
    format!("{}.{}", b64(header.to_string()), b64(claims.to_string()))
}

/// A token signed with a text that both sides know.
pub(crate) fn hs256(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let message = message(header, claims);
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret).unwrap();
    mac.update(message.as_bytes());
    format!("{message}.{}", b64(mac.finalize().into_bytes()))
}

/// The keys as a provider publishes them.
pub(crate) fn jwks(keys: &[&Key]) -> Value {
    let keys = keys.iter().map(|key| key.verifying());
    serde_json::from_str(&KeySet::new(keys).unwrap().to_jwks()).unwrap()
}
