use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use portcullis_core::{SharedClock, SystemClock};
use portcullis_jwt::Algorithm;

use super::presets::SCOPES_OF_SYSTEM_B;
use super::{Dialect, Endpoints, TokenAuth};
use crate::http::HttpClient;
use crate::secret::Secret;

/// How long all of a login's second half may take, unless said (AC-A10).
const TIMEOUT: Duration = Duration::from_secs(10);

/// How long an answer may be, unless said (AC-A10).
const MAX_BYTES: usize = 1024 * 1024;

/// Endpoints and keys of a preset, below another base.
type Rebase = fn(&str) -> (Endpoints, Option<String>);

/// Collects what a [`Provider`](super::Provider) must know. Nothing is checked before [`build`](Self::build), and nothing fetched.
#[must_use]
pub struct ProviderBuilder {
    pub(super) identity: Identity,
    pub(super) place: Place,
    pub(super) rebase: Option<Rebase>,
    pub(super) client_id: String,
    pub(super) client_secret: Secret,
    pub(super) scopes: Vec<String>,
    pub(super) parameters: Vec<(String, String)>,
    pub(super) hosted_domain: Option<String>,
    pub(super) token_auth: Option<TokenAuth>,
    pub(super) jwks_url: Option<String>,
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) clock: SharedClock,
    pub(super) timeout: Duration,
    pub(super) max_bytes: usize,
    pub(super) http: Option<Arc<dyn HttpClient>>,
    pub(super) insecure_loopback: bool,
    pub(super) misused: Option<&'static str>,
}

/// Who it is.
pub(super) struct Identity {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) issuer: String,
    pub(super) dialect: Dialect,
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

    /// Speaks through this client instead of a [`HyperClient`](crate::HyperClient) that trusts the machine's certificate authorities.
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
