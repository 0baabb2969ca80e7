use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use oauth2::url::Url;
use portcullis_core::{SharedClock, SystemClock};
use portcullis_jwt::Algorithm;

use super::presets::SCOPES_OF_SYSTEM_B;
use super::{Dialect, Endpoints, Inner, Provider, TokenAuth, check};
use crate::address::endpoint;
use crate::http::{Gateway, HttpClient, HyperClient};
use crate::metadata::{Discovery, Metadata, Origin, Source, Trust};
use crate::secret::Secret;
use crate::{ConfigError, ConfigErrorKind};

/// How long all of a login's second half may take, unless said (AC-A10).
const TIMEOUT: Duration = Duration::from_secs(10);

/// How long an answer may be, unless said (AC-A10).
const MAX_BYTES: usize = 1024 * 1024;

/// Endpoints and keys of a preset, below another base.
type Rebase = fn(&str) -> (Endpoints, Option<String>);

/// Collects what a [`Provider`] must know. Nothing is checked before [`build`](Self::build), and nothing fetched.
#[must_use]
pub struct ProviderBuilder {
    identity: Identity,
    place: Place,
    rebase: Option<Rebase>,
    client_id: String,
    client_secret: Secret,
    scopes: Vec<String>,
    parameters: Vec<(String, String)>,
    hosted_domain: Option<String>,
    token_auth: Option<TokenAuth>,
    jwks_url: Option<String>,
    algorithms: Vec<Algorithm>,
    clock: SharedClock,
    timeout: Duration,
    max_bytes: usize,
    http: Option<Arc<dyn HttpClient>>,
    insecure_loopback: bool,
    misused: Option<&'static str>,
}

/// Who it is.
pub(super) struct Identity {
    name: String,
    title: String,
    issuer: String,
    dialect: Dialect,
}

/// Where its endpoints are said.
pub(super) enum Place {
    Discovery,
    Endpoints(Endpoints),
}

impl Identity {
    pub(super) fn new(
        name: impl Into<String>,
        title: impl Into<String>,
        issuer: impl Into<String>,
        dialect: Dialect,
    ) -> Self {
        Self {
            name: name.into(),
            title: title.into(),
            issuer: issuer.into(),
            dialect,
        }
    }
}

impl ProviderBuilder {
    pub(super) fn new(
        identity: Identity,
        place: Place,
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
    ) -> Self {
        Self {
            identity,
            place,
            rebase: None,
            client_id: client_id.into(),
            client_secret: Secret::new(client_secret),
            scopes: Vec::new(),
            parameters: Vec::new(),
            hosted_domain: None,
            token_auth: None,
            jwks_url: None,
            algorithms: vec![Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa],
            clock: SystemClock::shared(),
            timeout: TIMEOUT,
            max_bytes: MAX_BYTES,
            http: None,
            insecure_loopback: false,
            misused: None,
        }
    }

    pub(super) fn rebased_by(mut self, rebase: Rebase) -> Self {
        self.rebase = Some(rebase);
        self
    }

    /// What the application calls it: `[a-z][a-z0-9-]{0,31}`, so that it can stand in a path.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.identity.name = name.into();
        self
    }

    /// What people call it, for buttons and mails. Unless said, that of the preset, or the name.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.identity.title = title.into();
        self
    }

    /// What its users' identities are kept under, where it is not what the preset says; for an OpenID provider, what stands in
    /// `iss`. Never change it once there are users.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.identity.issuer = issuer.into();
        self
    }

    /// Asks for these scopes and no others. Each one is something more that the user must grant; a login needs little.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes.clear();
        scopes.into_iter().fold(self, Self::scope)
    }

    /// Asks for one more scope.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        let scope = scope.into();
        if !self.scopes.contains(&scope) {
            self.scopes.push(scope);
        }
        self
    }

    /// Asks for `openid profile email`, as system B does of every provider. GitHub passes over scopes that it does not know;
    /// Discord refuses them.
    pub fn scopes_of_system_b(self) -> Self {
        self.scopes(SCOPES_OF_SYSTEM_B)
    }

    /// One more parameter of every authorization request: `access_type=offline` for refresh tokens of Google's. Those that this
    /// crate says itself are refused.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// Only lets in users of this Google Workspace: `hd` in the URL is a wish, and in the ID token it is compared.
    pub fn hosted_domain(mut self, domain: impl Into<String>) -> Self {
        self.hosted_domain = Some(domain.into());
        self
    }

    /// Reads the time from this clock. The default is the machine's.
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// How long any one question may take, of however many requests; 10 seconds unless said.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The most bytes that an answer may have; 1 MiB unless said.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// How this client says who it is at the token endpoint. Unless said, as the preset or the discovery document has it, and
    /// else with HTTP Basic.
    pub fn token_auth(mut self, auth: TokenAuth) -> Self {
        self.token_auth = Some(auth);
        self
    }

    /// Speaks to these endpoints instead of those of the preset or the discovery document. An OpenID provider that is not
    /// discovered needs [`jwks_url`](Self::jwks_url) as well; GitHub's addresses are looked for below `userinfo`, at `/emails`.
    pub fn endpoints(mut self, endpoints: Endpoints) -> Self {
        self.place = Place::Endpoints(endpoints);
        self
    }

    /// Speaks to another party that has the preset's paths: GitHub Enterprise Server, or a stand-in. It is the
    /// [`issuer`](Self::issuer) from then on, because its users are others. For presets only.
    pub fn base_url(mut self, base: impl Into<String>) -> Self {
        let base = base.into();
        let base = base.strip_suffix('/').unwrap_or(&base);
        let Some(rebase) = self.rebase else {
            self.misused =
                Some("a base URL is for presets; this provider has endpoints of its own");
            return self;
        };
        let (endpoints, keys) = rebase(base);
        self.identity.issuer = base.to_owned();
        self.place = Place::Endpoints(endpoints);
        self.jwks_url = keys;
        self
    }

    /// Fetches the keys of ID tokens here, whatever the discovery document says.
    pub fn jwks_url(mut self, url: impl Into<String>) -> Self {
        self.jwks_url = Some(url.into());
        self
    }

    /// Takes ID tokens signed with these algorithms and no others; RS256, ES256 and EdDSA unless said. Never HMAC, never `none`.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = algorithms.into_iter().collect();
        self
    }

    /// Speaks through this client instead of a [`HyperClient`] that trusts the machine's certificate authorities.
    pub fn http(mut self, client: impl HttpClient) -> Self {
        self.http = Some(Arc::new(client));
        self
    }

    /// Allows plain `http` to `localhost`, `127.0.0.0/8` and `[::1]`, where anybody on the machine may answer. For tests and
    /// development.
    pub fn with_insecure_http_for_loopback(mut self) -> Self {
        self.insecure_loopback = true;
        self
    }

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

impl fmt::Debug for ProviderBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderBuilder")
            .field("name", &self.identity.name)
            .field("issuer", &self.identity.issuer)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}
