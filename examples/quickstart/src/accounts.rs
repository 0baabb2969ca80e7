//! The accounts, as the settings have them.

use std::fmt::Display;
use std::path::Path;
use std::time::Duration;

use portcullis::accounts::{AccountsBuilder, CapturedMail, ConsoleMailer, KeyRotation, SmtpMailer};
use portcullis::jwt::{Algorithm, SigningKey};
use portcullis::password::PasswordHasher;
use portcullis::session::cross_site::AllowedOrigins;
use portcullis::{Accounts, Collection, SessionCookie, SqlStore, client_address};

use crate::redis::Shared;
use crate::settings::{BaseUrl, Settings, Stop};
use crate::{providers, secret};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// What the accounts take without being told that it is insecure.
const SHORTEST_ANNOUNCEMENT: Duration = Duration::from_secs(600);

/// The accounts; and their mail, where it is shown instead of sent.
pub(crate) fn build(
    settings: &Settings,
    store: SqlStore,
    shared: Option<&Shared>,
    base: &str,
) -> Result<(Accounts, Option<CapturedMail>), Stop> {
    let (builder, mails) = match &settings.smtp_url {
        Some(url) => {
            let mailer =
                SmtpMailer::from_url(url, &settings.smtp_from).map_err(wrong("SMTP_URL"))?;
            (Accounts::builder(store, mailer, base), None)
        }
        None => {
            let mails = CapturedMail::new();
            let mailer = ConsoleMailer::new().capture(mails.clone());
            (Accounts::builder(store, mailer, base), Some(mails))
        }
    };
    let builder = with_origin(with_settings(builder, settings), settings)?;
    let builder = with_providers(builder, settings)?;
    let builder = with_keys(builder, settings)?;
    let builder = match shared {
        Some(shared) => shared.under(builder),
        None => builder,
    };
    let accounts = with_passwords(builder, settings)?
        .build()
        .map_err(|error| Stop::Wrong(error.to_string()))?;
    // Only now, so that a setting that is wrong is one line and no other.
    warn_of(settings);
    Ok((accounts, mails))
}

fn with_settings(builder: AccountsBuilder, settings: &Settings) -> AccountsBuilder {
    let mut builder = builder
        .service_name("Portcullis quickstart")
        .profile(settings.profile)
        .jwt_expiry(settings.token_life.as_str())
        .client_address(client_address(settings.trusted_proxies.clone()))
        .cookie(cookie(settings));
    for (place, name) in settings.collections.iter().enumerate() {
        let collection = Collection::new().require_verified(settings.requires_verified);
        let collection = match settings.first_admin && place == 0 {
            true => collection.first_user_roles(["admin"]),
            false => collection,
        };
        builder = builder.collection(name, collection);
    }
    let base = settings.base_url.as_ref().map(BaseUrl::as_str);
    if let Some(issuer) = settings.issuer.as_deref().or(base) {
        builder = builder.jwt_issuer(issuer);
    }
    if let Some(audience) = &settings.audience {
        builder = builder.jwt_audience(audience);
    }
    match settings.limits {
        true => builder,
        false => builder.with_insecure_no_limits(),
    }
}

/// Over plain http, which is on loopback only, not every client keeps a cookie marked `Secure`.
fn cookie(settings: &Settings) -> SessionCookie {
    match is_https(settings) {
        true => SessionCookie::new(),
        false => SessionCookie::new().with_insecure_cookies(),
    }
}

fn is_https(settings: &Settings) -> bool {
    settings.base_url.as_ref().is_some_and(BaseUrl::is_https)
}

fn warn_of(settings: &Settings) {
    if !is_https(settings) {
        tracing::warn!("cookies are not marked Secure: this is plain http, on this machine only");
    }
    if settings.first_admin {
        tracing::warn!("--first-admin: whoever registers first administers all others");
    }
    if !settings.limits {
        tracing::warn!("PORTCULLIS_LIMITS=off: neither limits nor locks; for load tests only");
    }
    if let Some(every) = settings
        .rotate_every
        .filter(|every| *every / 3 < SHORTEST_ANNOUNCEMENT)
    {
        tracing::warn!(
            "JWT_ROTATE={}: others who verify tokens cannot follow so fast; for tests only",
            humantime::format_duration(every)
        );
    }
    settings.providers.iter().for_each(providers::warn_of);
}

/// Pages under the base URL are our own, also where a proxy does not tell which host was asked.
fn with_origin(builder: AccountsBuilder, settings: &Settings) -> Result<AccountsBuilder, Stop> {
    let base = settings.base_url.as_ref().map(BaseUrl::as_str);
    let origins = AllowedOrigins::new(base).map_err(wrong("PORTCULLIS_BASE_URL"))?;
    Ok(builder.allowed_origins(origins))
}

fn with_providers(builder: AccountsBuilder, settings: &Settings) -> Result<AccountsBuilder, Stop> {
    let mut providers = settings.providers.iter().map(providers::build);
    providers.try_fold(builder, |builder, provider| {
        Ok(builder.oauth_provider(provider?))
    })
}

/// The secret protects refresh tokens and links also where another key signs the access tokens.
fn with_keys(builder: AccountsBuilder, settings: &Settings) -> Result<AccountsBuilder, Stop> {
    let builder = builder.jwt_secret(secret(settings)?);
    match (&settings.jwt_private_key, settings.rotate_every) {
        (Some(_), Some(_)) => Err(Stop::Wrong(
            "JWT_ROTATE makes keys of its own: leave JWT_PRIVATE_KEY out".to_owned(),
        )),
        (Some(path), None) => Ok(builder.key_ring(private_key(path)?)),
        (None, Some(every)) => Ok(builder.stored_keys(rotation(every))),
        (None, None) => Ok(builder),
    }
}

/// Each key is announced for a day, or a third of the time for which it signs.
fn rotation(every: Duration) -> KeyRotation {
    let rotation = KeyRotation::new().every(every);
    let announced_for = DAY.min(every / 3);
    match announced_for < SHORTEST_ANNOUNCEMENT {
        true => rotation.with_insecure_announcement(announced_for),
        false => rotation.announced_for(announced_for),
    }
}

/// The one that is set, or the one in the file.
pub(crate) fn secret(settings: &Settings) -> Result<String, Stop> {
    match &settings.jwt_secret {
        Some(secret) => secret::checked(secret).map_err(wrong("JWT_SECRET")),
        None => secret::load_or_create(Path::new("portcullis.secret")),
    }
}

/// The key says by itself which of the three kinds it is.
fn private_key(path: &str) -> Result<SigningKey, Stop> {
    let name = format!("JWT_PRIVATE_KEY {path}");
    let pem = std::fs::read(path).map_err(wrong(&name))?;
    [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256]
        .into_iter()
        .find_map(|algorithm| SigningKey::from_pem(algorithm, &pem).ok())
        .ok_or_else(|| Stop::Wrong(format!("{name}: not a PEM key of RSA, P-256 or Ed25519")))
}

fn with_passwords(builder: AccountsBuilder, settings: &Settings) -> Result<AccountsBuilder, Stop> {
    let Some(algorithm) = settings.password_hash else {
        return Ok(builder);
    };
    let hasher = PasswordHasher::builder().algorithm(algorithm).build();
    Ok(builder.password_hasher(hasher.map_err(wrong("PORTCULLIS_PASSWORD_HASH"))?))
}

fn wrong<E: Display>(name: &str) -> impl FnOnce(E) -> Stop {
    let name = name.to_owned();
    move |error| Stop::Wrong(format!("{name}: {error}"))
}
