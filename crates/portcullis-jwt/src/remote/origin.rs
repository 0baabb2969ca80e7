use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;

use super::url::KeyUrl;
use super::{Fetch, FetchRequest, Fetched, RemoteError, RemoteErrorKind};
use crate::{Algorithm, KeySet};

/// Where the keys are.
#[derive(Debug)]
pub(super) enum Origin {
    /// A JWK set (RFC 7517 §5) at a fixed address.
    Jwks(KeyUrl),
    /// An OpenID Connect issuer, whose discovery document names the address.
    Issuer { issuer: String, document: KeyUrl },
}

/// What may be asked of the network, and how to read its answers.
#[derive(Debug)]
pub(super) struct Limits {
    pub(super) max_bytes: usize,
    pub(super) timeout: Duration,
    pub(super) insecure_loopback: bool,
    /// What RSA keys are for that do not say.
    pub(super) rsa: Algorithm,
}

/// Keys as they came.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) keys: KeySet,
    /// The text they were read from: the same text again is no change.
    pub(super) text: Bytes,
    pub(super) max_age: Option<Duration>,
}

/// The two members of a discovery document that concern keys (OpenID Connect Discovery 1.0 §3).
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl Origin {
    /// The discovery document of an issuer is below the issuer's own address (OpenID Connect Discovery 1.0 §4).
    pub(super) fn issuer(issuer: &str, insecure_loopback: bool) -> Result<Self, RemoteError> {
        if issuer.contains(['?', '#']) {
            return Err(RemoteError::new(
                RemoteErrorKind::InvalidUrl,
                "an issuer has no query and no fragment",
            ));
        }
        let base = issuer.strip_suffix('/').unwrap_or(issuer);
        let document = format!("{base}/.well-known/openid-configuration");
        Ok(Self::Issuer {
            issuer: issuer.to_owned(),
            document: KeyUrl::parse(&document, insecure_loopback)?,
        })
    }

    /// The configured address, to be shown in logs.
    pub(super) fn url(&self) -> &KeyUrl {
        match self {
            Self::Jwks(url) | Self::Issuer { document: url, .. } => url,
        }
    }

    /// Fetches the keys; an issuer is asked for their address every time, because it may move them.
    pub(super) async fn load(
        &self,
        fetch: &dyn Fetch,
        limits: &Limits,
    ) -> Result<Loaded, RemoteError> {
        let answer = match self {
            Self::Jwks(url) => get(fetch, url, limits).await?,
            Self::Issuer { issuer, document } => {
                let discovery = get(fetch, document, limits).await?;
                let url = discovered(&discovery.body, issuer, limits)?;
                get(fetch, &url, limits).await?
            }
        };
        read(answer, limits.rsa)
    }
}

async fn get(fetch: &dyn Fetch, url: &KeyUrl, limits: &Limits) -> Result<Fetched, RemoteError> {
    let request = FetchRequest {
        url: url.uri().clone(),
        max_bytes: limits.max_bytes,
        timeout: limits.timeout,
    };
    let answer = fetch.fetch(request).await?;
    match answer.body.len() > limits.max_bytes {
        true => Err(RemoteError::too_large()),
        false => Ok(answer),
    }
}

/// The issuer must be the configured one to the letter, or another party's document could lend it keys (§4.3).
fn discovered(document: &[u8], issuer: &str, limits: &Limits) -> Result<KeyUrl, RemoteError> {
    let discovery: Discovery = serde_json::from_slice(document).map_err(|_| {
        RemoteError::new(
            RemoteErrorKind::InvalidDocument,
            "the answer is not a discovery document",
        )
    })?;
    if discovery.issuer != issuer {
        return Err(RemoteError::new(
            RemoteErrorKind::IssuerMismatch,
            "the discovery document speaks for another issuer",
        ));
    }
    KeyUrl::parse(&discovery.jwks_uri, limits.insecure_loopback)
}

fn read(answer: Fetched, rsa: Algorithm) -> Result<Loaded, RemoteError> {
    let keys = KeySet::from_jwks_with_rsa(&answer.body, rsa).map_err(|_| {
        RemoteError::new(
            RemoteErrorKind::InvalidDocument,
            "the answer is not a JWK set",
        )
    })?;
    if keys.is_empty() {
        return Err(RemoteError::new(
            RemoteErrorKind::NoUsableKeys,
            "the key set has no key that can be used",
        ));
    }
    Ok(Loaded {
        keys,
        text: answer.body,
        max_age: answer.max_age,
    })
}
