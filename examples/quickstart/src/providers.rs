//! The providers that people may log in with, as the settings have them.

use portcullis::oauth::{ConfigError, ConfigErrorKind, Provider, ProviderBuilder};

use crate::settings::{ProviderKind, ProviderSettings, Stop};

/// One that is ready to be asked; nothing is asked yet.
pub(crate) fn build(settings: &ProviderSettings) -> Result<Provider, Stop> {
    let builder = builder(settings);
    let builder = match is_plain(settings) {
        true => builder.with_insecure_http_for_loopback(),
        false => builder,
    };
    builder
        .build()
        .map_err(|error| wrong(settings.kind, &error))
}

fn builder(settings: &ProviderSettings) -> ProviderBuilder {
    let (id, secret) = (&*settings.client_id, &*settings.client_secret);
    match (settings.kind, &settings.url) {
        (ProviderKind::Google, None) => Provider::google(id, secret),
        (ProviderKind::Google, Some(issuer)) => {
            Provider::oidc("google", issuer, id, secret).title("Google")
        }
        (ProviderKind::Github, None) => Provider::github(id, secret),
        (ProviderKind::Github, Some(url)) => Provider::github(id, secret).base_url(url),
        (ProviderKind::Discord, None) => Provider::discord(id, secret),
        (ProviderKind::Discord, Some(url)) => Provider::discord(id, secret).base_url(url),
        (ProviderKind::Oidc, issuer) => {
            let issuer = issuer.as_deref().unwrap_or_default();
            Provider::oidc("oidc", issuer, id, secret).title("OpenID Connect")
        }
    }
}

/// Plain http is for a stand-in on this machine, and for nothing else.
fn is_plain(settings: &ProviderSettings) -> bool {
    settings
        .url
        .as_ref()
        .is_some_and(|url| url.starts_with("http://"))
}

/// Of settings that are right, what is to be said all the same.
pub(crate) fn warn_of(settings: &ProviderSettings) {
    if is_plain(settings) {
        let place = settings.kind.place();
        tracing::warn!("{place} begins with http://: for development only");
    }
}

fn wrong(kind: ProviderKind, error: &ConfigError) -> Stop {
    let [id, secret, place] = kind.variables();
    let name = match error.kind() {
        ConfigErrorKind::InvalidClientId => id,
        ConfigErrorKind::InvalidClientSecret => secret,
        _ => place,
    };
    Stop::Wrong(format!("{name}: {error}"))
}
