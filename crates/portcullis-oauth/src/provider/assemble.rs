//! From settings to a provider.

use std::sync::{Arc, Mutex};

use oauth2::url::Url;

use super::builder::Place;
use super::{Endpoints, Inner, Provider, ProviderBuilder, TokenAuth, check};
use crate::address::endpoint;
use crate::http::{Gateway, HyperClient};
use crate::metadata::{Discovery, Metadata, Origin, Source, Trust};
use crate::{ConfigError, ConfigErrorKind};

impl ProviderBuilder {
    /// Checks the settings. Nothing is fetched yet, and no runtime is needed.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], which says which setting cannot be.
    pub fn build(self) -> Result<Provider, ConfigError> {
        self.check()?;
        let source = self.source()?;
        let identity = self.identity;
        Ok(Provider::new(Inner {
            response_issuer: identity.dialect.response_issuer(&identity.issuer),
            name: identity.name,
            title: identity.title,
            issuer: identity.issuer,
            dialect: identity.dialect,
            client_id: self.client_id,
            client_secret: self.client_secret,
            source: source.0,
            scopes: self.scopes,
            parameters: self.parameters,
            hosted_domain: self.hosted_domain,
            clock: self.clock,
            gateway: source.1,
        }))
    }

    fn check(&self) -> Result<(), ConfigError> {
        if let Some(detail) = self.misused {
            return Err(ConfigError::new(
                ConfigErrorKind::NotForThisProvider,
                detail,
            ));
        }
        let is_oidc = self.identity.dialect.is_oidc();
        check::name(&self.identity.name)?;
        check::client(&self.client_id, self.client_secret.expose())?;
        check::scopes(&self.scopes, is_oidc)?;
        check::parameters(&self.parameters)?;
        check::algorithms(&self.algorithms)?;
        check::limits(self.timeout, self.max_bytes)?;
        check::hosted_domain(self.hosted_domain.as_deref(), is_oidc)?;
        self.url(&self.identity.issuer).map(drop)
    }

    fn source(&self) -> Result<(Source, Gateway), ConfigError> {
        let client = self.http.clone();
        let client = client.unwrap_or_else(|| Arc::new(HyperClient::new()));
        let gateway = Gateway::new(client, self.timeout, self.max_bytes);
        let trust = Trust {
            issuer: self.identity.issuer.clone(),
            client_id: self.client_id.clone(),
            algorithms: self.algorithms.clone(),
            clock: Arc::clone(&self.clock),
            gateway: gateway.clone(),
            insecure_loopback: self.insecure_loopback,
        };
        let source = match &self.place {
            Place::Discovery => Source::Discovered(self.discovery(trust)?),
            Place::Endpoints(endpoints) => Source::Fixed(Arc::new(self.fixed(endpoints, &trust)?)),
        };
        Ok((source, gateway))
    }

    fn fixed(&self, endpoints: &Endpoints, trust: &Trust) -> Result<Metadata, ConfigError> {
        let verifier = match (self.identity.dialect.is_oidc(), &self.jwks_url) {
            (false, _) => None,
            (true, Some(keys)) => {
                self.url(keys)?;
                Some(trust.verifier(keys).ok_or_else(check::bad_url)?)
            }
            (true, None) => return Err(check::no_keys()),
        };
        Ok(Metadata {
            authorization: self.url(&endpoints.authorization)?,
            token: self.url(&endpoints.token)?,
            userinfo: Some(self.url(&endpoints.userinfo)?),
            token_auth: self.token_auth.unwrap_or(TokenAuth::Basic),
            verifier,
            requires_issuer: false,
        })
    }

    /// The document is below the issuer's own address (OpenID Connect Discovery 1.0 §4).
    fn discovery(&self, trust: Trust) -> Result<Discovery, ConfigError> {
        let issuer = &self.identity.issuer;
        if issuer.contains('?') {
            return Err(check::bad_url());
        }
        let base = issuer.strip_suffix('/').unwrap_or(issuer);
        let document = format!("{base}/.well-known/openid-configuration");
        if let Some(keys) = &self.jwks_url {
            self.url(keys)?;
        }
        Ok(Discovery::new(Origin {
            trust,
            document: self.url(&document)?,
            token_auth: self.token_auth,
            keys: self.jwks_url.clone(),
            verifier: Mutex::default(),
        }))
    }

    fn url(&self, text: &str) -> Result<Url, ConfigError> {
        endpoint(text, self.insecure_loopback).ok_or_else(check::bad_url)
    }
}
