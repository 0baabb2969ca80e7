//! The keys that sign and verify tokens, from whichever place the settings name.

use std::path::Path;

use portcullis::jwt::{Algorithm, HmacKey, KeySource, RemoteKeys, SigningKey};
use portcullis::{Issuer, KeyRing, Verifier};

use crate::secret;
use crate::settings::{Keys, Settings, Stop};

/// What verifies tokens, and what issues them, where this server is the issuer.
pub(crate) struct Tokens {
    pub(crate) verifier: Verifier,
    pub(crate) issuer: Option<Issuer>,
}

impl Tokens {
    pub(crate) async fn new(settings: &Settings) -> Result<Self, Stop> {
        match &settings.keys {
            Keys::Own => secret::load_or_create(Path::new("portcullis.secret"))
                .map(|secret| with_secret(settings, &secret)),
            Keys::Secret(secret) => HmacKey::new(secret)
                .map(|secret| with_secret(settings, &secret))
                .map_err(|error| Stop::Wrong(format!("the JWT secret: {error}"))),
            Keys::PrivateKey(path) => {
                private_key(path).map(|key| with_ring(settings, &KeyRing::new(key)))
            }
            Keys::JwksUrl(url) => remote_keys(settings, url).await,
        }
    }

    /// The public halves of this server's keys, for those who verify its tokens elsewhere.
    pub(crate) fn jwks(&self) -> String {
        let own = self.issuer.as_ref().map(|issuer| issuer.ring().to_jwks());
        own.unwrap_or_else(|| r#"{"keys":[]}"#.to_owned())
    }
}

fn with_secret(settings: &Settings, secret: &HmacKey) -> Tokens {
    with_ring(settings, &KeyRing::new(SigningKey::hs256(secret)))
}

fn with_ring(settings: &Settings, ring: &KeyRing) -> Tokens {
    let mut issuer = Issuer::new(ring.clone()).expires_in(settings.token_life);
    if let Some(name) = &settings.issuer {
        issuer = issuer.issuer(name);
    }
    if let Some(audience) = &settings.audience {
        issuer = issuer.audience(audience);
    }
    Tokens {
        verifier: verifier(settings, ring.clone()),
        issuer: Some(issuer),
    }
}

async fn remote_keys(settings: &Settings, url: &str) -> Result<Tokens, Stop> {
    let keys = RemoteKeys::jwks(url)
        .with_insecure_http_for_loopback()
        .build()
        .map_err(|error| Stop::Wrong(format!("--jwks-url: {error}")))?;
    if let Err(error) = keys.ready().await {
        tracing::warn!("--jwks-url: {error}; requests will have it tried again");
    }
    Ok(Tokens {
        verifier: verifier(settings, keys),
        issuer: None,
    })
}

fn verifier(settings: &Settings, keys: impl KeySource) -> Verifier {
    let mut builder = Verifier::builder(keys)
        .roles_claim("roles")
        .permissions_claim("permissions");
    if let Some(name) = &settings.issuer {
        builder = builder.issuer(name.as_str());
    }
    if let Some(audience) = &settings.audience {
        builder = builder.audience(audience.as_str());
    }
    builder.build()
}

/// The key says by itself which of the three kinds it is.
fn private_key(path: &str) -> Result<SigningKey, Stop> {
    let pem = std::fs::read(path)
        .map_err(|error| Stop::Wrong(format!("JWT_PRIVATE_KEY {path}: {error}")))?;
    [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256]
        .into_iter()
        .find_map(|algorithm| SigningKey::from_pem(algorithm, &pem).ok())
        .ok_or_else(|| {
            Stop::Wrong(format!(
                "JWT_PRIVATE_KEY {path}: not a PEM key of RSA, P-256 or Ed25519"
            ))
        })
}
