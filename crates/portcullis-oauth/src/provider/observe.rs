//! What operators see of logins: names and codes, nothing that a stranger wrote.

use crate::{OauthError, OauthErrorKind};

pub(super) fn exchanged(provider: &str, error: Option<&OauthError>) {
    let code = error.map_or("ok", OauthError::code);
    match error {
        None => tracing::debug!(provider, "a login at a provider succeeded"),
        Some(error) if is_by_the_user(error.kind()) => {
            tracing::info!(provider, code, "a login at a provider was refused");
        }
        Some(error) => {
            let (token_code, provider_code) = (error.token_code(), error.provider_error_code());
            tracing::warn!(
                provider,
                code,
                token_code,
                provider_code,
                "a login at a provider failed"
            );
        }
    }
    count(provider, code);
}

/// Whoever calls the redirect URI can bring these about.
fn is_by_the_user(kind: OauthErrorKind) -> bool {
    matches!(
        kind,
        OauthErrorKind::InvalidState
            | OauthErrorKind::StateExpired
            | OauthErrorKind::IssuerMismatch
            | OauthErrorKind::AccessDenied
            | OauthErrorKind::HostedDomainMismatch
    )
}

#[cfg(feature = "metrics")]
fn count(provider: &str, outcome: &'static str) {
    let provider = provider.to_owned();
    metrics::counter!("portcullis_oauth_exchanges_total", "provider" => provider, "outcome" => outcome)
        .increment(1);
}

#[cfg(not(feature = "metrics"))]
fn count(_provider: &str, _outcome: &'static str) {}
