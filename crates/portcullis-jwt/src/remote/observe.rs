//! What operators see of refreshes. URLs are shown without query string; errors by their kind.

use super::RemoteError;
use super::url::KeyUrl;

/// What a refresh brought.
#[derive(Debug)]
pub(super) struct News {
    pub(super) keys: usize,
    /// Odd ones that were left out.
    pub(super) skipped: usize,
    pub(super) changed: bool,
}

pub(super) fn refreshed(url: &KeyUrl, news: &News) {
    let (keys, skipped) = (news.keys, news.skipped);
    match news.changed {
        true => tracing::info!(%url, keys, skipped, "verification keys changed"),
        false => tracing::debug!(%url, keys, "verification keys refreshed, unchanged"),
    }
    count(if news.changed { "changed" } else { "unchanged" });
}

pub(super) fn failed(url: &KeyUrl, error: &RemoteError) {
    let code = error.kind().code();
    tracing::warn!(%url, code, %error, "verification keys could not be refreshed");
    count(code);
}

pub(super) fn expired(url: &KeyUrl) {
    tracing::error!(%url, "verification keys could not be refreshed for too long; they are trusted no more");
}

#[cfg(feature = "metrics")]
fn count(outcome: &'static str) {
    metrics::counter!("portcullis_jwks_refreshes_total", "outcome" => outcome).increment(1);
}

#[cfg(not(feature = "metrics"))]
fn count(_outcome: &'static str) {}
