use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use oauth2::url::Url;
use portcullis_core::SharedClock;
use portcullis_jwt::remote::RemoteKeys;
use portcullis_jwt::{Algorithm, Verifier};
use serde::Deserialize;

use super::Metadata;
use crate::address::{endpoint, is_inward, is_same_host};
use crate::http::Gateway;
use crate::{OauthError, OauthErrorKind, TokenAuth};

/// How long a provider's keys may be unknown after it changed them, at most. ID tokens come from the provider itself, so that
/// nobody else can make it fetch; what is asked is one document more for a login that failed anyway.
const KEY_COOL_DOWN: Duration = Duration::from_secs(1);

/// What an ID token must be, to be taken.
pub(crate) struct Trust {
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) clock: SharedClock,
    pub(crate) gateway: Gateway,
    pub(crate) insecure_loopback: bool,
}

impl Trust {
    /// A verifier with the keys at this address and no others; `None` for an address that keys may not be fetched from.
    pub(crate) fn verifier(&self, keys: &str) -> Option<Verifier> {
        let mut keys = RemoteKeys::jwks(keys)
            .fetch(self.gateway.clone())
            .clock(Arc::clone(&self.clock))
            .cool_down(KEY_COOL_DOWN)
            .timeout(self.gateway.timeout)
            .max_bytes(self.gateway.max_bytes)
            .rsa_algorithm(self.rsa_algorithm());
        if self.insecure_loopback {
            keys = keys.with_insecure_http_for_loopback();
        }
        let verifier = Verifier::builder(keys.build().ok()?)
            .issuer(self.issuer.as_str())
            .audience(self.client_id.as_str())
            .algorithms(self.algorithms.iter().copied())
            .clock(Arc::clone(&self.clock))
            .only_id_tokens()
            .cache(0, 0);
        Some(verifier.build())
    }

    /// What an RSA key is for that does not say.
    fn rsa_algorithm(&self) -> Algorithm {
        let is_rsa = |name: &str| name.starts_with("RS") || name.starts_with("PS");
        let mut algorithms = self.algorithms.iter().copied();
        algorithms
            .find(|algorithm| is_rsa(algorithm.as_str()))
            .unwrap_or(Algorithm::Rs256)
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// Where a discovery document is, and what is made of it.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) trust: Trust,
    pub(crate) document: Url,
    /// The application's word goes before the document's.
    pub(crate) token_auth: Option<TokenAuth>,
    pub(crate) keys: Option<String>,
    /// A verifier is kept with its keys as long as their address stays.
    pub(crate) verifier: Mutex<Option<(String, Verifier)>>,
}

/// The members of a discovery document that matter (OpenID Connect Discovery 1.0 §3, RFC 9207 §3).
#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: Option<String>,
    jwks_uri: String,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Origin {
    pub(crate) async fn load(&self) -> Result<Metadata, OauthError> {
        let object = self.trust.gateway.get_object(&self.document, None).await?;
        let document = serde_json::from_value(object.into());
        self.read(&document.map_err(|_| OauthErrorKind::InvalidResponse)?)
    }

    /// The issuer must be the configured one to the letter, or another party's document could lend it endpoints and keys
    /// (OpenID Connect Discovery 1.0 §4.3).
    fn read(&self, document: &Document) -> Result<Metadata, OauthError> {
        if document.issuer != self.trust.issuer {
            return Err(OauthErrorKind::DiscoveryMismatch.into());
        }
        let userinfo = document.userinfo_endpoint.as_deref();
        Ok(Metadata {
            authorization: self.endpoint(&document.authorization_endpoint)?,
            token: self.endpoint(&document.token_endpoint)?,
            userinfo: userinfo.map(|url| self.endpoint(url)).transpose()?,
            token_auth: self.token_auth(document),
            verifier: Some(self.verifier(document)?),
            requires_issuer: document.authorization_response_iss_parameter_supported,
        })
    }

    /// A document leads to the world outside, or to the place that it came from; never into somebody's network.
    fn endpoint(&self, text: &str) -> Result<Url, OauthError> {
        endpoint(text, self.trust.insecure_loopback)
            .filter(|url| !is_inward(url) || is_same_host(url, &self.document))
            .ok_or(OauthErrorKind::DiscoveryMismatch.into())
    }

    /// `client_secret_basic` is meant where nothing is said (OpenID Connect Discovery 1.0 §3).
    fn token_auth(&self, document: &Document) -> TokenAuth {
        let methods = document.token_endpoint_auth_methods_supported.as_deref();
        let has = |name: &str| {
            methods
                .unwrap_or_default()
                .iter()
                .any(|method| method == name)
        };
        let is_post = has("client_secret_post") && !has("client_secret_basic");
        let discovered = if is_post {
            TokenAuth::Post
        } else {
            TokenAuth::Basic
        };
        self.token_auth.unwrap_or(discovered)
    }

    fn verifier(&self, document: &Document) -> Result<Verifier, OauthError> {
        let address = match &self.keys {
            Some(keys) => keys.clone(),
            None => self.endpoint(&document.jwks_uri)?.into(),
        };
        let mut kept = self.verifier.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some((same, verifier)) if *same == address => Ok(verifier.clone()),
            _ => {
                let verifier = self.trust.verifier(&address);
                let verifier = verifier.ok_or(OauthErrorKind::DiscoveryMismatch)?;
                *kept = Some((address, verifier.clone()));
                Ok(verifier)
            }
        }
    }
}
