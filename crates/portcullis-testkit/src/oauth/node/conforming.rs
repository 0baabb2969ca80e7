use serde_json::{Map, Value, json};

use super::process::Node;
use crate::oauth::Client;

/// How a provider is set up.
#[derive(Debug, Clone)]
pub struct OidcSettings {
    client: Client,
    algorithm: String,
    is_google: bool,
}

impl OidcSettings {
    /// This application is registered. Its secret may come in `Authorization: Basic` or in the form. Id tokens are signed with RS256.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self {
            client,
            algorithm: "RS256".to_owned(),
            is_google: false,
        }
    }

    /// Id tokens are signed with this algorithm: `RS256`, `ES256` or `EdDSA`.
    #[must_use]
    pub fn signing_with(mut self, algorithm: impl Into<String>) -> Self {
        self.algorithm = algorithm.into();
        self
    }

    /// It has Google's paths, and says in the id token what others say at the userinfo endpoint.
    #[must_use]
    pub fn posing_as_google(mut self) -> Self {
        self.is_google = true;
        self
    }
}

/// Somebody with an account at an OpenID Connect provider.
#[derive(Debug, Clone)]
pub struct OidcPerson {
    claims: Map<String, Value>,
}

impl OidcPerson {
    /// With this `sub`.
    pub fn new(subject: impl Into<String>) -> Self {
        let mut claims = Map::new();
        claims.insert("sub".to_owned(), Value::String(subject.into()));
        Self { claims }
    }

    /// With this address, which the provider has verified or not.
    #[must_use]
    pub fn with_address(self, address: &str, is_verified: bool) -> Self {
        let person = self.with_claim("email", address);
        person.with_claim("email_verified", is_verified)
    }

    /// With this claim: `name`, `picture`, `given_name`, `family_name`, `locale`, or Google's `hd`. Others are not given out.
    #[must_use]
    pub fn with_claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }
}

/// A conforming OpenID Connect provider: `oidc-provider`, a certified one, with nothing to click on.
///
/// It demands PKCE with S256, takes a code once, sends `iss` back to the application (RFC 9207), puts `auth_time` into id tokens, gives
/// refresh tokens and takes each once. Who logs in is asked each time, so `prompt=none` is refused with `login_required`.
///
/// It ends when this is dropped, and with the process that started it.
///
/// ```no_run
/// use portcullis_testkit::oauth::{Client, OidcPerson, OidcProvider, OidcSettings};
///
/// # async fn example() {
/// let settings = OidcSettings::new(Client::new("an id", "a secret of 32 characters at least"));
/// let Some(provider) = OidcProvider::start(settings.signing_with("ES256")).await else {
///     return;
/// };
/// provider.allow_redirect("https://app.example/callback").await;
/// provider.add_person(OidcPerson::new("7").with_address("a@example.com", true)).await;
/// println!("the issuer is {}", provider.url());
/// # }
/// ```
#[derive(Debug)]
pub struct OidcProvider {
    node: Node,
}

impl OidcProvider {
    /// Starts one. `None`, and a line that says why, where node, npm or the packages are missing.
    ///
    /// # Panics
    ///
    /// If something is missing where the variable `CI` is set, and if it does not start within two minutes.
    pub async fn start(settings: OidcSettings) -> Option<Self> {
        let settings = json!({
            "clientId": settings.client.id,
            "clientSecret": settings.client.secret,
            "algorithm": settings.algorithm,
            "google": settings.is_google,
        });
        let node = Node::start("conforming.mjs", settings).await?;
        Some(Self { node })
    }

    /// Where it listens, which is its issuer: `http://127.0.0.1:35711`.
    #[must_use]
    pub fn url(&self) -> &str {
        self.node.url()
    }

    /// Registers an address that it may send people back to, exactly like this.
    ///
    /// # Panics
    ///
    /// If it has ended, as all that follow.
    pub async fn allow_redirect(&self, uri: &str) {
        self.node.tell(&json!({ "redirects": [uri] })).await;
    }

    /// Opens an account. Whoever has this `sub` already is replaced.
    pub async fn add_person(&self, person: OidcPerson) {
        self.node.tell(&json!({ "people": [person.claims] })).await;
    }

    /// Who logs in from now on, by `sub`, unless a `login_hint` names somebody (by `sub` or address). Until then it is whoever was
    /// added first.
    pub async fn log_in(&self, subject: &str) {
        self.node.tell(&json!({ "logIn": subject })).await;
    }

    /// Whether people, from now on, do not let the application in: it gets `access_denied`, and a description that is markup.
    pub async fn deny(&self, denies: bool) {
        let error = denies.then_some("access_denied");
        self.node.tell(&json!({ "deny": error })).await;
    }

    /// Forgets everybody, every address, whether anybody is let in, and what it was asked: for another test to begin with.
    pub async fn reset(&self) {
        self.node.tell(&json!({ "reset": true })).await;
    }

    /// What it was asked so far, the oldest first: `POST /token`.
    pub async fn requests(&self) -> Vec<String> {
        self.node.requests().await
    }
}
