//! An application that logs people in.

use std::time::Duration;

use portcullis_oauth::{
    Authorize, Callback, Exchanged, OauthError, Pending, Provider, ProviderBuilder,
};
use portcullis_testkit::oauth::{
    Browser, Client, HostileProvider, OidcPerson, OidcProvider, OidcSettings,
};

use crate::log;
use crate::pool::{Lent, Pool};

pub(crate) const CALLBACK: &str = "http://127.0.0.1:1/callback";
pub(crate) const ID: &str = "an-id-of-a-client";
pub(crate) const SECRET: &str = "the secret of a client: 7gE9x+=&%/";

/// Long enough for whoever answers, also on a machine that is busy with other tests.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Short enough to wait for whoever does not.
pub(crate) const IMPATIENCE: Duration = Duration::from_millis(1500);

pub(crate) fn client() -> Client {
    Client::new(ID, SECRET)
}

/// A provider that may be on this machine.
pub(crate) fn built(builder: ProviderBuilder) -> Provider {
    log::listen();
    let builder = builder.with_insecure_http_for_loopback();
    builder.build().unwrap()
}

/// Plain OpenID Connect, by discovery alone.
pub(crate) fn oidc(issuer: &str) -> ProviderBuilder {
    Provider::oidc("example", issuer, ID, SECRET).timeout(PATIENCE)
}

static CONFORMING: Pool<OidcProvider> = Pool::new();
static HOSTILE: Pool<HostileProvider> = Pool::new();

/// Google, as far as a conforming provider can pose as it.
pub(crate) const GOOGLE: &str = "google";

/// A conforming provider with an account, to which it may send people back: one that signs with this algorithm, or [`GOOGLE`].
pub(crate) async fn conforming(kind: &'static str) -> Option<Lent<OidcProvider>> {
    let settings = OidcSettings::new(client());
    let provider = match (CONFORMING.take(kind), kind) {
        (Some(idle), _) => idle,
        (None, GOOGLE) => OidcProvider::start(settings.posing_as_google()).await?,
        (None, _) => OidcProvider::start(settings.signing_with(kind)).await?,
    };
    provider.reset().await;
    provider.allow_redirect(CALLBACK).await;
    let person = OidcPerson::new("1001").with_address("ada@example.com", true);
    let person = person
        .with_claim("name", "Ada Ångström")
        .with_claim("hd", "example.com");
    provider.add_person(person).await;
    Some(CONFORMING.lend(kind, provider))
}

/// A hostile provider that plays no trick yet.
pub(crate) async fn hostile() -> Option<Lent<HostileProvider>> {
    let provider = match HOSTILE.take("") {
        Some(idle) => idle,
        None => HostileProvider::start(client()).await?,
    };
    provider.reset().await;
    Some(HOSTILE.lend("", provider))
}

/// Sends somebody to the provider, and has them come back.
pub(crate) async fn walk(provider: &Provider, request: Authorize) -> (Pending, String) {
    let authorization = provider.authorize(request).await.unwrap();
    let back = Browser::new().follow(&authorization.url, CALLBACK).await;
    let back = back.unwrap();
    let (_, query) = back.split_once('?').unwrap();
    (authorization.pending, query.to_owned())
}

/// All of a login. Whatever comes of it, nothing secret stands in the log.
pub(crate) async fn log_in(provider: &Provider) -> Result<Exchanged, OauthError> {
    log_in_with(provider, Authorize::new(CALLBACK)).await
}

pub(crate) async fn log_in_with(
    provider: &Provider,
    request: Authorize,
) -> Result<Exchanged, OauthError> {
    let begun = log::length();
    let (pending, query) = walk(provider, request).await;
    let callback = Callback::from_query(&query).unwrap();
    let exchanged = provider.exchange(&pending, &callback).await;
    log::shows_none_of(&secrets(&pending, &query, exchanged.as_ref().ok()), begun);
    exchanged
}

/// What came up in a login that nobody may see.
fn secrets(pending: &Pending, query: &str, exchanged: Option<&Exchanged>) -> Vec<String> {
    let pending = serde_json::to_value(pending).unwrap();
    let pending =
        ["state", "nonce", "verifier"].map(|name| pending[name].as_str().map(str::to_owned));
    let code = parameter(query, "code");
    let mut secrets: Vec<String> = pending.into_iter().flatten().chain(code).collect();
    if let Some(exchanged) = exchanged {
        let tokens = &exchanged.tokens;
        let others = [tokens.refresh_token(), tokens.id_token()];
        secrets.extend(others.into_iter().flatten().map(str::to_owned));
        secrets.push(tokens.access_token().to_owned());
    }
    secrets.push(SECRET.to_owned());
    secrets
}

/// A parameter of a query or a URL, decoded.
pub(crate) fn parameter(query: &str, name: &str) -> Option<String> {
    let query = query.rsplit('?').next().unwrap_or_default();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// A refusal as it is compared: its code, and what is wrong with the id token or what the provider said.
pub(crate) fn refusal<T>(result: Result<T, OauthError>) -> (&'static str, Option<&'static str>) {
    match result {
        Ok(_) => ("none", None),
        Err(error) => {
            log::hides_what_it_should(&error);
            (
                error.code(),
                error.token_code().or(error.provider_error_code()),
            )
        }
    }
}
